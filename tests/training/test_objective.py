from dataclasses import replace

import numpy as np
import pytest
import torch

from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.losses import bpr, logistic, max_margin, sampled_softmax
from graphrec.training.batches import Batch
from graphrec.training.objective import step_loss
from graphrec.training.positives import Positives
from graphrec.training.snapshots import Snapshot, build_snapshots
from tests.training.test_hops import CONTENT, DEGREE, HOODS, WORLD, naive
from tests.training.world import MODEL, NEIGHBOURS, TRAINING, model_for

VARIANTS = [
    {"loss": "softmax"},
    {"loss": "softmax", "log_q": True},
    {"loss": "max_margin"},
    {"loss": "softmax", "id_vectors": True},
    {"loss": "bpr", "pooling": "mean"},
    {"loss": "logistic", "pooling": "max"},
    {"loss": "softmax", "num_layers": 0},
]


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    built = build_snapshots(WORLD.tables, NEIGHBOURS, MODEL, TRAINING, end_s=WORLD.end_s)[1]
    return replace(built, neighbourhoods=HOODS, log_degree=DEGREE)


def batches_of(hard: list[list[int]]) -> list[Batch]:
    """Two users and two flits as queries; the first query's negatives hold its own positive."""
    negatives, expected = np.array([2, 9, 0, 14], np.int32), np.array([0.5, 2.0, 1.0, 0.25])
    own = np.array(hard, np.int32).reshape(2, -1)
    return [
        Batch(Positives("actions", 1.0, "user", _rows(0, 3), "flit", _rows(2, 5)), negatives, expected, own),
        Batch(Positives("next_action", 3.0, "flit", _rows(7, 8), "flit", _rows(9, 9)), negatives, expected, own),
    ]


def _rows(*rows: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(rows, dtype=np.int32)


@pytest.mark.parametrize("changes", VARIANTS)
@pytest.mark.parametrize("hard", [[[], []], [[4, -1], [-1, -1]]])
def test_a_step_equals_a_loop_over_pairs(snapshot: Snapshot, changes: dict[str, object], hard: list[list[int]]) -> None:
    config = PinSageConfig.parse({**MODEL.model_dump(), **changes})
    model = model_for(CONTENT, config, num_nodes={"user": 12, "flit": 20}).eval()
    batches = batches_of(hard)
    with torch.no_grad():
        total = float(step_loss(model, CONTENT, snapshot, batches))
        expected = 0.0
        for batch in batches:
            losses = [float(_pair_loss(model, config, batch, place)) for place in range(2)]
            expected += batch.pairs.weight * sum(losses) / 2
    assert total == pytest.approx(expected / 4.0, rel=1e-4)


def _pair_loss(model: object, config: PinSageConfig, batch: Batch, place: int) -> torch.Tensor:
    """Score one pair against each negative that counts, embedding node by node."""
    pairs = batch.pairs

    def vector(node_type: str, row: int) -> torch.Tensor:
        return naive(model, CONTENT, HOODS, node_type, row)  # type: ignore[arg-type]

    query = vector(pairs.query_type, int(pairs.query_rows[place]))
    own = {int(t) for q, t in zip(pairs.query_rows, pairs.target_rows, strict=True) if q == pairs.query_rows[place]}
    shared = [(int(one), float(count)) for one, count in zip(batch.negatives, batch.expected, strict=True)]
    drawn = [*shared, *((int(one), 1.0) for one in batch.hard[place] if one >= 0)]
    kept = [(row, count) for row, count in drawn if row not in own]
    scores = torch.stack([query @ vector("flit", row) for row, _ in kept])[None]
    positive = (query @ vector("flit", int(pairs.target_rows[place])))[None]
    mask = torch.ones_like(scores, dtype=torch.bool)
    if config.loss == "max_margin":
        return max_margin(positive, scores, mask, margin=config.margin)[0]
    if config.loss in ("bpr", "logistic"):
        each = bpr if config.loss == "bpr" else logistic
        return each(positive, scores, mask, temperature=config.temperature)[0]
    counts = torch.tensor([[count if config.log_q else 1.0 for _, count in kept]])
    return sampled_softmax(positive, scores, mask, temperature=config.temperature, log_expected=counts.log())[0]


@pytest.mark.parametrize("changes", VARIANTS)
def test_gradients_reach_every_parameter(snapshot: Snapshot, changes: dict[str, object]) -> None:
    config = PinSageConfig.parse({**MODEL.model_dump(), **changes, "margin": 5.0})
    model = model_for(CONTENT, config, num_nodes={"user": 12, "flit": 20}).train()
    with torch.no_grad():  # as after some steps: parts that start at zero hold back the gradient of what feeds them
        for one in model.parameters():
            one.add_(0.05 * torch.randn(one.shape, generator=torch.manual_seed(1)))
    step_loss(model, CONTENT, snapshot, batches_of([[4], [11]])).backward()  # type: ignore[no-untyped-call]
    silent = [name for name, one in model.named_parameters() if one.grad is None or not torch.isfinite(one.grad).all()]
    assert silent == []
    assert [name for name, one in model.named_parameters() if one.grad is not None and not one.grad.any()] == []
