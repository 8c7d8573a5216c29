"""Whoever asks: his interests, what he did, what he has seen."""

from dataclasses import dataclass

import numpy as np

from graphrec.arrays import RowVector
from graphrec.history import Actions, History
from graphrec.interests import UserInterests, build_interests, lower_newest
from graphrec.interests.online import NEWEST
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.newest import folded, joined, parted

NOTHING_NEW = Actions(np.zeros(0, np.int32), None, np.zeros(0, np.float32))


@dataclass(frozen=True)
class Asker:
    """What is known of whoever asks.

    Attributes:
        row: The user's row; ``None`` where the version has not met him.
        own: All of his interests.
        actions: What he did, oldest first.
        seen: Flits that must not come back to him, ascending, int32.
        newest: Flits of the actions since the version that count in his interests, oldest first, int32.
    """

    row: int | None
    own: UserInterests
    actions: Actions
    seen: RowVector
    newest: RowVector

    @property
    def unknown(self) -> bool:
        """Whether nothing at all is known of him."""
        return self.row is None and not len(self.actions.rows)


def known(bundle: Bundle, row: int, acted: Actions, hidden: RowVector) -> Asker:
    """Return what is known of a user of the version.

    Args:
        bundle: The version.
        row: The user.
        acted: What he did since, oldest first; what he hid with weights below 0.
        hidden: Flits that must not come back to him either, int32.
    """
    own, actions, seen = bundle.interests.of(row), bundle.history.of(row), bundle.excluded(row)
    liked, _ = parted(acted)
    if len(acted.rows):
        own, actions = folded(own, acted, bundle), joined(actions, liked)
    if len(acted.rows) or len(hidden):
        seen = np.union1d(seen, bundle.stood_for(np.concatenate([acted.rows, hidden])))
    return Asker(row, own, actions, seen, liked.rows[-NEWEST:])


def newcomer(bundle: Bundle, acted: Actions, hidden: RowVector) -> Asker:
    """Return what is known of somebody the version has not met.

    Args:
        bundle: The version.
        acted: What he did just now, oldest first; what he hid with weights below 0. Times are not read: all of it
            counts as if it were of the version's "now".
        hidden: Flits that must not come to him either, int32.
    """
    as_of, config = bundle.settings.as_of_s, bundle.settings.interests
    liked, hid = parted(acted)
    count = len(liked.rows)
    times = None if as_of is None else np.arange(as_of - count, as_of, dtype=np.int64)  # a second apart: in order
    history = History.from_edges(np.zeros(count, np.int32), liked.rows, times, liked.weight, 1)
    own = build_interests(history, bundle.flit_vectors, config, as_of_s=as_of).of(0)
    own = lower_newest(own, hid._replace(time_s=None), bundle.flit_vectors, config, now_s=None)
    seen = bundle.stood_for(np.concatenate([acted.rows, hidden]))
    return Asker(None, own, Actions(liked.rows, times, liked.weight), seen, liked.rows)
