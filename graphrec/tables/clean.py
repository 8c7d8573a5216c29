"""Clean tables as every later stage sees them, and their files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from graphrec.ids import IdMap
from graphrec.tables.config import EdgeConfig, InputConfig
from graphrec.tables.image_store import Images


@dataclass(frozen=True)
class Edges:
    """The clean rows of one declared edge table.

    ``frame`` holds ``source_row`` and ``target_row`` (int32), ``weight`` (float32) and, where declared, ``time_s``,
    ``start_s`` and ``end_s`` (int64), sorted by time, then source, then target.
    """

    config: EdgeConfig
    frame: pl.DataFrame


@dataclass(frozen=True)
class Tables:
    """Clean nodes and edges.

    Attributes:
        nodes: Node type to frame: ``id`` first, then the declared columns under their own names; where ``created_at``
            is declared, or nodes come from dated edges, also ``created_s`` (int64); where ``author`` is declared also
            ``author_row`` (int32, -1 unknown). Sorted by id: the position in the frame is the row.
        edges: One entry per declared edge table, in the order of the config.
        images: The bytes of all images; the image column of a node table holds their sha256 (null: no image).
    """

    nodes: Mapping[str, pl.DataFrame]
    edges: tuple[Edges, ...]
    images: Images = field(default_factory=Images)

    @cached_property
    def ids(self) -> dict[str, IdMap]:
        """Id map per node type."""
        return {node_type: IdMap(frame["id"]) for node_type, frame in self.nodes.items()}

    def save(self, folder: Path) -> None:
        """Write one parquet file per table into ``folder``, and the images beside them."""
        for node_type, frame in self.nodes.items():
            frame.write_parquet(folder / f"nodes_{node_type}.parquet")
        for number, edges in enumerate(self.edges):
            edges.frame.write_parquet(folder / f"edges_{number:02d}.parquet")
        self.images.save(folder)

    @classmethod
    def open(cls, folder: Path, config: InputConfig) -> "Tables":
        """Read what :meth:`save` wrote under the same config."""
        nodes = {node_type: pl.read_parquet(folder / f"nodes_{node_type}.parquet") for node_type in config.nodes}
        edges = tuple(
            Edges(edge, pl.read_parquet(folder / f"edges_{number:02d}.parquet"))
            for number, edge in enumerate(config.edges)
        )
        return cls(nodes, edges, Images.open(folder))
