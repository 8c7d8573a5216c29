"""The job that answers every user: parquet parts, equal to one by one, errors in a line."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from graphrec.pipeline.retrieve import main
from graphrec.retrieval.batch import recommend_all, recommend_batch
from graphrec.retrieval.retriever import Retriever
from tests.pipeline.conftest import FLUTTER, Finished


def job(first: Finished, out: Path | str, *more: str) -> int:
    settings = ("runtime.engine=local", f"store={first.store.root}", f"data={first.config.data}")
    overrides = [part for one in settings for part in ("--set", one)]
    return main("", ["--config", str(FLUTTER), *overrides, "--out", str(out), *more])


def test_every_user_is_answered_as_one_by_one(
    first: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "candidates"
    assert job(first, out, "-k", "7") == 0
    assert f"200 users in {out}" in capsys.readouterr().out
    found = pl.concat([pl.read_parquet(path) for path in sorted(out.glob("part-*.parquet"))])
    retriever = Retriever.open(first.store.root)
    users = retriever.bundle.ids["user"].series
    assert found["user"].unique(maintain_order=True).to_list() == users.to_list()
    for user in users.to_list()[::37]:
        own = found.filter(user=user)
        expected = retriever.recommend(user, 7)
        assert own["id"].to_list() == expected.ids
        np.testing.assert_array_equal(own["score"].to_numpy(), expected.scores)
        assert own["position"].to_list() == list(range(len(expected)))


def test_batches_are_the_same_however_they_are_cut(first: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    retriever = Retriever.open(first.store.root)
    whole = recommend_batch(retriever, range(60), 5)
    monkeypatch.setattr("graphrec.retrieval.batch.USERS", 17)
    parts = list(recommend_all(str(first.store.root), "latest", 5))
    assert len(parts) == 12
    assert_frame_equal(pl.concat(parts).head(len(whole)), whole)


@pytest.mark.parametrize(
    ("out", "more", "message"),
    [
        ("relative", (), "out must be an absolute path (got 'relative')"),
        ("{tmp}", ("-k", "0"), "k must be at least 1 (got 0)"),
        ("{tmp}", (), "out must be a new or empty folder"),
        ("{tmp}/new", ("--version", "v0099"), "version must be one of latest, v0001 (got 'v0099')"),
        ("/proc/nowhere", (), "must be writable"),
    ],
)
def test_errors_are_one_line(
    first: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, more: tuple[str, ...], message: str
) -> None:
    (tmp_path / "something").write_text("")
    assert job(first, out.format(tmp=tmp_path), *more) in (1, 2)
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err
    assert len(told.err.strip().splitlines()) == 1
