from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphrec.engine import LOCAL, LocalEngine, RuntimeConfig, Team, Worker, open_engine, spans
from graphrec.engine.device import find_device
from graphrec.engine.ray import RayEngine
from graphrec.errors import ConfigError, EngineError


@given(st.integers(0, 500), st.integers(1, 50), st.none() | st.integers(1, 60))
def test_spans_cover_every_row_once(num_rows: int, size: int, partitions: int | None) -> None:
    if partitions is not None and 0 < num_rows < partitions:
        with pytest.raises(ConfigError, match=r"runtime.partitions must be at most"):
            spans(num_rows, size, partitions)
        return
    parts = spans(num_rows, size, partitions)
    assert [row for start, stop in parts for row in range(start, stop)] == list(range(num_rows))
    if num_rows:
        assert all(stop > start for start, stop in parts)
        assert len(parts) == (partitions or -(-num_rows // size))


def test_parts_come_back_in_order_and_are_told() -> None:
    told: list[tuple[int, int]] = []

    def task(part: int, factor: int) -> int:
        return part * factor

    found = LOCAL.map_parts(task, [3, 1, 2], LOCAL.share(10), name="work", on_done=lambda *done: told.append(done))
    assert found == [30, 10, 20]
    assert told == [(1, 3), (2, 3), (3, 3)]


def make(factor: int) -> Worker:
    return lambda rows: rows.select(pl.col("x") * factor)


def test_batches_keep_the_order_of_rows() -> None:
    rows = pl.DataFrame({"x": range(10)})
    batches = list(LOCAL.map_batches(make, rows, 3, name="work", batch_size=4))
    assert [len(one) for one in batches] == [4, 4, 2]
    assert pl.concat(batches)["x"].to_list() == [3 * x for x in range(10)]


def test_no_rows_prepare_no_worker() -> None:
    def never(*_: Any) -> Worker:
        raise AssertionError

    assert list(LOCAL.map_batches(never, pl.DataFrame({"x": []}), name="work", batch_size=4)) == []


def test_a_training_goes_on_from_its_folder(tmp_path: Path) -> None:
    seen: list[tuple[str | None, dict[str, float]]] = []

    def loop(team: Team, text: str) -> None:
        before = team.resume()
        assert (team.rank, team.size) == (0, 1)
        team.average([])

        def save(path: Path) -> None:
            path.write_text(text)

        team.report({"epoch": 1.0}, save)
        seen.append((before.read_text() if before else None, {}))

    def train(text: str) -> Path:
        return LocalEngine().train(loop, text, folder=tmp_path, on_report=lambda entry: seen.append(("told", entry)))

    assert train("first").read_text() == "first"
    assert train("second").read_text() == "second"
    assert seen == [("told", {"epoch": 1.0}), (None, {}), ("told", {"epoch": 1.0}), ("second", {})]


def test_the_config_chooses_the_engine() -> None:
    assert isinstance(open_engine(RuntimeConfig(workers=3)), LocalEngine)
    assert open_engine(RuntimeConfig(workers=3)).workers == 3


@pytest.mark.parametrize("there", [True, False])
def test_auto_takes_a_gpu_where_torch_sees_one(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert find_device("cpu") == "cpu"
    assert open_engine(RuntimeConfig()).device == find_device("auto") == ("cuda" if there else "cpu")
    if there:
        assert open_engine(RuntimeConfig(device="cuda")).worker_device == "cuda"
        return
    with pytest.raises(ConfigError, match=r"runtime.device must be one that torch sees \(got 'cuda'"):
        open_engine(RuntimeConfig(device="cuda"))


def test_training_is_told_the_device(tmp_path: Path) -> None:
    told: list[str] = []
    LocalEngine(device="cuda").train(lambda team: told.append(team.device), folder=tmp_path, on_report=lambda _: None)
    assert told == ["cuda"]


def test_workers_of_a_cluster_take_its_gpus_where_there_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.cluster_resources", lambda: {"CPU": 8.0, "GPU": 2.0})

    def device(**settings: object) -> str:
        engine = RayEngine(RuntimeConfig.parse({"engine": "ray", **settings}))
        assert engine.device == "cpu"  # tasks have CPUs alone
        return engine.worker_device

    assert device() == device(training_workers=2) == device(device="cuda") == "cuda"
    assert device(training_workers=3) == device(device="cpu") == "cpu"
    with pytest.raises(ConfigError, match=r"runtime.device must find a GPU for every training worker \(got 2 in"):
        device(device="cuda", training_workers=3)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9"])
def test_a_cluster_out_of_reach_is_one_line(address: str) -> None:
    with pytest.raises(EngineError, match=r"runtime.address must be that of a running cluster") as caught:
        open_engine(RuntimeConfig(engine="ray", address=address))
    assert "\n" not in str(caught.value)
