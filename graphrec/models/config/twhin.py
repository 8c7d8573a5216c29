"""Settings of TwHIN and of what it starts from."""

from typing import Annotated, Literal

from pydantic import Field

from graphrec.models.config.scoring import Translation
from graphrec.section import Section


class WarmStartConfig(Section):
    """An earlier version that vectors and translations start from, found by id; what is new starts at random."""

    version: str = "latest"
    """A version's name, or an alias: a name means the same in every run, an alias what it names by then."""
    store: str | None = None
    """Where that version lies: a folder, relative to the config file, or a URI; ``None``: the run's own store."""


class TwhinConfig(Section):
    """TwHIN: a vector per node and a translation per relation, all relations in one space."""

    preset: Literal["twhin"] = "twhin"
    """Which family of models."""
    scoring: Translation = "translation"
    """What a score is: ``(source + translation of the relation) . target``, an inner product too."""
    loss: Literal["logistic"] = "logistic"
    """Each edge against negatives of its target and of its source."""
    dim: int = Field(default=64, ge=1)
    """Width of the vectors."""
    relations: dict[str, Annotated[float, Field(ge=0)]] | None = None
    """Relations to learn from and how strongly; ``None``: every action and context relation, as strongly as the number
    that ``edges`` declare as its weight (1 where a column holds it)."""
    negatives: int = Field(default=128, ge=1)
    """Negatives of each end, shared by a step's edges."""
    in_batch_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the negatives that are ends of the step's own edges: drawn as often as they have edges. Half, as is
    usual, did worse than none on every network tried."""
    negative_power: float = Field(default=0.0, ge=0, le=1)
    """The other negatives are drawn in proportion to (edges of the node) to this power: 0 draws all nodes alike."""
    epochs: int = Field(default=20, ge=1)
    """Passes over all edges."""
    batch_size: int = Field(default=4096, ge=1)
    """Edges a step, all of one relation."""
    learning_rate: float = Field(default=0.1, gt=0)
    """Rate of row-wise Adagrad."""
    regularization: float = Field(default=0.3, ge=0)
    """L2 penalty on the vectors that a step holds."""
    warm_start: WarmStartConfig | None = None
    """Start where an earlier version of this preset ended, so that the space drifts less; ``None``: from noise. It must
    have the same ``dim`` and relations, and know nothing of this run's validation window."""
    seed: int = 0
    """Root of the start, the batches and the negatives."""

    @property
    def lengths(self) -> bool:
        """Whether vectors have a length of their own: scores are inner products."""
        return True
