"""Candidates of one user in rows, and what makes one list of several."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatVector, RowVector, among


@dataclass(frozen=True)
class Scored:
    """Candidates of one user, best first.

    Attributes:
        rows: Flits, int32 ``[n]``.
        scores: Higher is better, float32 ``[n]``.
        similarity: Cosine to the interest's medoid, float32 ``[n]`` (NaN where no interest brought the flit).
        interest: Position among the served interests, int32 ``[n]``, -1 where popularity brought the flit.
        factors: Deviations above the user's mean factor score, float32 ``[n]`` (NaN where popularity brought the flit).
    """

    rows: RowVector
    scores: FloatVector
    similarity: FloatVector
    interest: npt.NDArray[np.int32]
    factors: FloatVector

    def parts(self) -> tuple[npt.NDArray[Any], ...]:
        """Return rows, scores, similarity, interest and factors."""
        return self.rows, self.scores, self.similarity, self.interest, self.factors

    def take(self, places: npt.NDArray[np.int64]) -> "Scored":
        """Return the candidates at ``places``."""
        return Scored(*(part[places] for part in self.parts()))

    def head(self, k: int) -> "Scored":
        """Return the best ``k``."""
        return Scored(*(part[:k] for part in self.parts()))


def leave_out(rows: RowVector, excluded: RowVector, allowed: BoolVector) -> RowVector:
    """Return ``rows`` without the ``excluded`` (ascending) and what ``allowed`` (bool ``[num_flits]``) forbids."""
    rows = rows[allowed[rows]]
    return rows[~among(rows, excluded)]


def popular(by_prior: RowVector, prior: FloatVector, excluded: RowVector, allowed: BoolVector, k: int) -> Scored:
    """Return the ``k`` flits with the highest prior: the answer for somebody unknown, the filling of short lists.

    Args:
        by_prior: All flits, the highest prior first, int32 ``[num_flits]``.
        prior: float32 ``[num_flits]``.
        excluded: Flits that must not come, ascending, int32.
        allowed: Flits that may, bool ``[num_flits]``.
        k: How many.
    """
    parts, start, size = [by_prior[:0]], 0, k + len(excluded)
    while start < len(by_prior) and sum(map(len, parts)) < k:  # few are left out as a rule: one turn
        parts.append(leave_out(by_prior[start : start + size], excluded, allowed))
        start, size = start + size, 2 * size
    rows = np.concatenate(parts)[:k]
    nothing = np.full(len(rows), np.nan, dtype=np.float32)
    return Scored(rows, prior[rows], nothing, np.full(len(rows), -1, dtype=np.int32), nothing)


def order_of(prior: FloatVector) -> RowVector:
    """Return all rows, the highest prior first, equal ones by row, int32."""
    return np.argsort(-prior, kind="stable").astype(np.int32)


def fill(found: Scored, more: Scored, k: int) -> Scored:
    """Return ``found`` and, where it is shorter than ``k``, what ``more`` adds, scored below everything found."""
    missing = k - len(found.rows)
    if missing <= 0:
        return found.head(k)
    new = ~among(more.rows, np.sort(found.rows))
    rows, scores = more.rows[new][:missing], more.scores[new][:missing]
    floor = found.scores[-1] if len(found.scores) else np.float32(0)
    ceiling = scores[0] if len(scores) else np.float32(0)
    return Scored(
        np.concatenate([found.rows, rows]),
        np.concatenate([found.scores, floor - np.float32(1e-3) + (scores - ceiling)]),
        np.concatenate([found.similarity, more.similarity[new][:missing]]),
        np.concatenate([found.interest, more.interest[new][:missing]]),
        np.concatenate([found.factors, more.factors[new][:missing]]),
    )


def interleave(found: Scored, cold: Scored, share: float, k: int) -> Scored:
    """Return ``k`` candidates of which every ``1 / share``-th is the best cold one not yet in the list.

    Scores are those each candidate was ranked by; the order of the list is what counts.
    """
    places, first = int(k * share), found.rows[:k].tolist()
    safe = set(first[: k - places])
    new = list(islice((at for at, row in enumerate(cold.rows.tolist()) if row not in safe), places))
    promoted = set(cold.rows[new].tolist())
    others = [at for at, row in enumerate(first) if row not in promoted][: k - len(new)]
    order = np.array(_in_turn(others, [len(found.rows) + at for at in new], share), dtype=np.int64)
    return Scored(*(np.concatenate(pair)[order] for pair in zip(found.parts(), cold.parts(), strict=True)))


def _in_turn(others: list[int], new: list[int], share: float) -> list[int]:
    """Return both in one list, in which the i-th of ``new`` stands where ``i / share`` places are filled."""
    out: list[int] = []
    for number, one in enumerate(new, start=1):
        before = int(number / max(share, 1e-9) - 1) - len(out)
        out += [*others[:before], one]
        others = others[before:]
    return out + others
