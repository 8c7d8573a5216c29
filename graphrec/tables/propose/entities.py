"""Which key columns of different tables speak of the same thing: by name, and by the values they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from graphrec.tables.propose import words as say
from graphrec.tables.propose.kinds import Kind
from graphrec.tables.propose.profile import Column, Table, overlap

SAME = 0.9
"""Share of the values of the smaller column that the larger must have, for both to hold the same ids."""
ENOUGH = 20
"""Fewer common values prove nothing."""
CONTENT = ("text", "image", "link")
"""Kinds of columns that tables of things have and logs have not."""


@dataclass(frozen=True, eq=False)
class Key:
    """A column of ids.

    Attributes:
        table: Where it stands.
        column: Its figures.
        part: ``author`` or ``peer`` where its name says so, else nothing.
        why: Why it is taken for a key of its entity.
        sure: Whether nothing speaks against it.
    """

    table: Table
    column: Column
    part: str
    why: str
    sure: bool = True

    @property
    def place(self) -> str:
        """``table: column``, for messages."""
        return f"{self.table.name}: {self.column.name}"


@dataclass(eq=False)
class Entity:
    """What several key columns speak of.

    Attributes:
        word: What it is called in the files.
        keys: Its columns.
    """

    word: str
    keys: list[Key] = field(default_factory=list)

    def of(self, table: Table) -> list[Key]:
        """Return its columns in one table."""
        return [key for key in self.keys if key.table is table]

    def largest(self) -> Key:
        """Return the column with most distinct values."""
        return max(self.keys, key=lambda key: key.column.distinct)


Kinds = Mapping[str, Mapping[str, Kind]]
"""Table name to column name to what the column holds."""


def find_entities(tables: Sequence[Table], kinds: Kinds) -> list[Entity]:
    """Group the key columns of all tables by what they speak of.

    Columns come together by name (``userID``, ``user_id``, ``user``, the ``id`` of ``users.csv``), text ids by their
    values too; whole numbers only where a name agrees, since any two counters from 1 have the same values.
    """
    entities: dict[str, Entity] = {}
    parts: list[Key] = []
    for table in tables:
        for name in _key_names(table, kinds[table.name]):
            key = _key(table, table.columns[name], kinds[table.name][name])
            word = _word(table, name)
            if key.part:
                parts.append(key)
            else:
                entities.setdefault(word, Entity(word)).keys.append(key)
    merged = _merge(list(entities.values()))
    for key in parts:
        _join_part(key, merged)
    return merged


def _key_names(table: Table, kinds: Mapping[str, Kind]) -> list[str]:
    """Return the key columns of a table; where names give too few, the columns that look most like keys."""
    named = [name for name, kind in kinds.items() if kind.what == "key"]
    if len(named) >= 2 or any(table.columns[name].unique for name in named):
        return named
    likely = sorted((name for name in kinds if _likely(table.columns[name], kinds[name]) < 3),
                    key=lambda name: _likely(table.columns[name], kinds[name]))  # fmt: skip
    if any(kind.what in CONTENT for kind in kinds.values()):
        return named or [name for name in likely if table.columns[name].unique][:1]
    return [*named, *likely][:2]


def _likely(column: Column, kind: Kind) -> int:
    """Return how far a column is from looking like ids: 0 for words of many values, 3 for anything else."""
    if not kind.sure and kind.what == "label":
        return 0
    if not kind.sure and kind.what == "number":
        return 1
    return 2 if kind.what == "category" and column.dtype == pl.String and column.distinct > 10 else 3


def _key(table: Table, column: Column, kind: Kind) -> Key:
    last = [say.singular(word) for word in say.words(column.name) if word not in say.GENERIC]
    part = "author" if last and last[-1] in say.AUTHORS else "peer" if last and last[-1] in say.PEERS else ""
    return Key(table, column, part, kind.why, kind.what == "key")


def _word(table: Table, name: str) -> str:
    """Return what a key column's name speaks of, or else what its table is called."""
    told = [say.singular(word) for word in say.words(name) if word not in say.GENERIC and not word.isdigit()]
    nouns = say.USERS | say.FLITS | say.ADVERTISERS
    known = [word for word in told if word in nouns]
    return (known or told or [say.subject(table.name)])[-1] or name


def _merge(entities: list[Entity]) -> list[Entity]:
    """Bring together entities of text ids whose values are the same, whatever they are called."""
    merged: list[Entity] = []
    for entity in sorted(entities, key=lambda one: -one.largest().column.distinct):
        same = next((other for other in merged if _same(entity, other)), None)
        if same is None:
            merged.append(entity)
            continue
        if _told(entity.word) and not _told(same.word):
            same.word = entity.word
        same.keys += entity.keys
    return merged


def _told(word: str) -> bool:
    return word in say.USERS | say.FLITS | say.ADVERTISERS


def _same(entity: Entity, other: Entity) -> bool:
    """Return whether text ids of two entities are the same ids; two known nouns stay two."""
    if _told(entity.word) and _told(other.word):
        return False
    one, two = entity.largest(), other.largest()
    texts = one.column.dtype == pl.String and two.column.dtype == pl.String
    return texts and one.table is not two.table and _shared(one, two) >= SAME


def _shared(one: Key, other: Key) -> float:
    """Return the share of ``one``'s values that ``other`` has, 0 where there are too few to tell."""
    if one.column.dtype.is_integer() != other.column.dtype.is_integer():
        return 0.0
    share, _ = overlap(one.table, one.column.name, other.table, other.column.name)
    return share if share * one.column.distinct >= min(ENOUGH, one.column.distinct) else 0.0


def _join_part(key: Key, entities: list[Entity]) -> None:
    """Put an author or a peer to the entity that has its values: to the users where several do."""
    shared = {place: _shared(key, entity.largest()) for place, entity in enumerate(entities)}
    fit = [place for place, share in shared.items() if share >= 0.5]
    fit.sort(key=lambda place: (entities[place].word not in say.USERS, -shared[place]))
    if fit:
        entity = entities[fit[0]]
        why = f"{shared[fit[0]]:.0%} of its values stand in {entity.largest().place} too"
        entity.keys.append(Key(key.table, key.column, key.part, why))
        return
    users = next((one for one in entities if one.word in say.USERS), None)
    if users is None:
        users = Entity("user")
        entities.append(users)
    users.keys.append(Key(key.table, key.column, key.part, f"its name ({key.why})", sure=False))
