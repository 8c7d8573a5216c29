from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from rich.console import Console

from graphrec.errors import ArtifactError
from graphrec.evaluation import Evaluation, evaluate
from graphrec.evaluation.baselines import Random, popular
from tests.evaluation.worlds import World


@pytest.fixture(scope="module")
def evaluation(world: World) -> Evaluation:
    methods = {"popular": popular(world.history, world.available), "random": Random(world.history, world.available, 0)}
    return evaluate(methods, world.held, world.history, k=(5, 10), samples=50)


def rendered(evaluation: Evaluation, slice_name: str) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(evaluation.table(slice_name))
    return capture.get()


def test_what_was_saved_opens_as_it_was(evaluation: Evaluation, tmp_path: Path) -> None:
    evaluation.save(tmp_path)
    again = Evaluation.open(tmp_path)
    assert_frame_equal(again.frame, evaluation.frame)
    assert_frame_equal(again.differences, evaluation.differences)
    assert again.slices == evaluation.slices
    assert again.to_dict() == evaluation.to_dict()
    for name in evaluation.slices:
        assert rendered(again, name) == rendered(evaluation, name)


def test_saving_twice_gives_the_same_bytes(evaluation: Evaluation, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        evaluation.save(tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


@pytest.mark.parametrize("gone", ["evaluation.json", "figures.parquet", "differences.parquet"])
def test_a_missing_file_is_named(evaluation: Evaluation, tmp_path: Path, gone: str) -> None:
    evaluation.save(tmp_path)
    (tmp_path / gone).unlink()
    with pytest.raises(ArtifactError, match=f"must hold {gone}"):
        Evaluation.open(tmp_path)
