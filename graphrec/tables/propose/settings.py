"""Settings that depend on what the data is: the split, features, id vectors, windows."""

from collections.abc import Mapping, Sequence

import polars as pl

from graphrec.history import DAY_S
from graphrec.tables.propose.entities import Key, Kinds
from graphrec.tables.propose.guess import Guess
from graphrec.tables.propose.shape import Shape
from graphrec.tables.propose.times import LONG_DAYS, in_seconds, is_dated, main_log, span_days, time_of

TEST_DAYS = (7, 14, 28, 60, 120, 365, 3, 1)
"""Test windows to try, in this order."""
CANDIDATES = (400, 5000)
"""How many candidates are drawn by default, and at most where recency is to weigh them."""
WANTED_USERS = 200
"""Fewer test users are not a result."""


def propose_settings(
    shape: Shape, nodes: Mapping[str, Guess], edges: Sequence[Guess], kinds: Kinds
) -> dict[str, Guess]:
    """Return the sections below nodes and edges."""
    dated = is_dated(shape, kinds)
    test = any(edge.values.get("split") == "test" for edge in edges)
    flit = nodes["flit"].values
    content = bool(flit.get("text") or flit.get("image") or flit.get("numeric") or flit.get("categorical"))
    split = _split(shape, kinds, dated=dated, test=test, content=content)
    return {
        "features": _features(flit),
        "model": _model(content=content, dated=dated),
        "training": _training(split, content=content),
        "interests": _interests(span_days(shape, kinds) if dated else None),
        "retrieval": _retrieval(max(key.column.distinct for key in _flits(shape)), content=content, dated=dated),
        "evaluation": split,
    }


def _features(flit: Mapping[str, object]) -> Guess:
    guess = Guess()
    text = bool(flit.get("text"))
    guess.set("text", {"encoder": "transformer" if text else "none"},
              "needs a sentence model on this machine; `tfidf` needs none" if text else "no text")  # fmt: skip
    guess.set("image", {"encoder": "handcrafted" if flit.get("image") else "none"})
    return guess


def _model(*, content: bool, dated: bool) -> Guess:
    guess = Guess()
    guess.set("preset", "pinsage")
    guess.set("positives", {"next_action": 1.0, "actions": 1.0})
    if not content:
        guess.set("id_vectors", True, "nothing else tells one flit from another")
    elif not dated:
        guess.set("id_vectors", True, "flits live long here: a vector of their own pays off")
    return guess


def _training(split: Guess, *, content: bool) -> Guess:
    guess = Guess()
    guess.set("epochs", 10)
    guess.set("learning_rate", 0.002 if content else 0.001)
    if split.values["split"]["kind"] == "time":
        guess.set("window_days", split.values["split"]["test_days"], "as long as the test window")
    if not content:
        guess.set("content_only_share", 0.0, "there is no content to fall back on")
    return guess


def _interests(span: float | None) -> Guess:
    guess = Guess()
    if span is None:
        guess.set("window_days", None, "actions are undated")
    elif span > LONG_DAYS:
        guess.set("window_days", None, f"the log runs over {span:,.0f} days: old actions still tell")
        guess.set("decay_per_day", 0.001)
    else:
        guess.set("window_days", 90, "older actions say little")
    return guess


def _flits(shape: Shape) -> list[Key]:
    """Return the columns of logs that name flits."""
    ends = [pair for one in shape.pairs for pair in zip(one.ends, (one.source, one.target), strict=True)]
    return [key for entity, key in ends if shape.types[entity.word] == "flit"]


def _retrieval(flits: int, *, content: bool, dated: bool) -> Guess:
    guess = Guess()
    if dated and not content and flits > CANDIDATES[0]:
        guess.set(
            "candidates", min(flits, CANDIDATES[1]), "without content recency weighs most: let it weigh more flits"
        )
    guess.set("cold_share", "auto" if content else 0.0, "chosen on the validation window" if content else
              "without content nothing speaks for a flit that nobody has met")  # fmt: skip
    return guess


def _split(shape: Shape, kinds: Kinds, *, dated: bool, test: bool, content: bool) -> Guess:
    """Choose what is held out: given test tables, the newest days, or an action of each user."""
    guess = Guess()
    if test:
        guess.set("split", {"kind": "given"}, "there is a test table")
    elif dated:
        days, why = _test_days(shape, kinds)
        guess.set("split", {"kind": "time", "test_days": days} if days else {"kind": "leave_one_out"}, why)
    else:
        items = {"held_out_items": 0.1} if content else {}
        why = "actions are undated: a random one of every user"
        guess.set(
            "split", {"kind": "leave_one_out", **items}, f"{why}, and a tenth of the flits whole" if items else why
        )
    guess.set("k", [10, 50])
    timed = ["recent_popular", "last_action"] if dated else []
    guess.set(
        "baselines", ["popular", *timed, "decayed_average", *(["content_knn"] if content else []), "als", "walks"]
    )
    return guess


def _test_days(shape: Shape, kinds: Kinds) -> tuple[int, str]:
    """Return a test window with enough users, and why; 0 where none of a fifth of the log has them."""
    pair, span = main_log(shape), span_days(shape, kinds)
    told = kinds[pair.table.name]
    name = time_of(told) or ""
    at = in_seconds(pl.col(name), told[name].detail)
    frame = pair.table.found.scan().select(user=pl.col(pair.source.column.name), at=at).drop_nulls()
    newest = frame.select(pl.col("at").max()).collect().item()
    for days in (one for one in TEST_DAYS if one <= span / 5):
        recent = frame.filter(pl.col("at") > newest - days * DAY_S)
        users = int(recent.select(pl.col("user").n_unique()).collect().item())
        if users >= WANTED_USERS:
            return days, f"the newest {days} of {span:,.0f} days: {users:,} users acted in them"
    return 0, f"no window of a fifth of these {span:,.0f} days has {WANTED_USERS} users: each user's newest action"
