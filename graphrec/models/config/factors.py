"""Settings of iALS."""

from pydantic import Field

from graphrec.section import Section


class FactorConfig(Section):
    """Collaborative factors by iALS, for retrieval's second opinion beside the embeddings."""

    dim: int = Field(default=64, ge=1, le=1024)
    """Width of the vectors."""
    alpha: float = Field(default=3.0, gt=0)
    """Confidence per unit of an action's weight."""
    regularization: float = Field(default=10.0, gt=0)
    """L2 penalty on all vectors."""
    iterations: int = Field(default=15, ge=1)
    """Sweeps over users and flits."""
    seed: int = 0
    """Root of the first vectors."""
