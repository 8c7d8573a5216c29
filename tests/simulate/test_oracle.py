from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphrec.errors import DataError, UnknownIdError
from graphrec.simulate import Oracle, SimulationSummary
from graphrec.simulate.reading import read_config

_POSITIVE = ["like", "share", "reply", "click"]
_KEYS = ["user_id", "flit_id"]


def _last_week(folder: Path) -> tuple[datetime, datetime]:
    end = datetime.fromtimestamp(read_config(folder).end_s, UTC).replace(tzinfo=None)
    return end - timedelta(days=7), end


def _recall(ranked: list[list[str]], relevant: list[set[str]]) -> float:
    return float(np.mean([len(set(line) & real) / len(real) for line, real in zip(ranked, relevant, strict=True)]))


def _popular(log: pl.DataFrame, users: list[str], seen: dict[str, set[str]]) -> list[list[str]]:
    order = log.group_by("flit_id").len().sort(["len", "flit_id"], descending=[True, False])["flit_id"].to_list()
    return [[flit for flit in order[:1500] if flit not in seen.get(user, set())][:50] for user in users]


def test_oracle_and_popularity_stand_where_the_demo_needs_them(default: SimulationSummary) -> None:
    split, end = _last_week(default.folder)
    events = pl.read_parquet(default.folder / "events.parquet").filter(pl.col("event").is_in(_POSITIVE))
    flits = pl.read_parquet(default.folder / "flits.parquet", columns=["flit_id", "created_at"])
    before = events.filter(pl.col("timestamp") < split)
    after = events.filter(pl.col("timestamp") >= split).join(flits.filter(pl.col("created_at") < split), on="flit_id")
    test = after.select(_KEYS).unique().join(before.select(_KEYS), on=_KEYS, how="anti")
    relevant = {user: set(rows) for user, rows in test.group_by("user_id").agg("flit_id").iter_rows()}
    seen = {user: set(rows) for user, rows in before.group_by("user_id").agg("flit_id").iter_rows()}
    users = sorted(relevant)
    truth = [relevant[user] for user in users]
    assert len(users) > 400
    oracle = _recall(Oracle.open(default.folder).rank(users, 50, split, end, seen), truth)
    popular = _recall(_popular(before, users, seen), truth)
    recent = _recall(_popular(before.filter(pl.col("timestamp") >= split - timedelta(days=7)), users, seen), truth)
    assert 0.35 < oracle < 0.62
    assert 0.03 < popular < 0.12
    assert recent < 0.16


def test_expected_likes_agree_with_what_happened(default: SimulationSummary) -> None:
    split, end = _last_week(default.folder)
    users = pl.read_parquet(default.folder / "users.parquet")["user_id"].to_list()
    expected = Oracle.open(default.folder).expected_likes(users[:600], split, end)
    likes = pl.read_parquet(default.folder / "events.parquet").filter(
        (pl.col("event") == "like") & (pl.col("timestamp") >= split) & pl.col("user_id").is_in(users[:600])
    )
    # The expectation knows neither pairs acted on before nor repeats within a slot, so it lies somewhat above.
    assert 0.6 < len(likes) / float(expected.sum()) < 1.2


def test_rank_excludes_what_was_seen_and_what_is_not_posted(folder: Path) -> None:
    split, end = _last_week(folder)
    oracle = Oracle.open(folder)
    users = ["bird_0003", "bird_0001"]
    plain = oracle.rank(users, 5, split, end)
    left_out = {"bird_0003": set(plain[0][:2])}
    again = oracle.rank(users, 5, split, end, left_out)
    assert again[0][:3] == plain[0][2:]
    assert again[1] == plain[1]
    frame = pl.DataFrame({"user_id": ["bird_0003"] * 2, "flit_id": plain[0][:2]})
    assert oracle.rank(users, 5, split, end, frame) == again
    posted = pl.read_parquet(folder / "flits.parquet").filter(pl.col("created_at") < split)["flit_id"]
    everything = oracle.rank(users[:1], 600, split, end)[0]
    assert set(everything) == set(posted)


def test_bad_window_and_unknown_user_are_refused(folder: Path) -> None:
    split, end = _last_week(folder)
    oracle = Oracle.open(folder)
    with pytest.raises(DataError, match="simulated days"):
        oracle.rank(["bird_0001"], 5, split, end + timedelta(days=9))
    with pytest.raises(UnknownIdError):
        oracle.rank(["bird_x"], 5, split, end)


def test_a_folder_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"truth/config\.json"):
        Oracle.open(tmp_path)
