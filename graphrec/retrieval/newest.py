"""What a user did and hid since the version: actions by id, brought to rows and into his interests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphrec.arrays import BoolVector
from graphrec.errors import ConfigError
from graphrec.history import Actions
from graphrec.ids import Id, IdMap
from graphrec.interests import UserInterests, fold, lower_newest
from graphrec.retrieval.bundle import Bundle


@dataclass(frozen=True)
class Action:
    """One action since the version.

    Attributes:
        flit: Whom it was on.
        time_s: When, seconds since 1970 UTC; ``None`` takes the version's "now".
        weight: As the config weighs its kind. Below 0, he hid the flit: it does not come back, and its weight speaks
            against the interest that it belongs to.
    """

    flit: Id
    time_s: int | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weight) and self.weight):
            raise ConfigError(f"Action.weight must be a number other than 0 (got {self.weight}); leave the action out")


def actions_of(newest: Sequence[Action], flits: IdMap, as_of_s: int | None) -> Actions:
    """Return actions as rows, oldest first, equal times in the order given.

    Args:
        newest: The actions.
        flits: Ids of the flits.
        as_of_s: "Now" of the version; ``None`` for undated data, where times say nothing.

    Raises:
        UnknownIdError: If a flit is unknown.
    """
    rows = flits.rows([one.flit for one in newest])
    weight = np.array([one.weight for one in newest], dtype=np.float32)
    if as_of_s is None:
        return Actions(rows, None, weight)
    times = np.array([as_of_s if one.time_s is None else one.time_s for one in newest], dtype=np.int64)
    order = np.argsort(times, kind="stable")
    return Actions(rows[order], times[order], weight[order])


def folded(own: UserInterests, acted: Actions, bundle: Bundle) -> UserInterests:
    """Return a user's interests with what he did and hid since the version in them, at the time of the last action."""
    as_of_s = bundle.settings.as_of_s
    now_s = None if as_of_s is None or acted.time_s is None else max(as_of_s, int(acted.time_s[-1]))
    liked, hid = parted(acted)
    vectors, config = bundle.flit_vectors, bundle.settings.interests
    own = fold(own, liked, vectors, config, as_of_s=as_of_s, now_s=now_s)
    return lower_newest(own, hid, vectors, config, now_s=now_s)


def parted(acted: Actions) -> tuple[Actions, Actions]:
    """Return what was liked and what was hidden, the latter with weights above 0."""
    liked = acted.weight > 0
    hid = _where(acted, ~liked)
    return _where(acted, liked), hid._replace(weight=-hid.weight)


def _where(acted: Actions, keep: BoolVector) -> Actions:
    return Actions(acted.rows[keep], None if acted.time_s is None else acted.time_s[keep], acted.weight[keep])


def joined(before: Actions, since: Actions) -> Actions:
    """Return the actions of before and since as one; without times where one side has none."""
    times = None
    if before.time_s is not None and since.time_s is not None:
        times = np.concatenate([before.time_s, since.time_s])
    return Actions(np.concatenate([before.rows, since.rows]), times, np.concatenate([before.weight, since.weight]))
