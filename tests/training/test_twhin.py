from dataclasses import replace

import numpy as np
import pytest
import torch

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError, DataError
from graphrec.graph.build import offsets
from graphrec.graph.graph import InteractionGraph, Relation, Triplet
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.twhin import Twhin
from graphrec.training.twhin import RowAdagrad, relation_edges, train_twhin

LIKES, FOLLOWS = ("user", "likes", "flit"), ("user", "follows", "user")
QUICK = TwhinConfig(dim=8, negatives=32, batch_size=64, epochs=3, regularization=0.01, in_batch_share=0.5)
Pairs = list[tuple[int, int]]


def graph_of(num_nodes: dict[str, int], relations: dict[Triplet, Pairs]) -> InteractionGraph:
    """Build a graph from pairs, each relation with its reverse."""
    found = {}
    for (source, name, target), pairs in relations.items():
        found[(source, name, target)] = _relation(pairs, num_nodes[source])
        found[(target, f"rev_{name}", source)] = _relation([(b, a) for a, b in pairs], num_nodes[target])
    return InteractionGraph(num_nodes, found)


def _relation(pairs: Pairs, num_sources: int) -> Relation:
    rows = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)
    return Relation(offsets(rows[:, 0], num_sources), rows[:, 1].copy(), np.ones(len(rows), dtype=np.float32))


def communities() -> InteractionGraph:
    """Even users like even flits and follow even users, odd ones odd ones."""
    rng = np.random.default_rng(0)
    likes = {(int(u), int(f)) for u in range(40) for f in rng.permutation(np.arange(u % 2, 60, 2))[:12]}
    follows = {(int(u), int(v)) for u in range(40) for v in rng.permutation(np.arange(u % 2, 40, 2))[:5] if u != v}
    return graph_of({"user": 40, "flit": 60}, {LIKES: sorted(likes), FOLLOWS: sorted(follows)})


def vectors(model: Twhin, node_type: str) -> FloatMatrix:
    return np.asarray(model.vectors[node_type].numpy())


def test_planted_communities_are_told_apart_in_every_relation() -> None:
    model = train_twhin(communities(), QUICK.model_copy(update={"epochs": 30}))
    for (source, _, target), translation in model.translations.items():
        scores = ((model.vectors[source] + translation) @ model.vectors[target].T).numpy()
        same = np.arange(len(scores))[:, None] % 2 == np.arange(scores.shape[1])[None, :] % 2
        assert np.quantile(scores[same], 0.02) > np.quantile(scores[~same], 0.98)
        assert translation.abs().max() > 0


def test_the_loss_falls_and_a_seed_reproduces() -> None:
    losses: list[float] = []
    first = train_twhin(communities(), QUICK, on_epoch=lambda epoch, loss, model: losses.append(loss))
    assert losses == sorted(losses, reverse=True)
    again = train_twhin(communities(), QUICK)
    assert np.array_equal(vectors(first, "flit"), vectors(again, "flit"))
    other = train_twhin(communities(), QUICK.model_copy(update={"seed": 1}))
    assert not np.array_equal(vectors(first, "flit"), vectors(other, "flit"))


def test_permuted_nodes_get_permuted_vectors() -> None:
    # Negatives are the batch's own ends: drawn by place among edges, not by row, so that they are permuted too.
    config = QUICK.model_copy(update={"in_batch_share": 1.0, "batch_size": 1000})
    graph = communities()
    place = np.random.default_rng(5).permutation(60).astype(np.int32)
    likes = graph.relations[LIKES]
    moved = InteractionGraph(
        graph.num_nodes, {LIKES: replace(likes, indices=place[likes.indices]), FOLLOWS: graph.relations[FOLLOWS]}
    )

    def permuted(start: Twhin) -> Twhin:
        flits = torch.empty_like(start.vectors["flit"])
        flits[torch.from_numpy(place).long()] = start.vectors["flit"]
        return Twhin({**start.vectors, "flit": flits}, start.translations)

    plain, other = train_twhin(graph, config), train_twhin(moved, config, start=permuted)
    np.testing.assert_allclose(vectors(other, "flit")[place], vectors(plain, "flit"), atol=1e-5)
    np.testing.assert_allclose(vectors(other, "user"), vectors(plain, "user"), atol=1e-5)


def test_an_unrelated_component_of_other_types_changes_nothing() -> None:
    # Within one relation, other components lend their nodes as negatives; of another relation and other types nothing
    # is shared, and vectors agree to the bit.
    graph = communities()
    joined = graph_of({"brand": 4, "shop": 3}, {("brand", "sells", "shop"): [(0, 0), (1, 1), (3, 2)]})
    both = InteractionGraph({**joined.num_nodes, **graph.num_nodes}, {**joined.relations, **graph.relations})
    alone, beside = train_twhin(graph, QUICK), train_twhin(both, QUICK)
    assert np.array_equal(vectors(alone, "user"), vectors(beside, "user"))
    assert np.array_equal(vectors(alone, "flit"), vectors(beside, "flit"))


def test_nodes_without_edges_move_only_as_negatives() -> None:
    graph = graph_of({"user": 3, "flit": 9}, {LIKES: [(0, 0), (1, 1), (2, 0)]})
    config = QUICK.model_copy(update={"in_batch_share": 1.0})
    start = Twhin.start(graph.num_nodes, [LIKES], config.dim, config.seed)
    trained = train_twhin(graph, config)
    assert torch.equal(trained.vectors["flit"][2:], start.vectors["flit"][2:])
    assert not torch.equal(trained.vectors["flit"][:2], start.vectors["flit"][:2])


def test_relations_count_as_they_are_weighted() -> None:
    graph = communities()
    found = relation_edges(graph, {"likes": 2.0, "follows": 0.0})
    assert [(one.triplet, one.share) for one in found] == [(LIKES, 2.0)]
    alone = train_twhin(graph, QUICK.model_copy(update={"relations": {"likes": 1.0}}))
    assert list(alone.translations) == [LIKES]
    joint = train_twhin(graph, QUICK)
    assert not np.array_equal(vectors(alone, "user"), vectors(joint, "user"))


def test_edge_weights_count_by_their_logarithm() -> None:
    weight = np.array([1.0, 3.0], dtype=np.float32)
    relation = Relation(np.array([0, 2]), np.array([0, 1], dtype=np.int32), weight)
    found = relation_edges(InteractionGraph({"user": 1, "flit": 2}, {LIKES: relation}), None)[0]
    assert found.weight.tolist() == pytest.approx([2 / 3, 4 / 3])  # log 2 : log 4, mean 1


def test_what_cannot_be_learned_from_is_refused() -> None:
    graph = graph_of({"user": 2, "flit": 2}, {LIKES: [(0, 0)], FOLLOWS: []})
    with pytest.raises(ConfigError, match=r"model.relations must name walked relations \(got 'reads', have likes"):
        relation_edges(graph, {"reads": 1.0})
    with pytest.raises(DataError, match=r"model.relations must name relations with edges \(got 'follows'"):
        relation_edges(graph, {"follows": 1.0})
    with pytest.raises(DataError, match="graph must hold an edge of a relation to learn from"):
        relation_edges(graph_of({"user": 2, "flit": 2}, {LIKES: []}), None)
    assert [one.triplet for one in relation_edges(graph, None)] == [LIKES]


def test_the_penalty_shortens_vectors() -> None:
    lengths = [
        float(train_twhin(communities(), QUICK.model_copy(update={"regularization": one})).vectors["flit"].norm())
        for one in (0.0, 0.3)
    ]
    assert lengths[1] < 0.9 * lengths[0]


def test_row_adagrad_steps_as_worked_by_hand() -> None:
    model = Twhin({"user": torch.tensor([[1.0, 2.0], [5.0, 5.0]])}, {LIKES: torch.zeros(2)})
    optimiser = RowAdagrad(model, TwhinConfig(dim=2, learning_rate=0.5, regularization=1.0))
    rows, vectors = torch.tensor([0]), model.vectors["user"]
    optimiser.update("user", rows, vectors, torch.tensor([[2.0, 2.0]]))
    # gradient + vector = (3, 4): mean square 12.5
    first = np.array([1.0, 2.0]) - 0.5 * np.array([3.0, 4.0]) / 12.5**0.5
    np.testing.assert_allclose(vectors[0], first, rtol=1e-6)
    optimiser.update("user", rows, vectors, torch.zeros(1, 2))
    np.testing.assert_allclose(vectors[0], first - 0.5 * first / (12.5 + (first**2).mean()) ** 0.5, rtol=1e-6)
    assert vectors[1].tolist() == [5.0, 5.0]
