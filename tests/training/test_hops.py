from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from graphrec.embed import embed, embed_isolated
from graphrec.graph.build import build_graph
from graphrec.graph.neighbourhoods import Neighbourhoods, build_neighbourhoods
from graphrec.models.pinsage import Hop, PinSage
from graphrec.training.content import Content, input_of
from graphrec.training.hops import gather_hops, to_tensor
from graphrec.training.snapshots import log_degrees
from tests.training.world import MODEL, NEIGHBOURS, communities, model_for

WORLD = communities(num_users=12, num_flits=20, actions=5)
CONTENT = WORLD.content
FEATURES = WORLD.features
GRAPH = build_graph(WORLD.tables, as_of_s=WORLD.end_s)
HOODS = build_neighbourhoods(GRAPH, NEIGHBOURS)
DEGREE = log_degrees(GRAPH)


def naive(model: PinSage, content: Content, hoods: Neighbourhoods, node_type: str, row: int) -> Tensor:
    """Embed one node by walking its tree of neighbours, node by node."""

    @cache
    def vector(kind: str, place: int, depth: int) -> Tensor:
        if depth == 0:
            features = content.gather(kind, np.array([place], np.int32), DEGREE[kind])
            return model.start(kind, features, torch.tensor([place]))
        inputs: dict[str, list[Tensor]] = {t: [] for t in model.types}
        own = vector(kind, place, depth - 1)
        inputs[kind].append(own)
        neighbours, weights = {}, {}
        for other in model.types:
            rows, share = hoods.rows[(kind, other)][place], hoods.weights[(kind, other)][place]
            positions = []
            for one, weight in zip(rows, share, strict=True):
                if weight > 0:
                    inputs[other].append(vector(other, int(one), depth - 1))
                    positions.append(len(inputs[other]) - 1)
            neighbours[(kind, other)] = torch.tensor([positions], dtype=torch.long)
            weights[(kind, other)] = torch.from_numpy(share[share > 0])[None]
        width = own.shape[1]
        hidden = {t: torch.cat(parts) if parts else torch.zeros(1, width) for t, parts in inputs.items()}
        for source in model.types:
            for other in model.types:
                neighbours.setdefault((source, other), torch.zeros(0, 1, dtype=torch.long))
                weights.setdefault((source, other), torch.zeros(0, 1))
        index = {t: torch.zeros(int(t == kind), dtype=torch.long) for t in model.types}
        out: Tensor = model.layers[depth - 1](hidden, Hop(index, neighbours, weights))[kind]
        return out

    return model.finish(node_type, vector(node_type, row, len(model.layers)))[0]


def forward(model: PinSage, seeds: dict[str, list[int]]) -> dict[str, Tensor]:
    """Embed some nodes as a training step does."""
    asked = {t: np.array(rows, dtype=np.int32) for t, rows in seeds.items()}
    inputs, hops = gather_hops(HOODS, asked, len(model.layers))
    features = {t: CONTENT.gather(t, rows, DEGREE[t]) for t, rows in inputs.items()}
    out: dict[str, Tensor] = model(features, {t: to_tensor(rows) for t, rows in inputs.items()}, hops)
    return out


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("id_vectors", [False, True])
@torch.no_grad()
def test_step_inference_and_naive_loop_agree(num_layers: int, id_vectors: bool) -> None:
    config = MODEL.model_copy(update={"num_layers": num_layers, "id_vectors": id_vectors})
    model = model_for(CONTENT, config, num_nodes={"user": 12, "flit": 20}).eval()
    seeds = {"user": [0, 3, 11], "flit": [2, 5]}
    whole = embed(model, CONTENT, HOODS, DEGREE).vectors
    step = forward(model, seeds)
    for node_type, rows in seeds.items():
        np.testing.assert_allclose(step[node_type].numpy(), whole[node_type][rows], atol=1e-5)
        for place, row in enumerate(rows):
            twin = naive(model, CONTENT, HOODS, node_type, row)
            torch.testing.assert_close(step[node_type][place], twin, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_type_without_seeds_gives_no_rows_and_still_feeds_the_others() -> None:
    model = model_for(CONTENT).eval()
    alone, together = forward(model, {"user": [4], "flit": []}), forward(model, {"user": [4], "flit": [0, 1]})
    assert alone["flit"].shape == (0, 8)
    torch.testing.assert_close(alone["user"], together["user"])


def test_inputs_hold_every_neighbour_once_and_nothing_else() -> None:
    inputs, hops = gather_hops(HOODS, {"user": np.array([4], np.int32), "flit": np.zeros(0, np.int32)}, 1)
    rows = HOODS.rows[("user", "flit")][4]
    assert inputs["flit"].tolist() == sorted(set(rows[rows >= 0].tolist()))
    assert 4 in inputs["user"].tolist()
    assert inputs["user"][hops[0].self_index["user"][0]] == 4
    positions, weights = hops[0].neighbours[("user", "flit")][0], hops[0].weights[("user", "flit")][0]
    used = weights > 0
    assert inputs["flit"][positions[used].numpy()].tolist() == rows[rows >= 0].tolist()


@torch.no_grad()
@pytest.mark.parametrize("num_layers", [1, 2])
def test_isolated_nodes_look_as_if_nobody_had_met_them(num_layers: int) -> None:
    """They are embedded from content alone; others still see them among their neighbours, and as content alone."""
    model = model_for(CONTENT, MODEL.model_copy(update={"num_layers": num_layers})).eval()
    apart = np.arange(20) < 10
    cut = Neighbourhoods(
        HOODS.rows, {p: w * ~apart[:, None] if p[0] == "flit" else w for p, w in HOODS.weights.items()}
    )
    degree = {**DEGREE, "flit": np.where(apart, 0, DEGREE["flit"]).astype(np.float32)}
    seeds = {"user": np.arange(12, dtype=np.int32), "flit": np.arange(20, dtype=np.int32)}
    inputs, hops = gather_hops(HOODS, seeds, num_layers, isolated={"flit": apart})
    features = {t: CONTENT.gather(t, rows, degree[t]) for t, rows in inputs.items()}
    found = model(features, {t: to_tensor(rows) for t, rows in inputs.items()}, hops)
    expected = embed(model, CONTENT, cut, degree).vectors
    for node_type in seeds:
        np.testing.assert_allclose(found[node_type].numpy(), expected[node_type], atol=1e-5)
    layout = CONTENT.layout["flit"]
    block = FEATURES.nodes["flit"]
    for row in range(10):
        given = {"text": block.blocks["text"][row : row + 1]} if block.present["text"][row] else {}
        alone = embed_isolated(model, "flit", input_of(layout, given, 1))
        np.testing.assert_allclose(found["flit"][row].numpy(), alone[0], atol=1e-5)
