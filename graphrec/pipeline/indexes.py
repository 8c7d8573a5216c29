"""The stage of the indexes: of every node type by cosine, and of the flits by their length where that counts."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix
from graphrec.config import RunConfig
from graphrec.graph.split import action_types
from graphrec.index import IndexConfig, build_index_files
from graphrec.pipeline.assembly import Part
from graphrec.pipeline.duplicates import REPRESENTATIVE, leads, standing_for
from graphrec.pipeline.runner import Runner, named
from graphrec.pipeline.stages import Facts
from graphrec.retrieval.bundle import SCALED
from graphrec.retrieval.lengths import by_inner_product, scale_of
from graphrec.store import Artifact
from graphrec.vectors import Embeddings


def index_stage(
    runner: Runner, config: RunConfig, exponent: float, part: Part, embeddings: Artifact, features: Artifact
) -> Artifact:
    """Index the nodes of every type; of the flits only those that may be shown, near-duplicates as one.

    Args:
        runner: Where the artifact goes.
        config: What to run.
        exponent: Power of its length that a flit's vector is scaled to; above 0 there is a second index of the flits.
        part: The rows that may be found.
        embeddings: What is indexed.
        features: What near-duplicates are told by.
    """
    settings = config.index.model_copy(update={"length_exponent": exponent})
    inputs = {"embeddings": embeddings}
    if settings.near_duplicates < 1:
        inputs["features"] = features

    def write(folder: Path) -> Facts:
        embedded, (_, flit_type) = Embeddings.open(embeddings.path), action_types(part.tables)
        standing = standing_for(part.tables, config, part.allowed, features.path)
        np.save(folder / REPRESENTATIVE, standing)
        valid = {**part.allowed, flit_type: part.allowed[flit_type] & leads(standing)}
        facts = _build(runner, folder, embedded.vectors, settings, valid)
        if exponent:
            scale = scale_of(embedded.lengths[flit_type], exponent)
            scaled = {SCALED: np.asarray(embedded.vectors[flit_type]) * scale[:, None]}
            searched = by_inner_product(settings, int(valid[flit_type].sum()))
            facts |= _build(runner, folder, scaled, searched, {SCALED: valid[flit_type]})
        return {**facts, "length_exponent": exponent}

    shown = {t: hashlib.sha256(np.packbits(mask).tobytes()).hexdigest() for t, mask in part.allowed.items()}
    return runner.stage(
        f"{part.prefix}index", stage_version=3, config={"index": settings, "allowed": shown}, inputs=inputs,
        write=write, libraries=("hnswlib",),
    )  # fmt: skip


def _build(
    runner: Runner,
    folder: Path,
    vectors: Mapping[str, FloatMatrix],
    settings: IndexConfig,
    valid: Mapping[str, BoolVector],
) -> dict[str, float]:
    """Write an index per matrix into a folder of its name; return how many vectors each holds."""
    built = runner.engine.map_parts(
        build_index_files, list(vectors), dict(vectors), settings, valid, name="index",
        on_done=named(runner.on_progress, "index"),
    )  # fmt: skip
    for name, (_, files) in zip(vectors, built, strict=True):
        (folder / name).mkdir()
        for file, content in files.items():
            (folder / name / file).write_bytes(content)
    return {name: size for name, (size, _) in zip(vectors, built, strict=True)}
