"""Which flit stands for which, from the content features of a run."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from graphrec.arrays import BoolVector, RowVector
from graphrec.config import RunConfig
from graphrec.features import Features
from graphrec.graph.split import action_types
from graphrec.index import representatives
from graphrec.tables.clean import Tables

REPRESENTATIVE = "representative.npy"
CONTENT = ("text", "image")


def standing_for(tables: Tables, config: RunConfig, allowed: Mapping[str, BoolVector], features: Path) -> RowVector:
    """Return the flit that stands for each flit, int32 ``[num_flits]``: itself where near-duplicates stay.

    Args:
        tables: The rows that may be known.
        config: For ``index.near_duplicates``.
        allowed: Flit type to which flits may be shown; the others stand for nobody.
        features: Folder of the features; read only where near-duplicates are looked for.

    Raises:
        ConfigError: If they are looked for where flits have neither text nor image.
    """
    _, flit_type = action_types(tables)
    frame = tables.nodes[flit_type]
    if config.index.near_duplicates >= 1:
        return np.arange(frame.height, dtype=np.int32)
    node = Features.open(features).nodes[flit_type]
    born = frame["created_s"].fill_null(0).to_numpy() if "created_s" in frame.columns else np.zeros(frame.height, int)
    blocks = {name: node.blocks[name] for name in CONTENT if name in node.blocks}
    return representatives(blocks, born, allowed[flit_type], config.index.near_duplicates)


def leads(standing: RowVector) -> BoolVector:
    """Return which flits stand for themselves, bool ``[num_flits]``."""
    return np.asarray(standing == np.arange(len(standing)))
