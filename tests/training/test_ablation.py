"""Content can be switched off by config alone, and a model does not see what is switched off."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from graphrec.arrays import FloatMatrix
from graphrec.embed import embed, embed_isolated
from graphrec.features import FeatureConfig, encode_features
from graphrec.graph.build import build_graph
from graphrec.graph.neighbourhoods import build_neighbourhoods
from graphrec.tables.clean import Tables
from graphrec.tables.config import NodeConfig
from graphrec.tables.image_store import Images
from graphrec.training.content import Content, fit_layout
from graphrec.training.snapshots import log_degrees
from tests.features.conftest import encoded, noise
from tests.training.world import MODEL, NEIGHBOURS, communities, model_for

NODES = {
    "user": NodeConfig(table="u", id="id"),
    "flit": NodeConfig(table="f", id="id", text=("text",), image="image", numeric=("length",)),
}
WORDS = ("birds", "feeder", "nest", "song", "river", "stone", "market", "coffee", "goal", "train")
Settings = dict[str, Any]


def world(changed: str | None) -> Tables:
    """Return a network whose flits have text, images and a number; one of these columns drawn anew."""
    tables = communities().tables
    rows = tables.nodes["flit"].height
    images, digests = Images.of([encoded(noise((8, 8), seed)) if seed % 3 else None for seed in range(2 * rows)])
    drawn: dict[str, pl.Series] = {}
    for number, name in enumerate(("text", "image", "length")):
        again = name == changed
        rng = np.random.default_rng([number, again])
        values = {
            "text": pl.Series([" ".join(rng.choice(WORDS, 4)) for _ in range(rows)]),
            "image": digests.slice(rows * again, rows),
            "length": pl.Series(rng.normal(size=rows)),
        }
        drawn[name] = values[name]
    return Tables({**tables.nodes, "flit": tables.nodes["flit"].with_columns(**drawn)}, tables.edges, images)


def embeddings(changed: str | None, blocks: Sequence[str] | None, features: Settings) -> list[FloatMatrix]:
    """Return what an untrained model makes of users, flits, and flits without a graph; content changed or not."""
    tables = world(changed)
    config = FeatureConfig.parse({"text": {"encoder": "tfidf", "dim": 4}, **features})
    found = encode_features(tables, NODES, config, fit_until_s=None, cache=None, threads=1)
    graph = build_graph(tables, as_of_s=None)
    degrees = log_degrees(graph)
    rows = {t: np.arange(len(degree), dtype=np.int32) for t, degree in degrees.items()}
    content = Content(found, fit_layout(found, blocks, rows, degrees))
    model = model_for(content, MODEL)
    vectors = embed(model, content, build_neighbourhoods(graph, NEIGHBOURS), degrees).vectors
    alone = content.gather("flit", rows["flit"], np.zeros_like(degrees["flit"]))
    return [vectors["user"], vectors["flit"], embed_isolated(model, "flit", alone)]


OFF: dict[str, tuple[Sequence[str] | None, Settings, set[str]]] = {
    "everything": (None, {}, {"text", "image", "length"}),
    "text only": (["text"], {}, {"text"}),
    "image only": (["image"], {}, {"image"}),
    "columns only": (["columns"], {}, {"length"}),
    "no content": ([], {}, set()),
    "text and columns": (["text", "columns"], {}, {"text", "length"}),
    "no image encoder": (None, {"image": {"encoder": "none"}}, {"text", "length"}),
    "no text encoder": (None, {"text": {"encoder": "none"}}, {"image", "length"}),
}
"""Name to ``model.blocks``, settings of features, and the columns that the model sees."""


@pytest.mark.parametrize("name", OFF)
def test_a_model_sees_what_is_switched_on_and_nothing_else(name: str) -> None:
    blocks, features, seen = OFF[name]
    before = embeddings(None, blocks, features)
    for changed in ("text", "image", "length"):
        after = embeddings(changed, blocks, features)
        same = [np.array_equal(one, other) for one, other in zip(before, after, strict=True)]
        assert same == [changed not in seen] * 3, changed


def test_encoders_switched_off_need_no_weights() -> None:
    nowhere = {"model": str(Path("/no/such/model")), "encoder": "none"}
    embeddings(None, None, {"text": nowhere, "image": nowhere})
