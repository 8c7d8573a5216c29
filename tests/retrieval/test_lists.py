"""Lists are answers: nothing is lost or moved on the way through the files."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from graphrec.retrieval.lists import LIST, Lists, lists_of, save_lists
from graphrec.retrieval.rendered import rendered, told
from graphrec.retrieval.retriever import Retriever
from tests.retrieval.world import planted


def test_every_users_list_is_his_answer(tmp_path: Path) -> None:
    retriever = Retriever(planted())
    users = retriever.bundle.ids["user"].series
    rows = np.arange(len(users))
    parts = [lists_of(retriever, part.tolist(), 7) for part in np.array_split(rows, 3)]
    size = save_lists(tmp_path, parts, 7)
    kept = Lists.open(tmp_path)
    assert (len(kept), kept.k) == (len(users), 7)
    answers = [retriever.recommend(user, 7) for user in users]
    expected = [to_json(told(one.reason, rendered(one))) for one in answers]
    assert [kept.of(row) for row in range(len(kept))] == expected
    assert size == sum(map(len, expected))


@given(parts=st.lists(st.lists(st.binary(min_size=1, max_size=5), max_size=4), max_size=4))
def test_what_is_written_is_read(parts: list[list[bytes]]) -> None:
    with TemporaryDirectory() as folder:
        save_lists(Path(folder), [pl.DataFrame({LIST: part}, {LIST: pl.Binary}) for part in parts], 3)
        kept = Lists.open(Path(folder))
        whole = [one for part in parts for one in part]
        assert [kept.of(row) for row in range(len(kept))] == whole
