"""The stage of the collaborative source: factors of the flits, and an index of those that may be shown."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from graphrec.arrays import BoolVector, FloatMatrix
from graphrec.config import RunConfig
from graphrec.features import Features
from graphrec.graph.split import action_types
from graphrec.history import History
from graphrec.models.factors import fit_factors
from graphrec.pipeline.assembly import Part
from graphrec.pipeline.encoder import Facts, open_content
from graphrec.pipeline.isolated import content_vectors
from graphrec.pipeline.runner import Runner
from graphrec.retrieval.factors import FactorSource
from graphrec.store import Artifact
from graphrec.training.checkpoint import load_model
from graphrec.training.content import fit_block


def factors_stage(
    runner: Runner, config: RunConfig, part: Part, load: Callable[[], History], inputs: dict[str, Artifact]
) -> Artifact:
    """Fit the factors of one part, and regress those of the flits nobody has met.

    Args:
        runner: Where the artifact goes.
        config: What to run.
        part: The rows the factors may know.
        load: Returns their history.
        inputs: The artifacts ``tables``, ``model`` and ``features``.
    """
    _, flit_type = action_types(part.tables)
    allowed = part.allowed[flit_type]

    def write(folder: Path) -> Facts:
        source = factor_source(config, load(), allowed, flit_type, inputs["model"].path, inputs["features"].path)
        source.save(folder)
        return {"fitted": int(source.factors.fitted.sum()), "indexed": len(source.index)}

    settings = {
        "factors": config.factors, "part": part.described,
        "allowed": hashlib.sha256(np.packbits(allowed).tobytes()).hexdigest(),
    }  # fmt: skip
    return runner.stage(
        f"{part.prefix}factors", stage_version=2, config=settings, inputs=inputs, write=write,
        libraries=("implicit", "torch"),
    )  # fmt: skip


def factor_source(
    config: RunConfig, history: History, allowed: BoolVector, flit_type: str, model: Path, features: Path
) -> FactorSource:
    """Return the factors of a history's flits, those of unmet ones by their content.

    Args:
        config: Width and penalties.
        history: Actions that may be known.
        allowed: Flits that may be shown, bool ``[num_flits]``.
        flit_type: Their node type.
        model: Files of the model artifact.
        features: Files of the features artifact.
    """
    factors = fit_factors(history, len(allowed), config.factors)
    content = _content(model, features, flit_type, factors.fitted)
    return FactorSource.build(factors.completed(content, config.factors.seed), allowed)


def _content(model: Path, features: Path, flit_type: str, fitted: BoolVector) -> FloatMatrix:
    """Return every block of content, and what the model makes of it without a graph, each of mean length 1."""
    node = Features.open(features).nodes[flit_type]
    if not node.blocks or not fitted.any():
        return np.zeros((len(fitted), 0), dtype=np.float32)
    every = np.ones(len(fitted), dtype=np.float32)
    alone = content_vectors(load_model(model), open_content(model, features), flit_type, len(fitted))
    blocks = [("model", alone, every)]
    blocks += [(name, np.asarray(matrix), np.asarray(node.present[name])) for name, matrix in node.blocks.items()]
    scaled = [
        fit_block(name, matrix[fitted & (present > 0)]).apply(matrix, present.astype(np.float32))
        / np.float32(np.sqrt(matrix.shape[1]))
        for name, matrix, present in blocks
    ]
    return np.concatenate(scaled, axis=1)
