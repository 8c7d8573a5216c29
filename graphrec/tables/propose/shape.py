"""Which tables describe things and which join two: who acts, on what, and what else there is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from graphrec.errors import DataError
from graphrec.tables.propose import words as say
from graphrec.tables.propose.entities import CONTENT, Entity, Key, Kinds
from graphrec.tables.propose.profile import Table


@dataclass(frozen=True)
class Pair:
    """A table that joins two things.

    Attributes:
        table: The table.
        source: Column of the one that the relation starts from.
        target: Column of the other.
        ends: Their entities.
        further: Key columns that are not used.
    """

    table: Table
    source: Key
    target: Key
    ends: tuple[Entity, Entity]
    further: tuple[Key, ...]


@dataclass
class Shape:
    """How the tables hang together.

    Attributes:
        pairs: Tables that join two things.
        things: Entity word to the columns where each of its ids stands once.
        types: Entity word to node type.
        unsure: What was decided on little evidence.
    """

    pairs: list[Pair]
    things: dict[str, list[Key]]
    types: dict[str, str]
    unsure: list[str] = field(default_factory=list)

    def ends(self, pair: Pair) -> tuple[str, str]:
        """Return the node types that a log joins."""
        return self.types[pair.ends[0].word], self.types[pair.ends[1].word]


def find_shape(tables: Sequence[Table], entities: Sequence[Entity], kinds: Kinds) -> Shape:
    """Tell logs from tables of things, users from flits.

    Raises:
        DataError: If no table joins two things.
    """
    logs = [table for table in tables if _is_log(table, entities)]
    shape = Shape([], {}, {})
    things = [table for table in tables if table not in logs]
    for entity in entities:
        shape.things[entity.word] = [
            key for key in entity.keys if key.table in things and key.column.unique and not key.part
        ]
    if not logs:
        raise DataError(
            "DIR must hold a table with two columns of ids, who acted and on what (got "
            f"{', '.join(table.name for table in tables[:5])}); add the log of events, or name its columns like "
            "user_id and item_id"
        )
    told = [word for word, keys in shape.things.items() if any(_has_content(key, kinds) for key in keys)]
    user, flit = _user_and_flit(logs, entities, shape, told)
    shape.types |= {user.word: "user", flit.word: "flit"}
    for log in logs:
        pair = _pair(log, entities, user, flit)
        for end in pair.ends:
            name = "advertiser" if end.word in say.ADVERTISERS else end.word
            shape.types.setdefault(end.word, name)
        shape.pairs.append(pair)
    return shape


def _is_log(table: Table, entities: Sequence[Entity]) -> bool:
    """Return whether a table joins things: two keys, neither of which is its own."""
    keys = [key for entity in entities for key in entity.of(table) if key.part != "author"]
    if "negative" in table.name.rpartition("/")[2]:  # lists of items to rank beside a held-out one
        return False
    if len(keys) == 2 and any(key.part == "peer" for key in keys):
        return True
    repeated = [key for key in keys if not key.column.unique]
    if len(repeated) >= 2:
        return True
    return len(keys) >= 2 and len(repeated) == 1 and is_test(table)  # a user's only held-out row


def _has_content(key: Key, kinds: Kinds) -> bool:
    return any(kind.what in CONTENT for kind in kinds[key.table.name].values())


def is_test(table: Table) -> bool:
    """Return whether a table's name says that it is to be measured on."""
    return bool(say.TEST & set(say.words(table.name.rpartition("/")[2])))


def _user_and_flit(
    logs: Sequence[Table], entities: Sequence[Entity], shape: Shape, told: Sequence[str]
) -> tuple[Entity, Entity]:
    """Return who acts and what is acted on: by name, else what a table tells of is acted on, else by order."""
    rows: Counter[int] = Counter()
    for log in logs:
        for place, entity in enumerate(entities):
            if entity.of(log):
                rows[place] += log.rows
    ranked = [entities[place] for place, _ in sorted(rows.items(), key=lambda one: (-one[1], one[0]))]
    largest = max(logs, key=lambda table: table.rows)
    order = [one for one in ranked if one.of(largest)]
    order.sort(key=lambda one: (one.word in told, _position(one, largest)))
    user = next((one for one in ranked if one.word in say.USERS), None)
    flit = next((one for one in ranked if one.word in say.FLITS and one is not user), None)
    if user is None:
        user = next((one for one in [*order, *ranked] if one is not flit), ranked[0])
        shape.unsure.append(f"no column is named like a user: {user.word!r} is taken for who acts")
    if flit is None:
        flit = next((one for one in [*order, *ranked] if one is not user), user)
        shape.unsure.append(f"no column is named like an item: {flit.word!r} is taken for what is acted on")
    if flit is user:
        raise DataError(
            f"DIR must hold a table of who acted on what (got only {user.word!r} with itself in {largest.name}); add "
            "the log of events"
        )
    return user, flit


def _position(entity: Entity, table: Table) -> int:
    return min(list(table.columns).index(key.column.name) for key in entity.of(table))


def _pair(table: Table, entities: Sequence[Entity], user: Entity, flit: Entity) -> Pair:
    """Return the two ends of a log: user and advertiser, user and flit, two users, or its first two keys."""
    here = sorted((one for one in entities if one.of(table)), key=lambda one: _position(one, table))
    keys = [key for one in here for key in one.of(table)]
    adverts = [one for one in here if one.word in say.ADVERTISERS]
    wanted = [one for one in (user, *adverts, flit) if one in here][:2]
    ends = [*wanted, *(one for one in here if one not in wanted)][:2]
    if len(ends) == 1:
        first, second = sorted(ends[0].of(table)[:2], key=lambda key: _is_object(key.column.name))
        ends = [ends[0], ends[0]]
    else:
        if adverts and user not in ends:
            ends.sort(key=lambda one: one not in adverts)
        first, second = (one.of(table)[0] for one in ends)
    further = tuple(key for key in keys if key not in (first, second))
    return Pair(table, first, second, (ends[0], ends[1]), further)


def _is_object(name: str) -> bool:
    """Return whether a user column names the one that something is done to."""
    return bool({"followed", "followee", "friend", "target", "to", "trustee"} & set(say.words(name)))
