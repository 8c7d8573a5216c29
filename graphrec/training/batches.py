"""Batches: positive pairs of one snapshot, negatives shared by all of them, hard negatives per query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from graphrec.arrays import RowVector, spans
from graphrec.training.hard import Bands
from graphrec.training.positives import Positives
from graphrec.training.snapshots import Snapshot


@dataclass(frozen=True)
class Batch:
    """Pairs of one kind, with negatives of the targets' type.

    Attributes:
        pairs: The positives of this batch.
        negatives: Rows shared by the whole batch, int32 ``[num_negatives]``.
        expected: How often each negative was expected to be drawn, float64 ``[num_negatives]``.
        hard: Rows per query from its PageRank band, int32 ``[num_pairs, num_hard]``, padded with -1.
    """

    pairs: Positives
    negatives: RowVector
    expected: npt.NDArray[np.float64]
    hard: npt.NDArray[np.int32]

    def share(self, rank: int, size: int) -> "Batch":
        """Return every ``size``-th pair from number ``rank`` on; a batch with fewer pairs than ``size`` stays whole."""
        chosen = np.arange(len(self.pairs.query_rows))
        if size == 1 or len(chosen) < size:
            return self
        return replace(self, pairs=_select(self.pairs, chosen[rank::size]), hard=self.hard[rank::size])


def epoch_batches(
    snapshots: list[Snapshot],
    bands: Sequence[Bands],
    *,
    batch_size: int,
    num_negatives: int,
    num_hard: int,
    rng: np.random.Generator,
) -> Iterator[tuple[Snapshot, list[Batch]]]:
    """Yield the steps of one epoch in random order; each step holds pairs of one snapshot.

    A step takes ``batch_size`` pairs over the snapshot's kinds of positives, in proportion to how many there are.

    Args:
        snapshots: The pasts to train on.
        bands: Per snapshot, where hard negatives come from.
        batch_size: Pairs a step.
        num_negatives: Shared negatives a step.
        num_hard: Hard negatives per pair; 0 for none.
        rng: Source of order and negatives.
    """
    steps = [
        (number, part) for number, snapshot in enumerate(snapshots) for part in range(_num_steps(snapshot, batch_size))
    ]
    drawn = [[kind.drawn(rng) for kind in snapshot.positives] for snapshot in snapshots]
    orders = [[rng.permutation(len(kind.query_rows)) for kind in snapshot.positives] for snapshot in snapshots]
    for place in rng.permutation(len(steps)):
        number, part = steps[place]
        snapshot = snapshots[number]
        total = _num_steps(snapshot, batch_size)
        places = rng.choice(len(snapshot.candidates), size=num_negatives, p=snapshot.chance)
        negatives, expected = snapshot.candidates[places], num_negatives * snapshot.chance[places]
        batches = []
        for kind, order in zip(drawn[number], orders[number], strict=True):
            chosen = order[part::total]
            if len(chosen):
                pairs = _select(kind, chosen)
                batches.append(Batch(pairs, negatives, expected, _draw_hard(bands[number], pairs, num_hard, rng)))
        if batches:  # a snapshot may hold no pair of the wanted kinds
            yield snapshot, batches


def _num_steps(snapshot: Snapshot, batch_size: int) -> int:
    """Return how many steps one snapshot's pairs fill."""
    pairs = sum(len(kind.query_rows) for kind in snapshot.positives)
    return max(1, round(pairs / batch_size))


def _select(kind: Positives, chosen: npt.NDArray[np.int64]) -> Positives:
    """Return some of the pairs."""
    query, target = kind.query_rows[chosen], kind.target_rows[chosen]
    return Positives(kind.name, kind.weight, kind.query_type, query, kind.target_type, target)


def _draw_hard(bands: Bands, pairs: Positives, num_hard: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """Draw hard negatives for each query from its band."""
    if not num_hard:
        return np.zeros((len(pairs.query_rows), 0), dtype=np.int32)
    rows = bands[pairs.query_type].of(pairs.query_rows)
    places = rng.integers(rows.shape[1], size=(len(rows), num_hard))
    return np.take_along_axis(rows, places, axis=1)


def false_negatives(pairs: Positives, negatives: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Return where a negative is one of the query's own positives in this batch.

    Args:
        pairs: The positives.
        negatives: Shared rows ``[num_negatives]``, or rows per pair ``[num_pairs, num_hard]``.

    Returns:
        True at accidental hits, bool ``[num_pairs, num_negatives]``.
    """
    if negatives.ndim == 1:
        return _shared_false_negatives(pairs, negatives)
    base = np.int64(max(pairs.target_rows.max(initial=0), negatives.max(initial=0)) + 1)
    known = np.unique(pairs.query_rows.astype(np.int64) * base + pairs.target_rows)
    return np.isin(pairs.query_rows.astype(np.int64)[:, None] * base + negatives, known) | (negatives < 0)


def _shared_false_negatives(pairs: Positives, negatives: RowVector) -> npt.NDArray[np.bool_]:
    """Return the same for shared rows: each target marks its columns in its query's row, nothing else is looked at."""
    queries, place = np.unique(pairs.query_rows, return_inverse=True)
    order = np.argsort(negatives)
    ordered = negatives[order]
    first, last = (np.searchsorted(ordered, pairs.target_rows, side) for side in ("left", "right"))
    columns = order[spans(first, last)[0]]
    hit = np.zeros((len(queries), len(negatives)), dtype=np.bool_)
    hit[np.repeat(place, last - first), columns] = True
    return hit[place]
