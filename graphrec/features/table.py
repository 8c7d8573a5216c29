"""Features of all nodes, and their memory-mapped files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.arrays import BoolVector, FloatMatrix, check_matrix
from graphrec.errors import ArtifactError
from graphrec.features.config import FeatureConfig

FORMAT = 1


@dataclass(frozen=True)
class NodeFeatures:
    """What goes in for the nodes of one type.

    Attributes:
        blocks: Block name (``text``, ``image``, ``columns``) to float32 ``[rows, width]``; text rows have length one.
        present: Block name to which rows have it, ``[rows]``; the others are zero.
        labels: What each column of the block ``columns`` says.
    """

    blocks: Mapping[str, FloatMatrix]
    present: Mapping[str, BoolVector]
    labels: tuple[str, ...] = ()

    @property
    def widths(self) -> dict[str, int]:
        """Width of every block."""
        return {name: int(block.shape[1]) for name, block in self.blocks.items()}


@dataclass(frozen=True)
class Features:
    """What goes in for all nodes.

    Attributes:
        nodes: Node type to its features; a type without declared content has no blocks.
        config: The settings in use, without ``auto``: the precision that text was encoded in stands here.
    """

    nodes: Mapping[str, NodeFeatures]
    config: FeatureConfig

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` file per block and mask, and ``features.json`` last.

        Raises:
            ShapeError: If a block is not a finite float32 matrix.
        """
        for node_type, node in self.nodes.items():
            (folder / node_type).mkdir(parents=True, exist_ok=True)
            for name, block in node.blocks.items():
                check_matrix(f"{node_type}.{name}", block)
                np.save(folder / node_type / f"{name}.npy", block, allow_pickle=False)
                np.save(folder / node_type / f"{name}_present.npy", node.present[name], allow_pickle=False)
        listed = {
            "format": FORMAT,
            "config": self.config.model_dump(mode="json"),
            "nodes": {
                node_type: {
                    "blocks": {name: list(block.shape) for name, block in node.blocks.items()},
                    "labels": node.labels,
                }
                for node_type, node in self.nodes.items()
            },
        }
        (folder / "features.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> "Features":
        """Map what :meth:`save` wrote; nothing is read before it is used.

        Raises:
            ArtifactError: If a file is missing or its shape is not the one listed.
        """
        try:
            listed = json.loads((folder / "features.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ArtifactError(
                f"features.json of {folder} must be readable (got {error}); run the stage again"
            ) from error
        if listed.get("format") != FORMAT:
            raise ArtifactError(f"features.json must have format {FORMAT} (got {listed.get('format')!r}); run again")
        nodes = {name: _open_node(folder / name, entry) for name, entry in listed["nodes"].items()}
        return cls(nodes, FeatureConfig.parse(listed["config"]))


def _open_node(folder: Path, entry: Mapping[str, Any]) -> NodeFeatures:
    """Map the blocks of one node type."""
    shapes: dict[str, list[int]] = entry["blocks"]
    blocks = {name: _map(folder / f"{name}.npy", tuple(shape), np.float32) for name, shape in shapes.items()}
    present = {name: _map(folder / f"{name}_present.npy", (shape[0],), np.bool_) for name, shape in shapes.items()}
    return NodeFeatures(blocks, present, tuple(entry["labels"]))


def _map(path: Path, shape: tuple[int, ...], dtype: type) -> npt.NDArray[Any]:
    """Map one array and check its shape and dtype."""
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r" if np.prod(shape) else None, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} must be a whole .npy file (got {error}); run the stage again") from error
    if array.shape != shape or array.dtype != dtype:
        got = f"{array.dtype} {list(array.shape)}"
        raise ArtifactError(f"{path} must be {np.dtype(dtype)} {list(shape)} (got {got}); run the stage again")
    return array
