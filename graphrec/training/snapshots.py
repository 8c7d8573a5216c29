"""Snapshots: what a model sees of the past, and the actions after it that supervise it.

Supervision edges are kept out of message passing by construction: a snapshot's graph ends where its positives begin.
That is also the situation the model is served in, so it learns to predict from a past, for new flits too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from graphrec.arrays import FloatVector, RowVector
from graphrec.engine import LOCAL, Engine
from graphrec.errors import ConfigError, DataError
from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.neighbourhoods import NeighbourhoodConfig, Neighbourhoods, build_neighbourhoods
from graphrec.graph.split import Split, action_types, actions_of, split_at, without_pairs
from graphrec.history import DAY_S
from graphrec.models.config import ModelConfig, TrainingConfig
from graphrec.tables.clean import Edges, Tables


@dataclass(frozen=True)
class Positives:
    """Pairs to pull together.

    Attributes:
        name: Which kind of positive.
        weight: Its share of the loss.
        query_type: Node type of the queries.
        query_rows: int32 ``[num_pairs]``.
        target_type: Node type of the targets.
        target_rows: int32 ``[num_pairs]``.
        choices: Where several queries would do, all of them, int32 ``[num_pairs, most]`` padded with -1 at the end;
            ``query_rows`` is the first. Each epoch draws anew.
    """

    name: str
    weight: float
    query_type: str
    query_rows: RowVector
    target_type: str
    target_rows: RowVector
    choices: npt.NDArray[np.int32] | None = None

    def drawn(self, rng: np.random.Generator) -> "Positives":
        """Return the pairs with one of the possible queries each."""
        if self.choices is None:
            return self
        number = (self.choices >= 0).sum(axis=1)
        places = (rng.random(len(number)) * number).astype(np.int64)
        return replace(self, query_rows=self.choices[np.arange(len(number)), places], choices=None)


@dataclass(frozen=True)
class Snapshot:
    """One past and the positives that follow it.

    Attributes:
        neighbourhoods: Neighbourhoods in the graph of the past.
        log_degree: Node type to ``log(1 + degree)``, float32 ``[num_nodes]``.
        positives: What supervises.
        candidates: Rows of the flits that negatives are drawn from, int32.
        chance: Chance of each candidate to be drawn, float64, summing to 1.
        split: The past and what is held out of it.
    """

    neighbourhoods: Neighbourhoods
    log_degree: Mapping[str, FloatVector]
    positives: tuple[Positives, ...]
    candidates: RowVector
    chance: npt.NDArray[np.float64]
    split: Split


def log_degrees(graph: InteractionGraph) -> dict[str, FloatVector]:
    """Return ``log(1 + degree)`` of every node by type, float32 ``[num_nodes]``."""
    return {t: np.log1p(graph.degrees(t)).astype(np.float32) for t in graph.num_nodes}


def training_splits(tables: Tables, config: TrainingConfig, *, end_s: int | None) -> tuple[list[Split], Split]:
    """Return the splits that train, oldest first, and the one that validates.

    Dated tables: windows of ``window_days`` before ``end_s``, the newest for validation. Undated tables: each split
    hides a random share of the actions and of the flits whole.

    Raises:
        DataError: If no window holds an action.
    """
    if end_s is None or actions_of(tables)["time_s"].null_count():
        splits = [_hide(tables, config, number) for number in range(config.windows + 1)]
        return splits[1:], splits[0]
    length = round(config.window_days * DAY_S)
    starts = [end_s - length * (number + 1) for number in range(config.windows + 1)]
    oldest = actions_of(tables)["time_s"].min()
    splits = [split_at(tables, at, at + length) for at in starts if isinstance(oldest, int) and at > oldest]
    train = [split for split in reversed(splits[1:]) if split.test.height]
    if not train or not splits[0].test.height:
        raise DataError(
            "training.window_days must leave a training and a validation window with actions "
            f"(got {config.window_days}); shorten the window"
        )
    return train, splits[0]


def _hide(tables: Tables, config: TrainingConfig, number: int) -> Split:
    """Hide a random share of actions, and a share of flits whole, from undated tables."""
    _, flit_type = action_types(tables)
    rng = np.random.default_rng([config.seed, number])
    actions = actions_of(tables)
    cold = rng.random(tables.nodes[flit_type].height) < config.hidden_share
    hidden = (rng.random(actions.height) < config.hidden_share) | cold[actions["flit_row"].to_numpy()]
    pairs = actions.filter(pl.Series(hidden)).select("user_row", "flit_row").unique().sort("user_row", "flit_row")
    available = np.ones(len(cold), dtype=np.bool_)
    return Split(without_pairs(tables, pairs), pairs, available, None)


def build_snapshot(
    tables: Tables,
    split: Split,
    neighbourhoods: NeighbourhoodConfig,
    model: ModelConfig,
    *,
    engine: Engine = LOCAL,
) -> Snapshot:
    """Build graph, neighbourhoods and positives of one split.

    Args:
        tables: All tables the model may learn from (the split's positives are looked up here).
        split: Past and held-out pairs.
        neighbourhoods: Walk settings.
        model: Which positives are wanted.
        engine: Where the walks run.
    """
    graph = build_graph(split.train, as_of_s=split.at_s)
    candidates = _known_by(split)
    positives = tuple(_positives(tables, split, model))
    return Snapshot(
        neighbourhoods=build_neighbourhoods(graph, neighbourhoods, engine=engine),
        log_degree=log_degrees(graph),
        positives=positives,
        candidates=candidates,
        chance=_chance(positives, candidates, model.negative_power),
        split=split,
    )


def _known_by(split: Split) -> RowVector:
    """Return the flits that existed at the split, and those that held-out actions are on."""
    known = split.available.copy()
    known[split.test["flit_row"].to_numpy()] = True
    return np.flatnonzero(known).astype(np.int32)


def _chance(positives: Sequence[Positives], candidates: RowVector, power: float) -> npt.NDArray[np.float64]:
    """Return each candidate's chance to be a negative: in proportion to (its positives) ** power."""
    width = int(candidates.max(initial=0)) + 1
    counts = np.zeros(width)
    for kind in positives:
        counts += np.bincount(kind.target_rows, minlength=width)[:width]
    raised = counts[candidates] ** power
    return raised / raised.sum() if raised.sum() > 0 else np.full(len(candidates), 1 / max(len(candidates), 1))


def _positives(tables: Tables, split: Split, model: ModelConfig) -> Iterable[Positives]:
    """Yield each configured kind of positive among the held-out pairs."""
    user_type, flit_type = action_types(tables)
    relations: dict[str, list[Edges]] = {}
    for edges in tables.edges:
        if edges.config.role == "action" and edges.config.split == "auto":
            relations.setdefault(edges.config.relation, []).append(edges)
    for name, weight in model.positives.items():
        if name == "next_action":
            choices, target = next_actions(actions_of(tables), split.test, most=model.query_window)
            yield Positives(name, weight, flit_type, choices[:, 0], flit_type, target, choices)
            continue
        if name != "actions" and name not in relations:
            raise ConfigError(
                f"model.positives must name 'next_action', 'actions' or an action relation (got {name!r}, have "
                f"{', '.join(relations)})"
            )
        pairs = split.test if name == "actions" else _pairs_of(relations[name], split.test)
        yield Positives(name, weight, user_type, _rows(pairs, "user_row"), flit_type, _rows(pairs, "flit_row"))


def _pairs_of(tables: Sequence[Edges], held: pl.DataFrame) -> pl.DataFrame:
    """Return the held-out pairs that stand in one relation, whichever of its tables holds them."""
    pairs = pl.concat([edges.frame.select("source_row", "target_row") for edges in tables])
    pairs = pairs.rename({"source_row": "user_row", "target_row": "flit_row"})
    return held.join(pairs.unique(), on=["user_row", "flit_row"], how="semi", maintain_order="left")


def next_actions(actions: pl.DataFrame, held: pl.DataFrame, *, most: int) -> tuple[npt.NDArray[np.int32], RowVector]:
    """Return held-out flits and the same user's actions just before them.

    Undated actions have no order: the others then stand in a random order, drawn by a fixed seed.

    Args:
        actions: As :func:`graphrec.graph.split.actions_of` gives them.
        held: Held-out ``user_row``, ``flit_row``.
        most: How many actions before, the newest first.

    Returns:
        Flits before, int32 ``[num_pairs, most]`` padded with -1, and the held-out flits, int32 ``[num_pairs]``; a pair
        with nothing before it is left out.
    """
    if actions["time_s"].null_count():
        shuffle = np.random.default_rng(0).random(actions.height)
        actions = actions.with_columns(pl.Series("order", shuffle)).sort("user_row", "order")
    actions = actions.unique(["user_row", "flit_row"], keep="first", maintain_order=True)
    before = [pl.col("flit_row").shift(n).over("user_row").alias(f"before_{n}") for n in range(1, most + 1)]
    pairs = held.join(actions.with_columns(before), on=["user_row", "flit_row"], how="left", maintain_order="left")
    pairs = pairs.drop_nulls("before_1")
    choices = pairs.select(f"before_{n}" for n in range(1, most + 1)).fill_null(-1)
    return choices.to_numpy().astype(np.int32).reshape(pairs.height, most), _rows(pairs, "flit_row")


def _rows(frame: pl.DataFrame, column: str) -> RowVector:
    """Return a column of rows as int32."""
    return np.asarray(frame[column].to_numpy(), dtype=np.int32)


def build_snapshots(
    tables: Tables,
    neighbourhoods: NeighbourhoodConfig,
    model: ModelConfig,
    training: TrainingConfig,
    *,
    end_s: int | None,
    engine: Engine = LOCAL,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Snapshot], Snapshot]:
    """Build the snapshots that train, oldest first, and the one that validates.

    Args:
        tables: Tables up to ``end_s``.
        neighbourhoods: Walk settings.
        model: Which positives are wanted.
        training: Number and length of windows.
        end_s: Where the newest window ends; ``None`` for undated tables.
        engine: Where the walks run.
        on_progress: Called with snapshots done and in all.

    Raises:
        ConfigError: If a kind of positive is unknown.
        DataError: If no window holds an action, or no pair of the wanted kinds.
    """
    train, validation = training_splits(tables, training, end_s=end_s)
    snapshots = []
    for number, split in enumerate([*train, validation]):
        snapshots.append(build_snapshot(tables, split, neighbourhoods, model, engine=engine))
        if on_progress is not None:
            on_progress(number + 1, len(train) + 1)
    if not any(len(kind.query_rows) for snapshot in snapshots[:-1] for kind in snapshot.positives):
        raise DataError(
            f"model.positives must find pairs in a training window (got none of {', '.join(model.positives)}); "
            "name a more frequent kind or widen training.window_days"
        )
    return snapshots[:-1], snapshots[-1]
