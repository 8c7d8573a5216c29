import json
from pathlib import Path

import polars as pl
import pytest

from graphrec.errors import DataError
from graphrec.forgotten import Forgotten, hash_of

KEY = b"k" * 32
GONE = Forgotten(KEY, frozenset({hash_of(KEY, str, "bird"), hash_of(KEY, int, 42)}))


def test_the_forgotten_are_found_whatever_type_a_file_gives_their_ids() -> None:
    assert GONE.among(pl.Series(["bird", "42", None, "bird", "cat"])).sort().to_list() == ["42", "bird"]
    assert GONE.among(pl.Series([7, 42, 42], dtype=pl.Int32)).to_list() == [42]
    assert GONE.among(pl.Series([], dtype=pl.String)).is_empty()


def test_saved_is_read_back_and_names_nobody(tmp_path: Path) -> None:
    GONE.save(tmp_path / "f.json")
    assert Forgotten.open(tmp_path / "f.json") == GONE
    assert "bird" not in (tmp_path / "f.json").read_text()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"key": "00"}', '{"key": "zz", "hashes": []}', json.dumps({"key": "00", "hashes": ["00"]})]
)
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(DataError, match=r"forgotten must be a file that `graphrec drain` wrote \(got f\.json"):
        Forgotten.open(tmp_path / "f.json")
    with pytest.raises(DataError, match="drain again"):
        Forgotten.open(tmp_path / "none.json")
