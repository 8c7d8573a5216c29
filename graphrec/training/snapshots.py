"""Snapshots: what a model sees of the past, and the actions after it that supervise it.

Supervision edges are kept out of message passing by construction: a snapshot's graph ends where its positives begin.
That is also the situation the model is served in, so it learns to predict from a past, for new flits too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse

from graphrec.arrays import FloatVector, RowVector
from graphrec.engine import LOCAL, Engine
from graphrec.errors import DataError
from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph, Triplet
from graphrec.graph.neighbourhoods import NeighbourhoodConfig, Neighbourhoods, build_neighbourhoods
from graphrec.graph.pasts import action_pairs
from graphrec.graph.split import Split, action_triplets, action_types, actions_of, split_at, without_pairs
from graphrec.history import DAY_S
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.tables.clean import Tables
from graphrec.training.config import TrainingConfig
from graphrec.training.positives import Positives, positives_of


@dataclass(frozen=True)
class PastGraph:
    """A past as a model sees it.

    Attributes:
        neighbourhoods: Neighbourhoods in its graph.
        log_degree: Node type to ``log(1 + degree)``, float32 ``[num_nodes]``.
        acted: Who acted on what, as ones: CSR ``[num_users, num_flits]``, each pair once.
        user_type: Node type of the users.
        flit_type: Node type of the flits.
    """

    neighbourhoods: Neighbourhoods
    log_degree: Mapping[str, FloatVector]
    acted: scipy.sparse.csr_array
    user_type: str
    flit_type: str

    @classmethod
    def of(cls, graph: InteractionGraph, neighbourhoods: Neighbourhoods, actions: Sequence[Triplet]) -> "PastGraph":
        """Return a graph as a model sees it.

        Args:
            graph: The graph.
            neighbourhoods: Its walks.
            actions: The relations that are actions.

        Raises:
            DataError: If the graph holds no action.
        """
        ((user_type, _, flit_type), *_) = actions
        return cls(neighbourhoods, log_degrees(graph), action_pairs(graph, actions), user_type, flit_type)


@dataclass(frozen=True)
class Snapshot(PastGraph):
    """One past and the positives that follow it.

    Attributes:
        positives: What supervises.
        candidates: Rows of the flits that negatives are drawn from, int32.
        chance: Chance of each candidate to be drawn, float64, summing to 1.
        split: The past and what is held out of it.
    """

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
        DataError: If no training window holds an action, or the one for validation none.
    """
    validation = validation_split(tables, config, end_s=end_s)
    if end_s is None or _undated(tables):
        return [_hide(tables, config, number) for number in range(1, config.windows + 1)], validation
    windows = [_window(tables, config, end_s, number) for number in range(config.windows, 0, -1)]
    train = [split for split in windows if split is not None]
    if not train:
        raise _too_long("a training and a validation window", config)
    return train, validation


def validation_split(tables: Tables, config: TrainingConfig, *, end_s: int | None) -> Split:
    """Return the split that validates, as :func:`training_splits` does: all that is read by what has no windows.

    Raises:
        DataError: If it holds no action, or nothing lies before it.
    """
    if end_s is None or _undated(tables):
        return _hide(tables, config, 0)
    split = _window(tables, config, end_s, 0)
    if split is None:
        raise _too_long("a past and a validation window", config)
    return split


def _undated(tables: Tables) -> bool:
    return bool(actions_of(tables)["time_s"].null_count())


def _window(tables: Tables, config: TrainingConfig, end_s: int, number: int) -> Split | None:
    """Return the split of a window, the newest being 0; ``None`` where nothing lies before it or no action in it."""
    length = round(config.window_days * DAY_S)
    start = end_s - length * (number + 1)
    oldest = actions_of(tables)["time_s"].min()
    if not isinstance(oldest, int) or start <= oldest:
        return None
    split = split_at(tables, start, start + length)
    return split if split.test.height else None


def _too_long(wanted: str, config: TrainingConfig) -> DataError:
    return DataError(
        f"training.window_days must leave {wanted} with actions (got {config.window_days}); shorten the window"
    )


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
    model: PinSageConfig,
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
    drawn = build_neighbourhoods(graph, neighbourhoods, engine=engine)
    past = PastGraph.of(graph, drawn, action_triplets(split.train))
    candidates = _known_by(split)
    positives = tuple(positives_of(tables, split, model))
    chance = _chance(positives, candidates, model.negative_power)
    return Snapshot(**vars(past), positives=positives, candidates=candidates, chance=chance, split=split)


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


def build_snapshots(
    tables: Tables,
    neighbourhoods: NeighbourhoodConfig,
    model: PinSageConfig,
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
