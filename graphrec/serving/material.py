"""What a version holds besides its bundle, opened when somebody first asks to see it."""

import json
import logging
from functools import cached_property
from pathlib import Path

import polars as pl

from graphrec.errors import ArtifactError
from graphrec.graph.graph import InteractionGraph
from graphrec.projection.projection import Projection
from graphrec.retrieval.bundle import Bundle
from graphrec.serving.problems import Problem
from graphrec.store import Store, Version
from graphrec.tables.image_store import Images

logger = logging.getLogger(__name__)


class Material:
    """The artifacts of one version that only lookers need.

    Args:
        store: Where they lie.
        version: The version.
        bundle: Its bundle.

    Attributes:
        plane: The map as it is sent, once somebody asked for it.
    """

    def __init__(self, store: Store, version: Version, bundle: Bundle) -> None:
        self._store = store
        self._version = version
        self._flit_type = bundle.settings.flit_type
        self._flits = bundle.ids[self._flit_type]
        self.plane: bytes | None = None

    @cached_property
    def graph(self) -> InteractionGraph:
        """The graph, memory-mapped.

        Raises:
            Problem: 404, if the version holds none.
        """
        return InteractionGraph.open(self._folder("graph"))

    @cached_property
    def projection(self) -> Projection:
        """The flits on a plane.

        Raises:
            Problem: 404, if the version holds none.
        """
        return Projection.open(self._folder("projection"))

    @cached_property
    def images(self) -> Images:
        """The bytes of all images.

        Raises:
            Problem: 404, if the version holds no tables.
        """
        return Images.open(self._folder("tables"))

    @cached_property
    def digests(self) -> pl.Series:
        """The sha256 of every flit's image in row order, as bytes; null where it has none."""
        nothing = pl.Series([None] * len(self._flits), dtype=pl.Binary)
        try:
            folder = self._folder("tables")
        except Problem:
            return nothing
        column = json.loads((folder / "schema.json").read_text())["nodes"][self._flit_type]["image"]
        if column is None:
            return nothing
        frame = pl.read_parquet(folder / f"nodes_{self._flit_type}.parquet", columns=["id", column])
        aligned = self._flits.series.to_frame().join(frame, on="id", how="left", maintain_order="left")
        return aligned.get_column(column)

    def _folder(self, stage: str) -> Path:
        if stage not in self._version.stages:
            raise Problem(404, f"this version holds no {stage}")
        try:
            return self._store.artifact(self._version, stage).path
        except ArtifactError as error:
            logger.error("artifact refused", extra={"version": self._version.name, "error": str(error)})
            raise Problem(404, f"this version's {stage} is damaged and stays closed; the log tells more") from error
