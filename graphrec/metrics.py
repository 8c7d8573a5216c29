"""How good lists of recommendations are, and how sure one can be of it: plain array functions.

Lists are int32 ``[users, depth]``, best first, padded with -1 where a list is short; a missing place is a miss. What is
held out comes as CSR (``indptr``, ``rows``), each row once per user. Ranking figures are float64 ``[users]``, NaN for a
user without held-out rows: he is left out of every mean.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, IntVector, RowVector
from graphrec.errors import ConfigError, DataError, ShapeError

Doubles = npt.NDArray[np.float64]
"""float64 of any shape."""
RANKING = ("recall", "ndcg", "mrr", "hit_rate", "precision")
"""The ranking figures, by the names of their functions."""
_RESAMPLED_AT_ONCE = 4_000_000


class Interval(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def find_hits(recommended: RowVector, indptr: IntVector, rows: RowVector) -> BoolVector:
    """Return which recommendations are among the held-out rows of their user.

    Args:
        recommended: int32 ``[users, depth]``, -1 where a list is short.
        indptr: Offsets of the held-out rows, int64 ``[users + 1]``.
        rows: Held-out rows, int32, each once per user, in any order.

    Returns:
        bool ``[users, depth]``.

    Raises:
        ShapeError: If the shapes disagree.
        DataError: If a list names a row twice, or a user's held-out rows hold one twice.
    """
    if recommended.ndim != 2 or len(indptr) != len(recommended) + 1 or indptr[-1] != len(rows):
        raise ShapeError(
            f"recommended must be [users, depth] beside indptr [users + 1] and rows [indptr[-1]] "
            f"(got {list(recommended.shape)}, {list(indptr.shape)}, {list(rows.shape)})"
        )
    check_unique(recommended)
    width = 1 + max(int(recommended.max(initial=0)), int(rows.max(initial=0)))
    truth = np.sort(np.repeat(np.arange(len(recommended)) * width, np.diff(indptr)) + rows)
    if (truth[1:] == truth[:-1]).any():
        raise DataError("held-out rows must stand once per user (got a row twice); make them unique")
    asked = np.arange(len(recommended))[:, None] * width + recommended
    place = np.searchsorted(truth, asked)
    found = np.append(truth, -1)[place] == asked
    return np.asarray(found & (recommended >= 0), dtype=np.bool_)


def check_unique(recommended: RowVector) -> None:
    """Raise DataError where a list of ``recommended`` (``[users, depth]``) names a row twice; -1 may repeat."""
    ordered = np.sort(recommended, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if twice.any():
        lists = int(twice.any(axis=1).sum())
        raise DataError(f"recommended must name a row once per list (got {lists} lists that repeat one)")


def recall(hits: BoolVector, sizes: IntVector, k: int) -> Doubles:
    """Return per user the share of held-out rows among the first ``k``: hits / number of held-out rows.

    Args:
        hits: bool ``[users, depth]`` from :func:`find_hits`.
        sizes: Number of held-out rows, int64 ``[users]``.
        k: Cut; lists shorter than ``k`` count as padded.
    """
    return _share(_first(hits, k).sum(axis=1), sizes, sizes)


def precision(hits: BoolVector, sizes: IntVector, k: int) -> Doubles:
    """Return per user the share of the first ``k`` places that hit: hits / k (arguments as :func:`recall`)."""
    return _share(_first(hits, k).sum(axis=1), np.full(len(sizes), k), sizes)


def hit_rate(hits: BoolVector, sizes: IntVector, k: int) -> Doubles:
    """Return per user 1 where any of the first ``k`` hits, else 0 (arguments as :func:`recall`)."""
    return _share(_first(hits, k).max(axis=1, initial=False), np.ones(len(sizes)), sizes)


def mrr(hits: BoolVector, sizes: IntVector, k: int) -> Doubles:
    """Return per user 1 / place of the first hit among the first ``k``, 0 without (arguments as :func:`recall`)."""
    first = _first(hits, k)
    gains = first / np.arange(1, first.shape[1] + 1)
    return _share(gains.max(axis=1, initial=0.0), np.ones(len(sizes)), sizes)


def ndcg(hits: BoolVector, sizes: IntVector, k: int) -> Doubles:
    """Return per user the discounted gain over that of an ideal list, both cut at ``k``; gains are 0 or 1.

    Place p (from 0) is discounted by log2(p + 2); the ideal list starts with min(sizes, k) hits. Arguments as
    :func:`recall`.
    """
    first = _first(hits, k)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])
    return _share(first @ discount[: first.shape[1]], ideal[np.minimum(sizes, k)], sizes)


def ranking(hits: BoolVector, sizes: IntVector, k: int) -> dict[str, Doubles]:
    """Return all of :data:`RANKING` by name, float64 ``[users]`` each (arguments as :func:`recall`)."""
    return {one.__name__: one(hits, sizes, k) for one in (recall, ndcg, mrr, hit_rate, precision)}


def _first(hits: BoolVector, k: int) -> BoolVector:
    if k < 1:
        raise ConfigError(f"k must be 1 or more (got {k})")
    return hits[:, :k]


def _share(numerator: npt.NDArray[Any], denominator: npt.NDArray[Any], sizes: IntVector) -> Doubles:
    """Return the quotient, NaN where a user has nothing held out."""
    out = np.full(len(sizes), np.nan)
    np.divide(numerator, denominator, out=out, where=sizes > 0)
    return out


def exposure(recommended: RowVector, k: int, num_rows: int) -> IntVector:
    """Return how many lists show each row among their first ``k``, int64 ``[num_rows]``."""
    shown = recommended[:, :k]
    return np.bincount(shown[shown >= 0], minlength=num_rows).astype(np.int64)


def coverage(shown: IntVector) -> float:
    """Return the share of the catalogue that is shown to anybody; ``shown`` from :func:`exposure`."""
    return float((shown > 0).mean()) if len(shown) else float("nan")


def gini(shown: IntVector) -> float:
    """Return the Gini coefficient of exposure: 0 where all rows are shown alike, near 1 where few take everything."""
    n, total = len(shown), int(shown.sum())
    if not total:
        return float("nan")
    return float(2 * (np.arange(1, n + 1) @ np.sort(shown)) / (n * total) - (n + 1) / n)


def novelty(recommended: RowVector, counts: IntVector, k: int) -> Doubles:
    """Return per user the mean of -log2(popularity share) of the first ``k``: the surprise in bits.

    Args:
        recommended: int32 ``[users, depth]``, -1 where a list is short.
        counts: Training actions per row, int64 ``[num_rows]``. One pseudo-action each keeps new rows finite.
        k: Cut.

    Returns:
        float64 ``[users]``, NaN for an empty list.
    """
    bits = -np.log2((counts + 1) / (counts.sum() + len(counts)))
    shown = recommended[:, :k]
    known = shown >= 0
    return _share(np.where(known, bits[shown], 0.0).sum(axis=1), known.sum(axis=1), known.sum(axis=1))


def resampled_means(values: Doubles, seed: int, samples: int = 1000) -> Doubles:
    """Return the means of ``samples`` bootstrap resamples of the users, the same resamples for every column.

    Args:
        values: float64 ``[users, columns]`` without NaN.
        seed: Root of the resamples; the same seed and number of users draw the same users.
        samples: Number of resamples.

    Returns:
        float64 ``[samples, columns]``.
    """
    rng, n = np.random.Generator(np.random.PCG64(seed)), len(values)
    step, means = max(1, _RESAMPLED_AT_ONCE // n), []
    for start in range(0, samples, step):
        size = min(step, samples - start)
        drawn = rng.integers(0, n, size=(size, n), dtype=np.int64) + np.arange(size)[:, None] * n
        weights = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        means.append(weights @ values / n)
    return np.concatenate(means)


def intervals(values: Doubles, seed: int, samples: int = 1000) -> list[Interval]:
    """Return mean and 95 % percentile interval of every column of ``values`` (``[users, columns]``, no NaN)."""
    if not len(values):
        return [Interval(np.nan, np.nan, np.nan)] * values.shape[1]
    low, high = np.percentile(resampled_means(values, seed, samples), [2.5, 97.5], axis=0)
    columns = zip(values.mean(axis=0), low, high, strict=True)
    return [Interval(float(mean), float(one), float(other)) for mean, one, other in columns]


def bootstrap_mean(values: Doubles, seed: int, samples: int = 1000) -> Interval:
    """Return the mean of ``values`` (``[users]``; NaN left out) with its 95 % percentile bootstrap interval."""
    return intervals(values[~np.isnan(values)][:, None], seed, samples)[0]


def paired_bootstrap(a: Doubles, b: Doubles, seed: int, samples: int = 1000) -> Interval:
    """Return the mean of ``a - b`` over the users that have both, with its 95 % interval.

    Raises:
        ShapeError: If the two do not speak of the same users.
    """
    if a.shape != b.shape:
        raise ShapeError(f"a and b must be figures of the same users (got {list(a.shape)} and {list(b.shape)})")
    return bootstrap_mean(a - b, seed, samples)


def adjusted_rand(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Return the adjusted Rand index of two labellings of the same things: 1 the same, about 0 by chance.

    Hubert and Arabie, "Comparing partitions", Journal of Classification 2, 1985.

    Raises:
        ShapeError: If the two are not vectors of one length.
    """
    if a.ndim != 1 or a.shape != b.shape:
        raise ShapeError(f"labels must be two vectors of one length (got {list(a.shape)} and {list(b.shape)})")
    left, right = np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]
    cells = np.unique(left * (len(a) + 1) + right, return_counts=True)[1]
    together, in_a, in_b = (float((c * (c - 1.0)).sum() / 2) for c in (cells, np.bincount(left), np.bincount(right)))
    pairs = len(a) * (len(a) - 1) / 2
    expected = in_a * in_b / pairs if pairs else 0.0
    most = (in_a + in_b) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)
