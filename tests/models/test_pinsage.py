import numpy as np
import pytest
import torch

from graphrec.models.pinsage import Hop, PinSage
from tests.training.world import MODEL

TYPES = {"user": 5, "flit": 7}


def model(num_layers: int = 1) -> PinSage:
    torch.manual_seed(0)
    return PinSage(MODEL.model_copy(update={"num_layers": num_layers}), TYPES, {}).eval()


def hop(seed: int = 0) -> Hop:
    """Four users and six flits in; two users and three flits out, three neighbours each, some padding."""
    rng = np.random.default_rng(seed)
    sizes, outputs = {"user": 4, "flit": 6}, {"user": 2, "flit": 3}
    neighbours, weights = {}, {}
    for one, number in outputs.items():
        for other, size in sizes.items():
            share = rng.random((number, 3)).astype(np.float32) * (rng.random((number, 3)) < 0.7)
            neighbours[(one, other)] = torch.from_numpy(rng.integers(size, size=(number, 3)) * (share > 0))
            weights[(one, other)] = torch.from_numpy(share)
    return Hop({t: torch.arange(n) for t, n in outputs.items()}, neighbours, weights)


def test_embeddings_are_unit_vectors_of_the_configured_width() -> None:
    net = model()
    features = {"user": torch.randn(4, 5), "flit": torch.randn(6, 7)}
    rows = {"user": torch.arange(4), "flit": torch.arange(6)}
    out = net(features, rows, [hop()])
    assert {t: tuple(one.shape) for t, one in out.items()} == {"user": (2, 8), "flit": (3, 8)}
    for one in out.values():
        torch.testing.assert_close(one.norm(dim=1), torch.ones(len(one)))


def test_a_layer_computes_each_node_alone() -> None:
    """A node's next vector depends on itself and its neighbours, whatever else stands in the batch."""
    net, whole = model(), hop()
    torch.manual_seed(1)
    hidden = {"user": torch.randn(4, 16), "flit": torch.randn(6, 16)}
    together = net.layers[0](hidden, whole)
    for node_type in ("user", "flit"):
        for place in range(len(whole.self_index[node_type])):
            alone = Hop(
                {t: index[place : place + 1] if t == node_type else index[:0] for t, index in whole.self_index.items()},
                {p: n[place : place + 1] if p[0] == node_type else n[:0] for p, n in whole.neighbours.items()},
                {p: w[place : place + 1] if p[0] == node_type else w[:0] for p, w in whole.weights.items()},
            )
            torch.testing.assert_close(net.layers[0](hidden, alone)[node_type][0], together[node_type][place])


def test_a_layer_reads_neighbours_by_their_weight() -> None:
    """Moving weight from one neighbour to another moves the result; nodes without weight are not read."""
    net, plan = model(), hop()
    torch.manual_seed(1)
    hidden = {"user": torch.randn(4, 16), "flit": torch.randn(6, 16)}
    before = net.layers[0](hidden, plan)["user"]
    weights = dict(plan.weights)
    weights[("user", "flit")] = weights[("user", "flit")].flip(1) + 0.1
    after = net.layers[0](hidden, Hop(plan.self_index, plan.neighbours, weights))["user"]
    assert (before - after).abs().max() > 1e-4


def test_id_vectors_tell_nodes_of_equal_content_apart() -> None:
    torch.manual_seed(0)
    net = PinSage(MODEL.model_copy(update={"id_vectors": True}), TYPES, {"user": 4, "flit": 6}).eval()
    same = torch.ones(2, 5)
    with_ids, without = net.start("user", same, torch.tensor([0, 1])), net.start("user", same, None)
    assert (with_ids[0] - with_ids[1]).abs().max() > 1e-3
    torch.testing.assert_close(without[0], without[1])


@pytest.mark.parametrize("id_vectors", [True, False])
def test_without_content_id_vectors_tell_nodes_apart(id_vectors: bool) -> None:
    """A type known by its degree alone does not start on one line, and a type with content keeps its content."""
    torch.manual_seed(0)
    config = MODEL.model_copy(update={"id_vectors": id_vectors, "hidden_dim": 64})
    net = PinSage(config, {"user": 1, "flit": 7}, {"user": 50, "flit": 50}).eval()
    rows = torch.arange(50)
    for node_type, width, spread in (("user", 1, True), ("flit", 7, False)):
        features = torch.randn(50, width, generator=torch.manual_seed(1))
        start = net.start(node_type, features, rows)
        content = torch.nn.functional.normalize(net.project[node_type](features), dim=1)
        kept = (start * content).sum(dim=1).abs().mean().item()
        assert kept < 0.4 if spread and id_vectors else kept > 0.9
    unmet = net.start("user", torch.zeros(2, 1), torch.tensor([-1, -1]))
    assert torch.isfinite(unmet).all()
