import subprocess
import sys
from pathlib import Path

import pytest

import graphrec
from graphrec.errors import ArtifactError

HEAVY = ("torch", "transformers", "polars", "numba", "numpy", "sklearn", "pydantic", "rich")


def loaded_after(statement: str, watched: tuple[str, ...]) -> set[str]:
    """Return which of the watched modules a fresh process has loaded after a statement."""
    code = f"import sys\n{statement}\nsys.stdout.write(' '.join(n for n in {watched} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_all_is_what_is_public() -> None:
    public = {name for name in vars(graphrec) if not name.startswith("_")}
    rooms = {path.stem for path in Path(graphrec.__file__).parent.iterdir() if not path.name.startswith("_")}
    names = set(graphrec.__all__) - {"__version__"}
    assert public - rooms - {"import_module", "Any", "TYPE_CHECKING"} <= names
    assert names <= set(dir(graphrec))
    assert sorted(graphrec.__all__) == graphrec.__all__


@pytest.mark.parametrize("name", [one for one in graphrec.__all__ if one != "__version__"])
def test_every_public_name_is_there(name: str) -> None:
    thing = getattr(graphrec, name)
    assert thing is getattr(graphrec, name)
    assert thing.__doc__
    assert thing.__module__.startswith("graphrec.") if callable(thing) else thing.__name__ == f"graphrec.{name}"


def test_the_service_starts_without_what_only_training_needs() -> None:
    heavy = ("torch", "transformers", "sklearn", "ray", "matplotlib")
    assert loaded_after("import graphrec.serving.application", heavy) == set()


def test_simulate_is_the_room_whoever_imported_it_first() -> None:
    for first in ("", "import graphrec.simulate"):
        code = f"{first}\nimport graphrec\nassert callable(graphrec.simulate.simulate)\nassert graphrec.simulate.Oracle"
        subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'recommend'"):
        _ = graphrec.recommend


def test_importing_graphrec_loads_nothing_heavy() -> None:
    assert loaded_after("import graphrec", HEAVY) == set()


def test_help_loads_no_library_that_computes() -> None:
    assert (
        loaded_after("import graphrec.cli", ("torch", "transformers", "polars", "numba", "numpy", "sklearn")) == set()
    )


def test_embeddings_of_an_empty_store_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="run graphrec run CONFIG first"):
        graphrec.embeddings(tmp_path, "flit")
