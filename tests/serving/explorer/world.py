"""A version that holds all the explorer looks at: planted bundle, graph, images and map."""

import io
import json
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from graphrec.features import TextConfig
from graphrec.graph.graph import InteractionGraph, Relation
from graphrec.projection.config import ProjectionConfig
from graphrec.projection.projection import build_projection
from graphrec.retrieval.bundle import Bundle
from graphrec.store import Artifact, Store, fingerprint
from graphrec.tables.image_store import Images
from graphrec.training.content import Block
from tests.retrieval.test_query import write_model
from tests.retrieval.world import NUM_FLITS, TOPICS, planted

CATALOGUE = planted().catalogue
WITH_IMAGE = 10
"""The first flits have an image, but for the last of them, whose bytes are no picture."""
NO_PICTURE = b"<svg onload='alert(1)'/>"
HUES = ((200, 60, 60), (60, 160, 90), (60, 90, 200), (200, 160, 50), (150, 70, 190), (50, 160, 170))


def picture(row: int) -> bytes:
    """Return the image of a flit: a square in the colour of its topic."""
    file = io.BytesIO()
    Image.new("RGB", (24, 24), HUES[row % TOPICS]).save(file, "png", compress_level=row % 9)
    return file.getvalue()


def publish_whole(store: Store, number: int = 0) -> str:
    """Publish the version, told apart from others by its number, and return its name."""
    bundle = planted()
    projection = build_projection(
        bundle.flit_vectors,
        [one or "" for one in bundle.catalogue["text"]],
        ProjectionConfig(method="pca", clusters=TOPICS),
    )

    def write_text_model(folder: Path) -> None:
        write_model(folder, TextConfig(encoder="tfidf"), [Block("image", (0.0,) * 416, 1.0)])

    stages: dict[str, Artifact] = {
        "bundle": store.publish("bundle", key("bundle"), bundle.save),
        "model": store.publish("model", key("model"), write_text_model),
        "graph": store.publish("graph", key("graph"), graph_of(bundle).save),
        "tables": store.publish("tables", key("tables"), write_tables),
        "projection": store.publish("projection", key("projection"), projection.save),
    }
    version = store.add_version(stages, {"number": number})
    store.set_alias("latest", version)
    return version.name


def graph_of(bundle: Bundle) -> InteractionGraph:
    """Return the bundle's actions as a graph of one relation, the later the heavier."""
    history = bundle.history
    assert history.time_s is not None
    users, flits, times = history.users, history.rows, history.time_s
    return InteractionGraph(
        {"user": history.num_users, "flit": NUM_FLITS},
        {
            ("user", "likes", "flit"): relation(users, flits, times, history.num_users),
            ("flit", "rev_likes", "user"): relation(flits, users, times, NUM_FLITS),
        },
    )


def relation(sources: object, targets: object, times: object, number: int) -> Relation:
    """Return edges as CSR."""
    source, target, time_s = np.asarray(sources), np.asarray(targets), np.asarray(times)
    order = np.lexsort((target, time_s, source))
    weight = (time_s[order] / time_s.max()).astype(np.float32)
    indptr = np.searchsorted(source[order], np.arange(number + 1)).astype(np.int64)
    return Relation(indptr, target[order].astype(np.int32), weight, time_s[order].astype(np.int64))


def write_tables(folder: Path) -> None:
    """Write what of clean tables concerns images, the flits in another order than the bundle's."""
    images: list[bytes | None] = [picture(row) for row in range(WITH_IMAGE - 1)]
    images += [NO_PICTURE] + [None] * (NUM_FLITS - WITH_IMAGE)
    stored, digests = Images.of(images)
    frame = pl.DataFrame({"id": [f"f{row}" for row in range(NUM_FLITS)], "image": digests})
    frame.reverse().write_parquet(folder / "nodes_flit.parquet")
    (folder / "schema.json").write_text(json.dumps({"nodes": {"flit": {"image": "image"}}}))
    stored.save(folder)


def key(stage: str) -> str:
    """Return a stage's fingerprint."""
    return fingerprint(stage=stage, stage_version=1, config={"whole": True}, inputs={})
