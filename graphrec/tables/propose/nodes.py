"""Node types: whose table each has, what describes it, and what other tables add."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from graphrec.tables.propose.describe import Description
from graphrec.tables.propose.entities import Entity, Key, Kinds
from graphrec.tables.propose.guess import Guess
from graphrec.tables.propose.profile import overlap
from graphrec.tables.propose.shape import Shape
from graphrec.tables.propose.tags import tag_words
from graphrec.tables.propose.times import is_dated

COVERED = 0.97
"""Share of the ids in the logs that a table of things must hold to be the node table."""
JOINED = 0.3
"""Share of the nodes that a further table must know to be joined."""


def propose_nodes(shape: Shape, entities: Sequence[Entity], kinds: Kinds) -> dict[str, Guess]:
    """Return every node type that a log joins, users first."""
    first = ("user", "flit")
    order = sorted(shape.types.items(), key=lambda one: first.index(one[1]) if one[1] in first else len(first))
    return {node_type: _node(word, shape, entities, kinds) for word, node_type in order}


def _node(word: str, shape: Shape, entities: Sequence[Entity], kinds: Kinds) -> Guess:
    ends = _ends(shape, word)
    largest = max(ends, key=lambda key: key.column.distinct)
    things = shape.things.get(word, [])
    base, share, ahead = _base(largest, things, kinds)
    if base is None:
        return _from_edges(word, ends, things, share)
    guess = Guess()
    name = base.column.name
    guess.set("table", base.table.name, f"each {name} stands once; it holds {share:.0%} of the ids in {largest.place}")
    guess.set("id", _shifted(guess, base, largest, ahead) if ahead else name)
    if not base.sure:
        guess.unsure.append(f"{base.place} is taken for the id of a {word} ({base.why})")
    description = Description(guess)
    taken = {*base.table.columns}
    description.read(base.table, kinds[base.table.name], {name}, own=True)
    joins = list(_joins(description, base, shape, entities, kinds, taken))
    if shape.types[word] == "flit" and not is_dated(shape, kinds):
        joins += tag_words(description, base, shape, entities, kinds)
    if joins:
        guess.insert("join", joins, after="table")
    description.finish()
    _author(guess, base, entities, shape)
    return guess


def _ends(shape: Shape, word: str) -> list[Key]:
    """Return the columns of logs that name nodes of one entity."""
    keys = [pair for one in shape.pairs for pair in zip(one.ends, (one.source, one.target), strict=True)]
    return [key for entity, key in keys if entity.word == word]


def _base(end: Key, things: Sequence[Key], kinds: Kinds) -> tuple[Key | None, float, int]:
    """Return the node table's key, the share of the logs' ids that it holds, and what its ids are ahead by."""
    best: tuple[tuple[float, int], Key] | None = None
    for key in things:
        if key.column.dtype.is_integer() != end.column.dtype.is_integer():
            continue
        ahead = key.column.low - end.column.low if key.column.dense and end.column.dense else 0
        if ahead and key.column.distinct == end.column.distinct:
            return key, 1.0, ahead
        share, _ = overlap(end.table, end.column.name, key.table, key.column.name)
        told = sum(kind.what in ("text", "image", "category", "number") for kind in kinds[key.table.name].values())
        if best is None or (round(share, 2), told) > best[0]:
            best = (round(share, 2), told), key
    if best is None or best[0][0] < COVERED:
        return None, best[0][0] if best else 0.0, 0
    return best[1], best[0][0], 0


def _shifted(guess: Guess, base: Key, end: Key, ahead: int) -> str:
    """Derive ids that count from where the logs count, and return their name."""
    name, sign = base.column.name, "-" if ahead > 0 else "+"
    new = end.column.name if end.column.name != name else f"{name}_shifted"
    why = f"{base.place} runs from {base.column.low}, {end.place} from {end.column.low}, without a gap: the same ids"
    guess.set("derive", {new: f"{name} {sign} {abs(ahead)}"}, why)
    guess.unsure.append(f"{base.place} {sign} {abs(ahead)} is taken for {end.place}")
    return new


def _from_edges(word: str, ends: Sequence[Key], things: Sequence[Key], share: float) -> Guess:
    """Return a node type that stands in the logs alone."""
    guess = Guess()
    why = f"no table holds one row per {word}: it is every id that the logs name"
    if things and share > 0:
        why = f"{things[0].table.name} holds only {share:.0%} of the {word} ids in the logs: it is every id they name"
        guess.unsure.append(f"{things[0].table.name} describes only {share:.0%} of the {word} ids and is left out")
    guess.set("from_edges", True, why)
    guess.set("id", Counter(key.column.name for key in ends).most_common(1)[0][0])
    return guess


def _joins(
    description: Description, base: Key, shape: Shape, entities: Sequence[Entity], kinds: Kinds, taken: set[str]
) -> Iterator[dict[str, Any]]:
    """Yield the tables of things that a key of the node table leads to, where they add content."""
    for key, other in _partners(base, shape, entities):
        before = description.content
        used = description.read(other.table, kinds[other.table.name], {*taken, other.column.name}, own=False)
        if description.content > before:
            taken |= set(used)
            yield {"table": other.table.name, "on": {key.column.name: other.column.name}, "columns": used}
        else:
            description.forget(used)


def _partners(base: Key, shape: Shape, entities: Sequence[Entity]) -> Iterator[tuple[Key, Key]]:
    """Yield keys of the node table with the keys of other tables that hold one row for each, a table once."""
    seen = {base.table.name}
    for entity in entities:
        for key in (one for one in entity.of(base.table) if not one.part):
            for other in shape.things.get(entity.word, []):
                alike = other.column.dtype.is_integer() == key.column.dtype.is_integer()
                if other.table.name in seen or not alike:
                    continue
                if overlap(base.table, key.column.name, other.table, other.column.name)[0] >= JOINED:
                    seen.add(other.table.name)
                    yield key, other


def _author(guess: Guess, base: Key, entities: Sequence[Entity], shape: Shape) -> None:
    """Name the column of whoever made the node."""
    for entity in entities:
        for key in entity.of(base.table):
            if key.part == "author" and entity.word in shape.types and "author" not in guess.values:
                guess.set("author", key.column.name, key.why)
                guess.set("author_type", shape.types[entity.word])
