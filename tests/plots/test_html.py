import re

from graphrec.plots import cards, page, table

HOSTILE = "<script>alert('x')</script> & \"quotes\""


def test_everything_is_escaped() -> None:
    html = table(HOSTILE, [{HOSTILE: HOSTILE, "n": 3}]) + cards(
        HOSTILE, [{"text": HOSTILE, "share": 0.5, "note": HOSTILE}]
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 6


def test_a_table_by_hand() -> None:
    html = table("two", [{"name": "a", "value": 1.23456}, {"name": None, "value": 20000}])
    assert re.findall(r"<th[^>]*>([^<]*)</th>", html) == ["name", "value"]
    assert re.findall(r"<td[^>]*>([^<]*)</td>", html) == ["a", "1.235", "", "20,000"]
    assert "and 1 more" in table("cut", [{"a": 1}] * 3, most=2)
    assert table("empty", []).count("<td") == 0


def test_cards_show_images_by_what_they_are_and_clip_shares() -> None:
    entry = {"text": "t", "note": "n", "share": 7.0, "image": b"\x89PNG rest"}
    html = cards("c", [entry, {**entry, "image": b"no image", "share": -1.0}, {**entry, "image": None}])
    assert html.count("data:image/png;base64,") == 1
    assert "width:100.0%" in html
    assert "width:0.0%" in html
    assert "none" in cards("nobody", [])


def test_nothing_comes_from_outside() -> None:
    html = page([table("t", [{"a": 1}]), cards("c", [{"text": "t", "note": "n", "share": 0.2}])])
    assert "http" not in html
    assert "<script" not in html
