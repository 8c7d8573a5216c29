"""Measuring recommenders side by side on what was held out."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from graphrec import metrics
from graphrec.arrays import BoolVector, IntVector, RowVector
from graphrec.errors import ConfigError, DataError, ShapeError
from graphrec.evaluation.held import Held, check_no_leak
from graphrec.evaluation.recommender import Recommender
from graphrec.evaluation.report import DIFFERENCE_SCHEMA, FIGURE_SCHEMA, MIN_USERS, Evaluation, SliceFacts
from graphrec.history import History

log = logging.getLogger(__name__)
Slices = Mapping[str, tuple[str, Held]]
"""By name: what the slice is, and the truth restricted to it."""


def evaluate(
    recommenders: Mapping[str, Recommender | Sequence[Recommender]],
    held: Held,
    history: History,
    k: Sequence[int] = (10, 50),
    seed: int = 0,
    *,
    reference: str | None = None,
    slices: Slices | None = None,
    samples: int = 1000,
) -> Evaluation:
    """Ask every recommender for every user with anything held out, and measure all of them on the same users.

    Intervals are 95 % percentile bootstrap intervals over users; all methods of a slice are resampled together, so a
    difference to the reference is a paired one.

    Args:
        recommenders: By name. Each is asked once, for ``max(k)`` flits. Several under one name, such as trainings that
            differ by their seed, count as one method: each user's figures are the means of theirs, so that an interval
            tells the chance of users and not that of a single training.
        held: The truth.
        history: Training actions: cold, light and heavy are told from it.
        k: Cuts.
        seed: Root of the resamples.
        reference: Whom the others are compared to; default the first.
        slices: Slices to show instead of :meth:`Held.slices`.
        samples: Number of resamples.

    Raises:
        ConfigError: If there is nothing to measure, or ``reference`` is no recommender.
        DataError: If training knows what is held out, or a recommender breaks :class:`Recommender`'s promise.
    """
    reference = _check_request(recommenders, k, reference)
    check_no_leak(history, held)
    trained = {name: list(one) if isinstance(one, Sequence) else [one] for name, one in recommenders.items()}
    lists = {name: [_ask(name, one, held, history, max(k)) for one in some] for name, some in trained.items()}
    cold = history.actions_per_flit(len(held.available)) == 0
    facts, figures, differences = {}, [], []
    for name, (what, part) in (slices or held.slices(history)).items():
        facts[name] = _facts(what, part, cold)
        if len(part.users):
            places = _places(held, name, part)
            some = {method: [rows[places] for rows in each] for method, each in lists.items()}
            found = _Slice(name, some, part, k, seed, samples)
            figures += found.figures()
            differences += found.differences(reference)
    figures += _catalogue_figures(lists, held, history, k, seed, samples)
    sizes = [{"slice": name, **one.counts()} for name, one in facts.items()]
    frame = pl.DataFrame(figures, schema=FIGURE_SCHEMA, orient="row")
    frame = frame.join(pl.DataFrame(sizes), on="slice", how="left", maintain_order="left")
    return Evaluation(
        frame=frame,
        differences=pl.DataFrame(differences, schema=DIFFERENCE_SCHEMA, orient="row"),
        slices=facts,
        settings={name: dict(getattr(one[0], "setting", {})) for name, one in trained.items()},
        dropped=dict(held.dropped),
        reference=reference,
    )


def _check_request(
    recommenders: Mapping[str, Recommender | Sequence[Recommender]], k: Sequence[int], reference: str | None
) -> str:
    empty = [name for name, one in recommenders.items() if isinstance(one, Sequence) and not one]
    if not recommenders or empty or not len(k) or min(k) < 1:
        raise ConfigError(
            f"evaluate must have a recommender under every name and cuts of 1 or more (got {len(recommenders)}, none "
            f"for {empty}, k {list(k)})"
        )
    reference = next(iter(recommenders)) if reference is None else reference
    if reference not in recommenders:
        raise ConfigError(f"evaluate.reference must be one of {list(recommenders)} (got {reference!r})")
    return reference


def _ask(name: str, recommender: Recommender, held: Held, history: History, depth: int) -> RowVector:
    """Return the lists of one recommender for ``held.users``, after checking that it kept its promise."""
    log.info("asking %s for %d flits for %d users", name, depth, len(held.users))
    rows = recommender.recommend(held.users, depth)
    if rows.shape != (len(held.users), depth) or rows.dtype != np.int32:
        wanted = f"int32 {[len(held.users), depth]}"
        raise ShapeError(f"{name}.recommend must return {wanted} (got {rows.dtype} {list(rows.shape)})")
    if rows.size and not -1 <= int(rows.min()) <= int(rows.max()) < len(held.available):
        raise DataError(f"{name}.recommend must return flit rows or -1 (got {rows.min()} .. {rows.max()})")
    metrics.check_unique(rows)
    there = rows >= 0
    absent = int((there & ~held.available[rows]).sum())
    pairs = (held.users[:, None].astype(np.int64) * len(held.available) + rows)[there]
    known = np.unique(history.users.astype(np.int64) * len(held.available) + history.rows)
    seen = int(np.isin(pairs, known).sum())
    if absent or seen:
        raise DataError(
            f"{name}.recommend must leave out seen flits and flits from after the split "
            f"(got {seen} seen, {absent} from after it); filter them before answering"
        )
    return rows


def _places(held: Held, name: str, part: Held) -> IntVector:
    """Return where the users of a slice stand among ``held.users``."""
    if not np.isin(part.users, held.users).all():
        raise ConfigError(f"slice {name!r} must be a part of what is held out; build it with only_flits or only_users")
    return np.searchsorted(held.users, part.users)


def _facts(what: str, part: Held, cold: BoolVector) -> SliceFacts:
    share = float(cold[part.rows].mean()) if part.num_events else 0.0
    return SliceFacts(what, len(part.users), part.num_events, share)


class _Slice:
    """All figures of one slice, resampled together.

    Args:
        name: The slice.
        lists: Recommendations by method, each training's int32 ``[part.users, depth]``.
        part: The truth of the slice.
        k: Cuts.
        seed: Root of the resamples.
        samples: Number of resamples.
    """

    def __init__(
        self, name: str, lists: Mapping[str, Sequence[RowVector]], part: Held, k: Sequence[int], seed: int, samples: int
    ) -> None:
        self.name, self.methods, self.users = name, list(lists), len(part.users)
        self.columns = [(metric, cut) for cut in k for metric in metrics.RANKING]
        sizes = part.sizes[part.users]

        def measured(rows: RowVector) -> metrics.Doubles:
            hits = metrics.find_hits(rows, *part.lists())
            found = {cut: metrics.ranking(hits, sizes, cut) for cut in k}
            return np.stack([found[cut][metric] for metric, cut in self.columns], axis=1)

        table = np.concatenate([np.mean([measured(rows) for rows in each], axis=0) for each in lists.values()], axis=1)
        shape = (-1, len(lists), len(self.columns))
        self.values = table.mean(axis=0).reshape(shape[1:])
        self.resamples = metrics.resampled_means(table, seed, samples).reshape(shape)

    def figures(self) -> list[tuple[Any, ...]]:
        """Return one row of :data:`FIGURE_SCHEMA` per method, metric and cut."""
        low, high = np.percentile(self.resamples, [2.5, 97.5], axis=0)
        return [
            (method, self.name, metric, cut, self.values[m, c], low[m, c], high[m, c])
            for m, method in enumerate(self.methods)
            for c, (metric, cut) in enumerate(self.columns)
        ]

    def differences(self, reference: str) -> list[tuple[Any, ...]]:
        """Return one row of :data:`DIFFERENCE_SCHEMA` per other method, metric and cut."""
        at = self.methods.index(reference)
        value = self.values - self.values[at]
        low, high = np.percentile(self.resamples - self.resamples[:, at : at + 1], [2.5, 97.5], axis=0)
        return [
            (method, reference, self.name, metric, cut, value[m, c], *interval, self._verdict(*interval))
            for m, method in enumerate(self.methods)
            if m != at
            for c, (metric, cut) in enumerate(self.columns)
            for interval in [(low[m, c], high[m, c])]
        ]

    def _verdict(self, low: float, high: float) -> str:
        if self.users < MIN_USERS:
            return "not a result"
        return "above" if low > 0 else "below" if high < 0 else "no difference"


def _catalogue_figures(
    lists: Mapping[str, Sequence[RowVector]], held: Held, history: History, k: Sequence[int], seed: int, samples: int
) -> list[tuple[Any, ...]]:
    """Return coverage, gini and novelty of every method and cut, over the flits that exist at the split."""
    num_flits = len(held.available)
    counts = history.actions_per_flit(num_flits)
    out: list[tuple[Any, ...]] = []
    for method, each in lists.items():
        for cut in k:
            shown = [metrics.exposure(rows, cut, num_flits)[held.available] for rows in each]
            novelty = np.mean([metrics.novelty(rows, counts, cut) for rows in each], axis=0)
            for metric, of in (("coverage", metrics.coverage), ("gini", metrics.gini)):
                out.append((method, "all", metric, cut, float(np.mean([of(one) for one in shown])), None, None))
            out.append((method, "all", "novelty", cut, *metrics.bootstrap_mean(novelty, seed, samples)))
    return out
