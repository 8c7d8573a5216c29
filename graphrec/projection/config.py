"""How flits are laid out on a plane."""

from importlib.util import find_spec
from typing import Literal

from pydantic import Field

from graphrec.section import Section

Method = Literal["umap", "pca"]


class ProjectionConfig(Section):
    """Settings of the map of the space."""

    method: Literal["auto", "umap", "pca"] = "auto"
    """``umap`` needs umap-learn (``pip install 'graphrec[notebooks]'``); ``pca`` takes a moment and shows less;
    ``auto`` takes UMAP where it is installed. The artifact says which it was."""
    flits: int = Field(default=20_000, ge=1)
    """Flits drawn at most, chosen at random."""
    clusters: int = Field(default=12, ge=1, le=40)
    """Named groups of near flits, found by k-means."""

    def resolved(self) -> "ProjectionConfig":
        """Return the settings with the method chosen."""
        chosen: Method = "umap" if find_spec("umap") else "pca"
        return self.model_copy(update={"method": chosen}) if self.method == "auto" else self
