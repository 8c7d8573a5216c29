"""The jobs on a real cluster, submitted as users submit them."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphrec.retrieval.lists import Lists
from graphrec.retrieval.retriever import Retriever
from graphrec.store import Artifact, Store, Version
from graphrec.vectors import Embeddings
from tests.jobs.cluster import QUICK, Finished, RunningCluster

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
EXACT = ("tables", "graph", "holdout_graph", "neighbourhoods", "holdout_neighbourhoods")
"""Stages whose bytes do not depend on where they ran."""


def settings(data: Path, store: Path, *more: str) -> list[str]:
    return [f"data={data}", f"store={store}", *QUICK, *more]


def digests(version: Version) -> dict[str, str]:
    return {stage: ref.digest[:12] for stage, ref in version.stages.items()}


def made_in(store: Path) -> dict[str, Artifact]:
    """Return the one artifact of each stage of a store without a version."""
    found = {
        folder.parent.name: Store(store).find(folder.parent.name, folder.name) for folder in store.glob("artifacts/*/*")
    }
    return {stage: one for stage, one in found.items() if one is not None}


def validation_recall(store: Store, version: str = "latest") -> float:
    log = json.loads((store.artifact(version, "model").path / "training_log.json").read_text())
    return max(float(entry["validation_recall"]) for entry in log)


@pytest.fixture(scope="module")
def finished(running: RunningCluster, data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Path]:
    store = tmp_path_factory.mktemp("cluster")
    return running.submit("pipeline", settings(data, store, "runtime.training_workers=2")), store


def test_the_whole_line_runs_on_both_workers(finished: tuple[Finished, Path]) -> None:
    job, store = finished
    assert job.ok, job.log[-3000:]
    assert Store(store).resolve("latest").name == "v0001"
    for work in ("texts", "walks", "training", "layer 1", "interests"):
        assert job.nodes_of(work) == 2, work


def test_every_users_list_is_his_own_whichever_worker_made_it(finished: tuple[Finished, Path]) -> None:
    store = finished[1]
    kept = Lists.open(Store(store).artifact("latest", "lists").path)
    retriever = Retriever.open(store)
    users = retriever.bundle.ids["user"].series
    assert len(kept) == len(users)
    for row, user in enumerate(users):
        told = json.loads(kept.of(row))["candidates"]
        assert [one["id"] for one in told] == retriever.recommend(user, kept.k).ids


def test_graph_and_walks_are_those_of_one_machine(
    finished: tuple[Finished, Path], local: tuple[Store, Version]
) -> None:
    job, _ = finished
    expected = digests(local[1])
    assert {stage: job.digests[stage] for stage in EXACT} == {stage: expected[stage] for stage in EXACT}


def test_training_in_parallel_validates_like_one_worker(
    finished: tuple[Finished, Path], local: tuple[Store, Version]
) -> None:
    alone = validation_recall(local[0])
    assert validation_recall(Store(finished[1])) == pytest.approx(alone, abs=0.01)


def test_the_same_model_gives_the_same_embeddings_and_interests(
    running: RunningCluster, data: Path, local: tuple[Store, Version], tmp_path: Path
) -> None:
    """One worker trains in the job's process, as it does locally: what follows agrees to rounding."""
    job = running.submit("interests", settings(data, tmp_path, "runtime.training_workers=0"))
    assert job.ok, job.log[-3000:]
    made, known = made_in(tmp_path), local[1]
    ours, theirs = (Embeddings.open(one.path) for one in (made["embeddings"], local[0].artifact(known, "embeddings")))
    for node_type, vectors in ours.vectors.items():
        cosine = (np.asarray(vectors) * np.asarray(theirs.vectors[node_type])).sum(axis=1)
        assert cosine.min() >= 1 - 1e-4, node_type
    if made["embeddings"].digest == known.stages["embeddings"].digest:
        assert made["interests"].digest == known.stages["interests"].digest


def test_every_user_is_answered_by_both_workers(
    finished: tuple[Finished, Path], running: RunningCluster, data: Path, tmp_path: Path
) -> None:
    out, store = tmp_path / "candidates", finished[1]
    options = [part for one in settings(data, store, "runtime.workers=2") for part in ("--set", one)]
    entry = ["python", "jobs/retrieve.py", "--config", "configs/flutter.yaml", *options, "--out", str(out), "-k", "20"]
    job = running.run(entry)
    assert job.ok, job.log[-3000:]
    assert "a second (tasks: " in job.log
    found = pl.read_parquet(out / "part-*.parquet")
    retriever = Retriever.open(store)
    assert found["user"].n_unique() == len(retriever.bundle.ids["user"])
    for user in found["user"].unique(maintain_order=True).to_list()[::50]:
        assert found.filter(user=user)["id"].to_list() == retriever.recommend(user, 20).ids


def test_a_job_submitted_again_finds_every_stage(
    running: RunningCluster, data: Path, finished: tuple[Finished, Path]
) -> None:
    again = running.submit("pipeline", settings(data, finished[1], "runtime.training_workers=2"))
    assert again.ok, again.log[-3000:]
    assert again.digests == finished[0].digests
    assert " published in " not in again.log


def test_a_worker_killed_in_every_stage_changes_nothing(
    running: RunningCluster, data: Path, local: tuple[Store, Version], tmp_path: Path
) -> None:
    points = [
        "batch.texts", "task.walks", "training.reported", "task.layer 1", "batch.interests", "task.index",
    ]  # fmt: skip
    marks = tmp_path / "marks"
    marks.mkdir()
    job = running.submit(
        "pipeline",
        settings(data, tmp_path / "store", "runtime.training_workers=2"),
        {"GRAPHREC_FAILPOINT": ",".join(points), "GRAPHREC_FAILPOINT_ONCE": str(marks)},
    )
    assert job.ok, job.log[-5000:]
    assert sorted(one.name for one in marks.iterdir()) == sorted(point.replace(" ", "_") for point in points)
    expected = digests(local[1])
    assert {stage: job.digests[stage] for stage in EXACT} == {stage: expected[stage] for stage in EXACT}
    assert Store(tmp_path / "store").resolve("latest").name == "v0001"


@pytest.mark.parametrize(
    ("job", "change", "message"),
    [
        ("graph", "store=./store", "store must be an absolute path or a URI in a job"),
        (
            "neighbourhoods",
            "runtime.partitions=100000 neighbourhoods.size=7",
            "runtime.partitions must be at most the rows",
        ),
    ],
)
def test_bad_settings_end_a_job_with_one_line(
    running: RunningCluster, data: Path, finished: tuple[Finished, Path], job: str, change: str, message: str
) -> None:
    ended = running.submit(job, settings(data, finished[1], *change.split()))
    assert not ended.ok
    lines = [line for line in ended.log.splitlines() if line.startswith("error: ")]
    assert len(set(lines)) == 1, ended.log[-3000:]
    assert message in lines[0]
    assert "Traceback" not in ended.log


NEEDY = """
from graphrec.engine import open_engine
from graphrec.engine.config import RuntimeConfig
from graphrec.errors import EngineError

def task(part):
    import a_package_of_nobody

try:
    open_engine(RuntimeConfig(engine="ray")).map_parts(task, [1, 2], name="needy")
except EngineError as error:
    print("error:", error)
"""


def test_a_package_that_a_worker_lacks_is_named_in_one_line(running: RunningCluster) -> None:
    ended = running.run(["python", "-c", NEEDY])
    assert ended.ok, ended.log
    lines = [line for line in ended.log.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert lines[0].startswith("error: every worker must have the package 'a_package_of_nobody'")
