"""Read the truth back from the files of a simulated network."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from graphrec.errors import DataError
from graphrec.ids import IdMap
from graphrec.simulate.config import SimulationConfig
from graphrec.simulate.topics import COUNTRIES, LANGUAGES
from graphrec.simulate.world import MAX_INTERESTS, Flits, Follows, Users

_STYLES = ("normal", "vague", "chatter", "spam")


def read_config(folder: Path) -> SimulationConfig:
    """Return the settings that wrote ``folder``.

    Raises:
        DataError: If the folder holds no truth.
    """
    path = folder / "truth" / "config.json"
    if not path.is_file():
        raise DataError(f"simulation.folder must hold truth/config.json (got {folder}); run `graphrec simulate` first")
    return SimulationConfig.model_validate_json(path.read_text(encoding="utf-8"))


def _seconds(frame: pl.DataFrame, column: str) -> npt.NDArray[np.int64]:
    return frame[column].dt.epoch("s").to_numpy().astype(np.int64)


def _codes(values: pl.Series, names: tuple[str, ...]) -> npt.NDArray[np.int32]:
    return IdMap(list(names)).rows(values)


def read_users(folder: Path, config: SimulationConfig, ids: IdMap) -> Users:
    """Return the accounts with their interests by week."""
    table = pl.read_parquet(folder / "users.parquet")
    account = pl.read_parquet(folder / "truth" / "accounts.parquet")
    interest = pl.read_parquet(folder / "truth" / "users.parquet")
    shape = (config.weeks, len(table), MAX_INTERESTS)
    topics, weights = np.full(shape, -1, dtype=np.int16), np.zeros(shape, dtype=np.float32)
    place = (interest["day"].to_numpy() // 7, ids.rows(interest["user_id"]), interest["slot"].to_numpy())
    topics[place] = interest["topic"].to_numpy()
    weights[place] = interest["weight"].to_numpy()
    return Users(
        _seconds(table, "created_at"),
        _codes(table["country"], tuple(name for name, _, _ in COUNTRIES)),
        account["sessions_per_day"].to_numpy(),
        account["generosity"].to_numpy(),
        account["spam"].to_numpy(),
        topics,
        weights,
    )


def read_flits(folder: Path, authors: IdMap) -> Flits:
    """Return the flits with their truth."""
    table = pl.read_parquet(folder / "flits.parquet", columns=["author_id", "created_at", "language", "unsafe"])
    truth = pl.read_parquet(folder / "truth" / "flits.parquet")
    return Flits(
        truth["topic"].to_numpy().astype(np.int16),
        authors.rows(table["author_id"]),
        _seconds(table, "created_at"),
        _seconds(truth, "released_at"),
        truth["quality"].to_numpy(),
        truth["hotness"].to_numpy(),
        truth["lifetime_s"].to_numpy(),
        _codes(table["language"], LANGUAGES),
        table["unsafe"].to_numpy(),
        _codes(truth["style"], _STYLES),
    )


def read_follows(folder: Path, ids: IdMap) -> Follows:
    """Return the follows, sorted by follower, then time."""
    table = pl.read_parquet(folder / "follows.parquet")
    follower, followed = ids.rows(table["follower_id"]), ids.rows(table["followed_id"])
    time_s = _seconds(table, "timestamp")
    order = np.lexsort((followed, time_s, follower))
    return Follows(follower[order], followed[order], time_s[order])
