"""A run that is killed anywhere goes on to the very bytes of an unbroken one, and does nothing twice."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.conftest import Finished
from tests.pipeline.killed import start
from tests.pipeline.test_run import STAGES


def stages(told: list[dict[str, Any]], *, found: bool) -> list[str]:
    return [one["stage"] for one in told if "stage" in one and one["found"] is found]


def drafts(store: Path) -> list[Path]:
    return list(store.rglob("attempt-*.draft"))


@pytest.mark.slow
def test_a_kill_in_every_stage_loses_that_stage_alone(first: Finished, tmp_path: Path) -> None:
    store, data = tmp_path / "store", Path(first.config.data)
    done = 0
    for point in ("tables", "features", "training", *(one for one in STAGES[2:] if not one.startswith("holdout_"))):
        reached = STAGES.index("model" if point == "training" else point)
        code, told = start(data, store, point)
        assert code == -signal.SIGKILL, point
        assert stages(told, found=True) == STAGES[:done], point
        assert stages(told, found=False) == STAGES[done:reached], point
        done = reached
        assert drafts(store), point
    code, told = start(data, store)
    assert code == 0
    assert stages(told, found=True) == STAGES[:-1]
    assert stages(told, found=False) == STAGES[-1:]
    assert told[-1]["stages"] == {stage: ref.digest for stage, ref in first.version.stages.items()}
    assert told[-1]["version"] == "v0001"
    assert not drafts(store)


@pytest.mark.slow
def test_training_goes_on_from_its_checkpoint(first: Finished, tmp_path: Path) -> None:
    store, data = tmp_path / "store", Path(first.config.data)
    code, told = start(data, store, "training")
    assert code == -signal.SIGKILL
    assert [one["epoch"] for one in told if "epoch" in one] == [1]
    code, told = start(data, store)
    assert [one["epoch"] for one in told if "epoch" in one] == [2]
    assert told[-1]["stages"]["model"] == first.version.stages["model"].digest
    assert not list((store / "checkpoints").iterdir())
