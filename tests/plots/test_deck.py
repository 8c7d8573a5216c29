import io
from typing import Any

from PIL import Image

from graphrec.plots.deck import plot_cards
from tests.plots.looks import ink


def encoded(size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, "PNG")
    return buffer.getvalue()


def entry(**changes: Any) -> dict[str, Any]:
    return {"text": "a text", "share": 0.4, "note": "n", "image": None, **changes}


def test_cards_draw_with_and_without_an_image() -> None:
    figure = plot_cards("t", [entry(image=encoded(), text="long " * 200), entry()])
    shown = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert any(text.endswith(" …") for text in shown)
    assert sum(len(axes.child_axes) for axes in figure.axes) == 2
    assert ink(figure) > 0.05


def test_without_any_image_no_place_is_kept_for_one() -> None:
    low, high = plot_cards("t", [entry()]), plot_cards("t", [entry(image=encoded())])
    assert low.get_figheight() < high.get_figheight() - 1
    assert [len(axes.child_axes) for axes in low.axes] == [0, 0]


def test_nobody_has_no_card() -> None:
    figure = plot_cards("nobody", [])
    assert [text.get_text() for text in figure.texts][-1] == "none"
    assert ink(figure) > 0


def test_what_cannot_be_read_is_no_image() -> None:
    broken = encoded((200, 100))[:60]
    assert ink(plot_cards("t", [entry(image=broken), entry(image=b"no image"), entry(image=b"")])) > 0


def test_shares_stay_on_their_card_and_texts_are_text() -> None:
    figure = plot_cards("$t", [entry(share=7.0, text="$x_{1} 鳥\n<b>", note="$"), entry(share=-1.0)])
    widths = [bar.get_width() for axes in figure.axes for bar in axes.patches]  # type: ignore[attr-defined]
    assert max(widths) <= 1
    assert min(widths) >= 0
    assert ink(figure) > 0.01
