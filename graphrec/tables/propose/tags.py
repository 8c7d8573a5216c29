"""Tag words that users put to flits, as one text per flit."""

from collections.abc import Sequence
from typing import Any

from graphrec.tables.propose.describe import Description
from graphrec.tables.propose.entities import Entity, Key, Kinds
from graphrec.tables.propose.profile import Table
from graphrec.tables.propose.shape import Pair, Shape
from graphrec.tables.propose.times import is_tagging

WORDS = ("text", "label", "category")


def tag_words(
    description: Description, base: Key, shape: Shape, entities: Sequence[Entity], kinds: Kinds
) -> list[dict[str, Any]]:
    """Return the joins that gather tag words, the most frequent first.

    Only for undated logs: words put to a flit after the split would tell what is to be predicted.
    """
    for pair in shape.pairs:
        if shape.types[pair.ends[1].word] == "flit" and is_tagging(kinds[pair.table.name]):
            return _gathered(description, base, pair, shape, entities, kinds)
    return []


def _gathered(
    description: Description, base: Key, pair: Pair, shape: Shape, entities: Sequence[Entity], kinds: Kinds
) -> list[dict[str, Any]]:
    join: dict[str, Any] = {"table": pair.table.name}
    table, name = pair.table, _word_column(pair.table, kinds)
    if name is None:
        found = _dictionary(pair, shape, entities, kinds)
        if found is None:
            return []
        key, other, name = found
        table = other.table
        join["join"] = [{"table": table.name, "on": {key.column.name: other.column.name}, "columns": [name]}]
    if name in base.table.columns:
        return []
    description.add("text", table.columns[name], kinds[table.name][name])
    return [{**join, "on": {base.column.name: pair.target.column.name}, "columns": [name], "combine": "text"}]


def _word_column(table: Table, kinds: Kinds) -> str | None:
    """Return the column of words in a table."""
    return next(
        (name for name, kind in kinds[table.name].items() if kind.what in WORDS and _is_text(table, name)), None
    )


def _is_text(table: Table, name: str) -> bool:
    return str(table.columns[name].dtype) == "String"


def _dictionary(pair: Pair, shape: Shape, entities: Sequence[Entity], kinds: Kinds) -> tuple[Key, Key, str] | None:
    """Return the key of a tag in the log, the one in the table of tags, and the column of words there."""
    for entity in entities:
        for key in (one for one in pair.further if one in entity.keys):
            for other in shape.things.get(entity.word, []):
                name = _word_column(other.table, kinds)
                if name is not None:
                    return key, other, name
    return None
