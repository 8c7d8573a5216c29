"""From morning to morning: what is known, what every method draws, and how much of the day it brings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import polars as pl

from benchmarks.past import Past, new_pairs
from benchmarks.users import METHODS, Morning, queries_of
from graphrec.arrays import BoolVector, FloatMatrix, FloatVector, RowVector
from graphrec.config import RunConfig
from graphrec.errors import DataError
from graphrec.graph.build import build_graph
from graphrec.graph.split import Split, action_types, split_at, tables_before
from graphrec.interests import InterestConfig, resolve_interest_config
from graphrec.metrics import Doubles
from graphrec.pipeline import Runner
from graphrec.pipeline.assembly import history_of
from graphrec.pipeline.encoder import embed_graph
from graphrec.pipeline.line import Line

CHANCE = "flits at random"
DRAWN = (*METHODS, CHANCE)
"""Every row of the table: the methods, and what chance brings."""
NEAR = 0.8


@dataclass(frozen=True)
class Window:
    """What is replayed.

    Attributes:
        config: The data; its test window is what is replayed.
        budget: Flits drawn for a user on a morning.
        step: How far apart mornings are, as polars writes it.
    """

    config: RunConfig
    budget: int = 400
    step: str = "1d"


@dataclass(frozen=True)
class Days:
    """What the methods brought, one row per user and morning.

    Attributes:
        users: User of each row.
        recall: Method to the share of the day's new actions it drew.
        relevance: Method to the share that lies near something it drew.
        facts: What was replayed, by name.
    """

    users: RowVector
    recall: Mapping[str, Doubles]
    relevance: Mapping[str, Doubles]
    facts: Mapping[str, float]


def replay(window: Window) -> Days:
    """Walk through the test window, morning by morning."""
    line = Line(window.config, Runner.of(window.config))
    settings: InterestConfig | None = None
    rows: list[pl.DataFrame] = []
    counts = []
    for number, (at_s, until_s) in enumerate(pairwise(mornings(line, window.step))):
        split = split_at(line.known, at_s, until_s)
        past = Past.of(line.known, at_s)
        morning = morning_of(line, split, past, number, settings)
        settings = morning.settings
        rows.append(measured(morning, split, past, window.budget))
        counts.append((split.test.height, new_pairs(tables_before(line.known, until_s), split), past.published.sum()))
    found = pl.concat(rows)
    recall, relevance = (
        {name: found[f"{kind} {name}"].to_numpy() for name in DRAWN} for kind in ("recall", "relevance")
    )
    there, new, flits = np.sum(counts, axis=0)
    facts = {"mornings": len(counts), "budget": window.budget, "flits": flits / len(counts)}
    return Days(found["user"].to_numpy(), recall, relevance, {**facts, "not_there_share": 1 - there / new})


def mornings(line: Line, step: str) -> list[int]:
    """Return the instants between which the test window is walked, its begin and its end among them.

    Raises:
        DataError: If actions are undated, or steps do not fill the window.
    """
    start_s, end_s = line.split.at_s, line.as_of_s
    if start_s is None or end_s is None:
        raise DataError("replay must walk dated actions (got a split that is not by time)")
    start, end = (datetime.fromtimestamp(one, UTC) for one in (start_s, end_s))
    found = pl.datetime_range(start, end, step, eager=True).dt.epoch("s").to_list()
    if found[-1] != end_s:
        raise DataError(f"evaluation.split.test_days must be whole steps of {step} (got {end - start} from {start})")
    return found


def morning_of(line: Line, split: Split, past: Past, number: int, settings: InterestConfig | None) -> Morning:
    """Return what is known on a morning, nothing of it newer.

    Args:
        line: The trained model and its features.
        split: The morning's.
        past: What may be known.
        number: Of the morning, from 0.
        settings: Of the first morning; ``None`` on that one.

    Raises:
        DataError: On any leak.
    """
    past.check_edges(split.train)
    past.check_index(split.available)
    user_type, flit_type = action_types(split.train)
    graph, history = build_graph(split.train, as_of_s=past.at_s), history_of(split.train)
    past.check_counts(graph, history)
    vectors = embed_graph(line.model.path, line.features.path, graph, line.config.neighbourhoods).vectors
    flits = past.known(np.asarray(vectors[flit_type]))
    if settings is None:
        settings = resolve_interest_config(history, flits, line.config.interests, as_of_s=past.at_s)
    users = np.asarray(vectors[user_type])
    return Morning(history, flits, users, settings, past.published, past.at_s, seed=number)


def measured(morning: Morning, split: Split, past: Past, budget: int) -> pl.DataFrame:
    """Return recall and relevance of every method for every user who acts on something new that day."""
    day = split.test.group_by("user_row", maintain_order=True).agg(pl.col("flit_row").unique())
    lines = []
    for user, wanted in day.iter_rows():
        if not len(morning.interests.of(user).medoid):
            continue
        allowed = split.available.copy()
        allowed[morning.history.of(user).rows] = False
        truth, one = np.asarray(wanted, dtype=np.int32), {"user": user}
        for name in DRAWN:
            drawn = drawn_of(name, morning, past, user, allowed, budget)
            one[f"recall {name}"] = float(np.isin(truth, drawn).mean())
            near = (morning.flits[truth] @ morning.flits[drawn].T).max(axis=1, initial=-1.0) >= NEAR
            one[f"relevance {name}"] = float(near.mean())
        lines.append(one)
    return pl.DataFrame(lines)


def drawn_of(name: str, morning: Morning, past: Past, user: int, allowed: BoolVector, budget: int) -> RowVector:
    """Return the flits that a method of :data:`DRAWN` draws for a user, int32, at most ``budget``."""
    if name == CHANCE:
        rows = np.flatnonzero(allowed).astype(np.int32)
        return np.random.default_rng([morning.seed, user]).permutation(rows)[:budget]
    queries, share = queries_of(name, morning, user)
    past.check_queries(name, queries)
    return nearest(morning.flits, queries, share, allowed, budget)


def nearest(
    flits: FloatMatrix, queries: FloatMatrix, share: FloatVector, allowed: BoolVector, budget: int
) -> RowVector:
    """Return ``budget`` flits, each query bringing its share of them, nearest first, none twice.

    Args:
        flits: Unit vectors, float32 ``[num_flits, dim]``.
        queries: Vectors, float32 ``[queries, dim]``.
        share: Of the budget, ``[queries]``, summing to 1.
        allowed: Flits that may be drawn, bool ``[num_flits]``.
        budget: How many at most.
    """
    free = allowed.copy()
    found: list[RowVector] = []
    for number, query in enumerate(queries):
        count = round(budget * float(share[: number + 1].sum())) - sum(len(one) for one in found)
        rows = np.flatnonzero(free).astype(np.int32)
        scores = flits[rows] @ query
        best = rows[np.argpartition(-scores, min(count, len(rows) - 1))[:count]] if count > 0 else rows[:0]
        free[best] = False
        found.append(best)
    return np.concatenate(found).astype(np.int32)
