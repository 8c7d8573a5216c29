import io
import subprocess
import sys

from matplotlib.font_manager import findfont
from PIL import Image

from graphrec.plots.canvas import blank, plain


def test_a_figure_shows_itself_as_a_picture() -> None:
    figure, axes = blank(4, 3)
    axes.plot([0, 1], [0, 1])
    with Image.open(io.BytesIO(figure._repr_png_())) as shown:
        assert shown.format == "PNG"
        assert shown.width > 300


def test_text_is_read_as_it_stands() -> None:
    assert plain("two\nlines\tand  spaces") == "two lines and spaces"
    assert plain("$5 or $6") == r"\$5 or \$6"
    assert plain("bird 🐦 \x07") == "bird ▯ ▯"
    assert plain("_hidden").endswith("_hidden")
    assert not plain("_hidden").startswith("_")
    assert plain(3) == "3"
    assert plain("") == ""


def test_hostile_text_draws() -> None:
    figure, axes = blank(4, 3)
    for place, text in enumerate(("$\\frac{", "_x", "鳥", "a\\$b$", "{}%^&#", "<b>")):
        axes.plot([0, 1], [place, place], label=plain(text))
        axes.text(0, place, plain(text))
    axes.set_title(plain("$x"))
    axes.legend()
    assert figure._repr_png_()
    legend = axes.get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == 6


def test_the_font_is_found() -> None:
    assert findfont("DejaVu Sans")


def test_without_matplotlib_the_error_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from graphrec.errors import ConfigError\n"
        "import graphrec.plots\n"
        "try:\n    import graphrec.plots.maps\n"
        "except ConfigError as error:\n    sys.stdout.write(str(error))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "plots need matplotlib (got none); pip install 'graphrec[notebooks]'"


def test_displays_load_no_matplotlib() -> None:
    code = "import sys, graphrec.plots, graphrec.views; sys.stdout.write(str('matplotlib' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False"
