"""Small worlds to train on, their right answers known."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graphrec.arrays import FloatVector, RowVector
from graphrec.features import FeatureConfig, Features
from graphrec.features.table import NodeFeatures
from graphrec.graph.build import build_graph
from graphrec.graph.neighbourhoods import NeighbourhoodConfig
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.pinsage import PinSage
from graphrec.tables.clean import Tables
from graphrec.training.config import TrainingConfig
from graphrec.training.content import Content, fit_layout
from graphrec.training.snapshots import log_degrees
from tests.graph.conftest import DAY, edges, nodes

DAYS = 40
NEIGHBOURS = NeighbourhoodConfig(num_walks=40, size=5)
MODEL = PinSageConfig(hidden_dim=16, dim=8, negatives=32)
TRAINING = TrainingConfig(epochs=3, batch_size=64, windows=2, window_days=7, learning_rate=5e-3)


@dataclass(frozen=True)
class World:
    """Users of two communities act on flits of their own one; content says nothing of it."""

    tables: Tables
    features: Features
    user_side: RowVector
    flit_side: RowVector

    @property
    def end_s(self) -> int:
        return DAYS * DAY

    @property
    def content(self) -> Content:
        return content_of(self.features, log_degrees(build_graph(self.tables, as_of_s=self.end_s)))


def features_of(sizes: dict[str, int], *, seed: int = 0, width: int = 6) -> Features:
    """Draw random content: a text block for all types, some rows without; a column block for the first type."""
    rng = np.random.default_rng(seed)
    found = {}
    for number, (node_type, size) in enumerate(sizes.items()):
        blocks, present = {}, {}
        for name in ["text"] + ["columns"] * (number == 0):
            there = rng.random(size) < 0.8
            values = rng.normal(size=(size, width)).astype(np.float32) * there[:, None]
            norms = np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
            blocks[name], present[name] = values / norms, there
        found[node_type] = NodeFeatures(blocks, present)
    return Features(found, FeatureConfig())


def content_of(features: Features, log_degree: Mapping[str, FloatVector], *blocks: str) -> Content:
    """Fit the layout of some blocks (default: all) on every node."""
    rows = {t: np.arange(len(degree), dtype=np.int32) for t, degree in log_degree.items()}
    return Content(features, fit_layout(features, blocks or ("text", "columns"), rows, log_degree))


def communities(num_users: int = 40, num_flits: int = 60, actions: int = 20, *, dated: bool = True) -> World:
    """Plant two communities; the flit and the user of an even row belong to the first."""
    rng = np.random.default_rng(1)
    user_side, flit_side = (np.arange(n, dtype=np.int32) % 2 for n in (num_users, num_flits))
    pairs, times = [], []
    for user in range(num_users):
        own = rng.permutation(np.flatnonzero(flit_side == user_side[user]))[:actions]
        pairs += [(user, int(flit)) for flit in own]
        times += np.sort(rng.integers(0, DAYS * DAY, size=len(own))).tolist()
    order = np.argsort(times, kind="stable")
    likes = edges(
        "likes",
        [pairs[one] for one in order],
        times=[times[one] for one in order] if dated else None,
    )
    tables = Tables({"user": nodes("u", num_users), "flit": nodes("f", num_flits)}, (likes,))
    return World(tables, features_of({"user": num_users, "flit": num_flits}), user_side, flit_side)


def model_for(content: Content, config: PinSageConfig = MODEL, *, num_nodes: dict[str, int] | None = None) -> PinSage:
    """Initialise a model from a fixed seed."""
    import torch

    torch.manual_seed(0)
    return PinSage(config, content.widths, num_nodes or {})
