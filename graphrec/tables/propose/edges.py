"""Relations: what each log says, split by event kind, with time, weight and role."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphrec.tables.propose import words as say
from graphrec.tables.propose.entities import Kinds
from graphrec.tables.propose.guess import Guess
from graphrec.tables.propose.kinds import UNITS, Kind
from graphrec.tables.propose.profile import Column
from graphrec.tables.propose.shape import Pair, Shape, is_test
from graphrec.tables.propose.times import half_life_days, is_dated, is_tagging, time_of

LIKED = 0.8
"""A rating of this share of the best or more is taken for a like: 4 of 5."""
STEEP = 20.0
"""Where the largest count is so many times the median, its logarithm is the weight."""


def propose_edges(shape: Shape, nodes: Mapping[str, Guess], kinds: Kinds) -> list[Guess]:
    """Return every relation, the actions first."""
    dated = is_dated(shape, kinds)
    half_life = half_life_days(shape, kinds) if dated else None
    found = [edge for pair in shape.pairs for edge in _edges(pair, shape, nodes, kinds[pair.table.name], dated=dated)]
    found += [_written(name, node) for name, node in nodes.items() if "author" in node.values]
    if not any(edge.values.get("role") == "action" for edge in found):
        _promote(found)
    for edge in found:
        if half_life and edge.values.get("role") == "action" and "split" not in edge.values:
            edge.set("half_life_days", half_life)
    return sorted(found, key=lambda edge: (edge.values.get("role") != "action", "split" in edge.values))


def _edges(
    pair: Pair, shape: Shape, nodes: Mapping[str, Guess], kinds: Mapping[str, Kind], *, dated: bool
) -> list[Guess]:
    """Return the relations that one log holds."""
    base = _base(pair, shape, nodes)
    _time(base, pair, kinds, dated=dated)
    types = shape.ends(pair)
    if types == ("user", "flit"):
        return _actions(base, pair, kinds)
    _context(base, pair, types, kinds)
    return [base]


def _base(pair: Pair, shape: Shape, nodes: Mapping[str, Guess]) -> Guess:
    """Return the ends, the table and the id columns."""
    source, target = shape.ends(pair)
    guess = Guess()
    guess.set("source", source)
    guess.set("relation", "")
    guess.set("target", target)
    guess.set("table", pair.table.name)
    for end, node, key in (("source_id", source, pair.source), ("target_id", target, pair.target)):
        if key.column.name != nodes[node].values["id"]:
            guess.set(end, key.column.name)
        if not key.sure:
            guess.unsure.append(f"{key.place} is taken for the id of a {node} ({key.why})")
    if pair.further:
        left = ", ".join(key.column.name for key in pair.further)
        guess.note(f"{left}: more ids in the same rows, left out")
    return guess


def _time(guess: Guess, pair: Pair, kinds: Mapping[str, Kind], *, dated: bool) -> None:
    """Add when rows happened, or from when to when they hold."""
    times = {word: name for name, kind in kinds.items() if kind.what == "time" for word in say.words(name)}
    if {"start", "end"} <= set(times):
        for field in ("start", "end"):
            guess.set(field, _column(guess, times[field], kinds[times[field]], pair))
        return
    name = time_of(kinds)
    if name is None:
        return
    if not dated:
        guess.note(f"{name} is not read: the actions carry no time, and dates of other relations alone say nothing")
        return
    guess.set("time", _column(guess, name, kinds[name], pair), f"{name}: {kinds[name].why}")
    if not kinds[name].sure:
        guess.unsure.append(f"{pair.table.name}: {name} is taken for a time ({kinds[name].why})")


def _column(guess: Guess, name: str, kind: Kind, pair: Pair) -> dict[str, str]:
    """Return a time column as a config names it; times written in parquet are parsed first."""
    if kind.detail in UNITS:
        return {"column": name, "unit": kind.detail}
    if kind.detail != "datetime" and pair.table.found.format == "parquet":
        parsed = f"{name}_parsed"
        guess.set("derive", {**guess.values.get("derive", {}), parsed: f"STRPTIME({_sql(name)}, '{kind.detail}')"})
        return {"column": parsed}
    return {"column": name}


def _actions(base: Guess, pair: Pair, kinds: Mapping[str, Kind]) -> list[Guess]:
    """Return what users do to flits: by event kind, by rating, by count, or as it stands."""
    table, name = pair.table, pair.table.name.rpartition("/")[2]
    if is_test(table):
        base.set("split", "test", "its name")
    events = _events(pair, kinds)
    if events is not None:
        return _by_kind(base, *events)
    if say.SHOWN & set(say.words(name)):
        return [_finished(base, "impressions", "exposure", f"the name of {name}")]
    if is_tagging(kinds):
        return [_finished(base, "tags", "context", "words that users put to flits: structure, not what they like")]
    rating = next((one for one, kind in kinds.items() if kind.what == "rating"), None)
    clicked = next(
        (one for one, kind in kinds.items() if kind.what == "flag" and say.CLICKS & set(say.words(one))), None
    )
    if rating is not None:
        return [_rated(base, table.columns[rating], kinds[rating])]
    if clicked is not None:
        base.set("where", {clicked: True if str(table.columns[clicked].dtype) == "Boolean" else 1}, kinds[clicked].why)
        return [_finished(base, "clicks", "action", "")]
    count = next((one for one, kind in kinds.items() if kind.what == "count"), None)
    if count is not None:
        _count(base, table.columns[count], kinds[count])
    return [_finished(base, "acts", "action", "")]


def _events(pair: Pair, kinds: Mapping[str, Kind]) -> tuple[str, dict[Any, int]] | None:
    """Return the column of event kinds and how often each stands."""
    named = [name for name, kind in kinds.items() if kind.what == "event"]
    for name in [*named, *(one for one, kind in kinds.items() if kind.what == "category" and one not in named)]:
        values = pair.table.values(name)
        known = sum(any(word in say.EVENTS for word in say.words(str(value))) for value in values)
        if 2 <= len(values) <= 30 and (name in named or known >= max(2, len(values) / 2)):
            return name, values
    return None


def _by_kind(base: Guess, column: str, values: Mapping[Any, int]) -> list[Guess]:
    """Return one relation per event kind."""
    told = {value: say.relation_of(str(value)) for value in values}
    strong = sum(count for value, count in values.items() if told[value][1] == "action" and told[value][0] != "views")
    out: list[Guess] = []
    for value, count in values.items():
        relation, role, weight = told[value]
        guess = Guess(dict(base.values), dict(base.why) if not out else {}, list(base.unsure) if not out else [])
        guess.set("where", {column: value})
        why = f"{count:,} rows"
        if relation == "views" and strong > 0.2 * sum(values.values()):
            role, weight, why = "context", 0.1, f"{why}; there is enough of what says more"
        if not any(word in say.EVENTS for word in say.words(str(value))):
            relation = relation if not str(value).isdigit() else f"{column}_{value}"
            guess.unsure.append(
                f"{column} {value!r} is an event kind that its name does not explain: taken for an action"
            )
        guess.set("weight", weight)
        out.append(_finished(guess, relation, role, why))
    return out


def _rated(base: Guess, column: Column, kind: Kind) -> Guess:
    """Return high ratings as likes."""
    least = LIKED * column.high
    base.set(
        "where", f"{_sql(column.name)} >= {least:g}", f"{column.name}: {kind.why}; {LIKED:.0%} of the best or more"
    )
    base.unsure.append(f"{column.name} >= {least:g} is taken for a like; lower ratings are left out")
    return _finished(base, "likes", "action", "")


def _count(base: Guess, column: Column, kind: Kind) -> None:
    """Let counts be weights, their logarithm where a few are huge."""
    if column.middle and column.high > STEEP * column.middle:
        derived = f"log_{column.name}"
        base.set("derive", {**base.values.get("derive", {}), derived: f"LOG1P({_sql(column.name)})"},
                 f"{column.name}: {kind.why}; a few counts are huge, so the logarithm weighs")  # fmt: skip
        base.set("weight", derived)
    else:
        base.set("weight", column.name, f"{column.name}: {kind.why}")


def _context(base: Guess, pair: Pair, types: tuple[str, str], kinds: Mapping[str, Kind]) -> None:
    """Name a relation that is no action."""
    name = pair.table.name.rpartition("/")[2]
    said = set(say.words(name)) | set(say.words(pair.target.column.name))
    if types[0] == types[1]:
        relation = "friends" if {"friend", "friends"} & said else "follows"
    elif "advertiser" in types and "user" in types:
        relation = "responds"
        clicked = next((one for one, kind in kinds.items() if kind.what == "flag"), None)
        if clicked is not None:
            base.set("where", {clicked: True}, kinds[clicked].why)
    elif types[0] == "advertiser":
        relation = "promotes"
    else:
        relation = say.subject(pair.table.name) or "joins"
    _finished(base, relation, "context", "")


def _finished(guess: Guess, relation: str, role: str, why: str) -> Guess:
    guess.set("relation", relation, why)
    guess.set("role", role)
    return guess


def _written(name: str, node: Guess) -> Guess:
    """Return the relation of authors to what they made."""
    guess = Guess()
    guess.set("source", node.values["author_type"])
    guess.set("relation", "writes", "who made what")
    guess.set("target", name)
    guess.set("table", node.values["table"])
    guess.set("source_id", node.values["author"])
    if "created_at" in node.values:
        unit = {"unit": node.values["created_unit"]} if "created_unit" in node.values else {}
        guess.set("time", {"column": node.values["created_at"], **unit})
    return guess


def _promote(edges: Sequence[Guess]) -> None:
    """Make the largest relation of users and flits an action where none seemed to be one."""
    for edge in edges:
        if (edge.values["source"], edge.values["target"]) == ("user", "flit") and edge.values.get("role") != "negative":
            edge.set("role", "action")
            edge.unsure.append(f"no event says that a user liked something: {edge.values['relation']} count as actions")
            return


def _sql(name: str) -> str:
    return name if name.isidentifier() else '"' + name.replace('"', '""') + '"'
