"""Small worlds whose right answers are known."""

from dataclasses import dataclass

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix, RowVector
from graphrec.evaluation.held import Held
from graphrec.evaluation.tuning import Past
from graphrec.history import History

DAY_S = 86_400


@dataclass(frozen=True)
class World:
    """Two communities: users like flits of their own side; the last fifth of the flits is new (cold) at the split."""

    history: History
    held: Held
    past: Past
    vectors: FloatMatrix
    flit_side: RowVector
    user_side: RowVector

    @property
    def available(self) -> BoolVector:
        return self.past.available

    @property
    def users(self) -> RowVector:
        return np.arange(self.history.num_users, dtype=np.int32)


def communities(num_users: int = 240, num_flits: int = 200, actions: int = 20, seed: int = 0) -> World:
    rng = np.random.default_rng(seed)
    user_side = np.arange(num_users, dtype=np.int32) % 2
    flit_side = np.arange(num_flits, dtype=np.int32) % 2
    split_s, warm = 100 * DAY_S, num_flits * 4 // 5
    counts = rng.integers(actions // 2, actions * 3 // 2, size=num_users)
    users, flits = np.repeat(np.arange(num_users, dtype=np.int32), counts), []
    for user, count in enumerate(counts):
        flits.append(rng.permutation(np.flatnonzero(flit_side[:warm] == user_side[user]))[:count])
    time_s = rng.integers(0, split_s, size=len(users))
    history = History.from_edges(users, np.concatenate(flits).astype(np.int32), time_s, None, num_users)
    later = [
        rng.permutation(np.flatnonzero(flit_side == user_side[user]))[:count].astype(np.int32)
        for user, count in enumerate(counts)
    ]
    available = np.ones(num_flits, dtype=np.bool_)
    available[-5:] = False
    held = Held.from_edges(users, np.concatenate(later), history, available, split_s)
    vectors = rng.normal(scale=0.2, size=(num_flits, 8)).astype(np.float32)
    vectors[:, 0] += np.where(flit_side == 0, 1, -1)
    return World(history, held, Past(history, available, split_s), vectors, flit_side, user_side)


def own_side(world: World, recommended: RowVector) -> float:
    """Return the share of recommendations that lie on their user's side."""
    side = np.where(recommended >= 0, world.flit_side[recommended], -1)
    return float((side == world.user_side[: len(recommended), None]).mean())
