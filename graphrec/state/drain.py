"""Events handed over to the next version: parquet files beside the tables it is made from."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from graphrec.errors import DataError, StateError
from graphrec.forgotten import Forgotten
from graphrec.ids import Id
from graphrec.state.state import Event, State
from graphrec.store.files import sync_tree

FORGOTTEN = "forgotten.json"
"""Everybody who asked to be forgotten, beside the tables."""
COLUMNS = ("user_id", "flit_id", "event", "timestamp")
_OURS = re.compile(r"events-[0-9]{12}\.parquet")


@dataclass(frozen=True)
class Drained:
    """What a drain did.

    Attributes:
        path: The file written; ``None`` where no event was new.
        events: How many are in it.
        removed: Rows of users who asked to be forgotten, taken out of the files of earlier drains.
        pruned: Old events that left the state.
    """

    path: Path | None
    events: int
    removed: int
    pruned: int


def drain(state: State, folder: Path, *, before_s: int = 0) -> Drained:
    """Write the events since the last drain as ``events-<place>.parquet`` and take the forgotten out of earlier files.

    Who they are stands in ``forgotten.json`` as keyed hashes: a config names it, and the next version's tables leave
    them out.

    Columns: ``user_id``, ``flit_id``, ``event`` and ``timestamp`` (UTC). A drain that was killed is done again over the
    same events into the same file. Events stay in the state, where seen sets are read from, until a version holds them.

    Args:
        state: Whose events.
        folder: Where files go; a glob such as ``state/events-*.parquet`` names them in a config.
        before_s: Events of earlier drains that are older than this leave the state: the "now" of a version that was
            made from those drains, seconds since 1970 UTC.

    Raises:
        DataError: If ids are strings here and integers there.
        StateError: If the state cannot be read or written, or earlier drains into the folder were of another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / FORGOTTEN).is_file() and Forgotten.open(folder / FORGOTTEN).key != state.forgotten().key:
        raise StateError(
            f"state must be the one that was drained into {folder} before (got another: its {FORGOTTEN} has another "
            "key); name that state, or drain into a folder of its own"
        )
    removed = sum(_without_forgotten(state, path) for path in sorted(folder.iterdir()) if _OURS.fullmatch(path.name))
    start = state.drained()
    rows = list(state.since(start))
    path = folder / f"events-{start:012d}.parquet"
    if rows:
        _replace(path, _frame([event for _, event in rows]).write_parquet)
        sync_tree(folder)  # the mark below is on disk once set, so what it stands for has to be
        state.drained(rows[-1][0])
    _replace(folder / FORGOTTEN, state.forgotten().save)
    sync_tree(folder)
    pruned = state.prune(start, before_s)
    return Drained(path if rows else None, len(rows), removed, pruned)


def _frame(events: list[Event]) -> pl.DataFrame:
    times = pl.Series([one.time_s for one in events], dtype=pl.Int64) * 1_000_000
    values = {
        "user_id": _ids("user", [one.user for one in events]),
        "flit_id": _ids("flit", [one.flit for one in events]),
        "event": pl.Series([one.kind for one in events], dtype=pl.String),
        "timestamp": times.cast(pl.Datetime("us", "UTC")),
    }
    return pl.DataFrame({name: values[name] for name in COLUMNS})


def _ids(what: str, ids: list[Id]) -> pl.Series:
    if len({type(one) for one in ids}) > 1:
        raise DataError(f"Event.{what} must be all strings or all integers (got both); the tables have one type")
    return pl.Series(ids)


def _without_forgotten(state: State, path: Path) -> int:
    """Take the rows of forgotten users out of a file; return how many."""
    frame = pl.read_parquet(path)
    users = frame["user_id"].unique()
    gone = users.filter(pl.Series(state.forgot(users.to_list()), dtype=pl.Boolean))
    if gone.is_empty():
        return 0
    left = frame.filter(~pl.col("user_id").is_in(gone.implode()))
    _replace(path, left.write_parquet)
    return len(frame) - len(left)


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file whole or not at all."""
    draft = path.with_suffix(".draft")
    write(draft)
    draft.replace(path)
