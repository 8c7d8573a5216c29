"""The next version after a forget: no file of it names the user."""

import shutil
from pathlib import Path

import polars as pl

from graphrec.state import SqliteState, drain
from tests.pipeline.conftest import Finished, finished, quick_config


def naming(folder: Path, user: str) -> list[str]:
    """Return the files below a folder that hold an id, decoded where they are compressed."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (user.encode() in path.read_bytes() or user in _decoded(path))
    ]


def _decoded(path: Path) -> set[str]:
    if path.suffix != ".parquet":
        return set()
    return {str(value) for column in pl.read_parquet(path).get_columns() for value in column.explode()}


def test_the_next_version_holds_no_decoded_trace(first: Finished, tmp_path: Path) -> None:
    ids = pl.read_parquet(Path(first.config.data) / "flits.parquet")["author_id"]
    user = str(ids.value_counts(sort=True)["author_id"][0])
    assert naming(Path(first.config.store), user)  # or the test would pass on any version
    data = tmp_path / "data"
    shutil.copytree(first.config.data, data)
    state = SqliteState(tmp_path / "state.sqlite")
    state.forget(user)
    drain(state, data / "drained")
    finished(quick_config(data, tmp_path / "store", "forgotten={user: drained/forgotten.json}"))
    assert not naming(tmp_path / "store", user)
