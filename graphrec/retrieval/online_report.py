"""Online against batch: how near folded interests came to those that the next version clustered anew."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from graphrec.arrays import FloatVector, RowVector
from graphrec.errors import DataError
from graphrec.history import Actions
from graphrec.interests import UserInterests
from graphrec.interests.online import NEWEST
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.newest import folded


@dataclass(frozen=True)
class OnlineReport:
    """Means over the users who acted between two versions.

    Attributes:
        users: How many they are.
        actions: Their actions between the versions that the older one could fold in.
        unfolded: Those it could not: older than the newest twenty, or on flits it does not know.
        agreement: Share of importance of the newer version's served interests that lie within the cut of a served
            folded one, medoid to medoid.
        cosine: Cosine of their medoids to the nearest folded one, weighed by importance.
        stale_agreement: The same share without folding: the older version's interests as they stood.
        stale_cosine: The same cosine without folding.
        most_interests: Interests kept of one user at most: the bounded state.
    """

    users: int
    actions: int
    unfolded: int
    agreement: float
    cosine: float
    stale_agreement: float
    stale_cosine: float
    most_interests: int

    def to_polars(self) -> pl.DataFrame:
        """Return ``interests`` (folded, as they stood), ``agreement`` and ``cosine``."""
        return pl.DataFrame(
            {
                "interests": ["folded online", "as they stood"],
                "agreement": [self.agreement, self.stale_agreement],
                "cosine": [self.cosine, self.stale_cosine],
            }
        )

    def to_dict(self) -> dict[str, float]:
        """Return plain values."""
        return asdict(self)


def compare_online(before: Bundle, after: Bundle) -> OnlineReport:
    """Fold what users did between two versions into the older one's interests, and compare with the newer one's.

    Served interests are compared, in the newer version's space. Users without interests on either side are left out.

    Args:
        before: The older version, dated.
        after: The newer one.

    Raises:
        DataError: If either is undated, ``after`` is not newer, or nobody acted in between.
    """
    since_s, until_s = before.settings.as_of_s, after.settings.as_of_s
    if since_s is None or until_s is None or since_s >= until_s:
        raise DataError(f"versions must be dated, the older first (got as_of {since_s} and {until_s})")
    to_after = _mapped(before, after, before.settings.flit_type)
    to_before = _mapped(after, before, before.settings.flit_type)
    rows = _mapped(before, after, before.settings.user_type)
    lines, counts, most = [], np.zeros(2, dtype=np.int64), 0
    for user in np.flatnonzero(rows >= 0):
        newest, left_out = _between(after, int(rows[user]), since_s, to_before)
        batch = _served(after, after.interests.of(int(rows[user])))
        if not len(newest.rows) or not len(batch[0]):
            continue
        stood = before.interests.of(int(user))
        online = folded(stood, newest, before)
        most = max(most, len(online.medoid))
        counts += (min(len(newest.rows), NEWEST), left_out + max(len(newest.rows) - NEWEST, 0))
        served = [_served(before, own)[0] for own in (online, stood)]
        lines.append([number for medoids in served for number in _met(after, batch, medoids, to_after)])
    if not lines:
        raise DataError("versions must have users who acted between them (got none); compare with a newer version")
    agreement, cosine, stale_agreement, stale_cosine = np.mean(lines, axis=0).tolist()
    return OnlineReport(
        len(lines), int(counts[0]), int(counts[1]), agreement, cosine, stale_agreement, stale_cosine, most
    )


def _mapped(one: Bundle, other: Bundle, node_type: str) -> RowVector:
    """Return the row in the other bundle of each node of the one, int32, -1 where it has none."""
    return other.ids[node_type].rows(one.ids[node_type].series, missing=-1)


def _between(after: Bundle, user: int, since_s: int, to_before: RowVector) -> tuple[Actions, int]:
    """Return a user's actions since the older version, in its rows, and how many it cannot know."""
    done = after.history.of(user)
    assert done.time_s is not None, "dated"
    new = done.time_s >= since_s
    rows = to_before[done.rows[new]]
    met = rows >= 0
    return Actions(rows[met], done.time_s[new][met], done.weight[new][met]), int((~met).sum())


def _served(bundle: Bundle, own: UserInterests) -> tuple[RowVector, FloatVector]:
    """Return medoids and importance of the interests that would answer, the most important ones."""
    most = bundle.settings.interests.served
    return own.medoid[:most], own.importance[:most]


def _met(
    after: Bundle, batch: tuple[RowVector, FloatVector], medoids: RowVector, to_after: RowVector
) -> tuple[float, float]:
    """Return how much of a batch's importance lies within the cut of some medoids, and its mean cosine to them."""
    known = to_after[medoids]
    known = known[known >= 0]
    if not len(known) or batch[1].sum() <= 0:
        return 0.0, 0.0
    cosine = (after.flit_vectors[batch[0]] @ after.flit_vectors[known].T).max(axis=1)
    cut = after.settings.interests.merge_cosine
    return float(np.average(cosine >= cut, weights=batch[1])), float(np.average(cosine, weights=batch[1]))
