"""Settings of id vectors over one bipartite graph."""

from typing import Any, Literal

from pydantic import Field, model_validator

from graphrec.models.config.scoring import Dot
from graphrec.section import Section


class LightGCNConfig(Section):
    """Id vectors of users and flits over one bipartite graph: LightGCN, or without propagation factorization."""

    preset: Literal["lightgcn", "matrix_factorization"] = "lightgcn"
    """Which family of models; ``matrix_factorization`` is ``num_layers: 0``."""
    scoring: Dot = "dot"
    """What a score is: an inner product, which an index answers."""
    loss: Literal["softmax"] = "softmax"
    """Softmax over the shared negatives, all flits of a user as positives."""
    dim: int = Field(default=64, ge=2)
    """Width of the served vectors, the popularity bias included."""
    num_layers: int = Field(default=3, ge=0, le=6)
    """Rounds of propagation; 0 is plain matrix factorization."""
    temperature: float = Field(default=0.1, gt=0)
    """Divides the cosines under the softmax."""
    popularity_bias: bool = True
    """Learn a bias per flit, served as the last dimension."""
    svd_start: bool = True
    """Start from a truncated SVD of the normalised links; otherwise from noise."""
    epochs: int = Field(default=20, ge=1)
    """Passes over all users."""
    users_per_step: int = Field(default=2048, ge=1)
    """Users a step takes, each with all of his flits."""
    negatives: int = Field(default=8192, ge=1)
    """Flits, drawn alike, that all users of a step share; as many as there are flits: the full softmax."""
    learning_rate: float = Field(default=0.02, gt=0)
    """First rate of Adam; it falls to zero by a cosine."""
    seed: int = 0
    """Root of the start, the batches and the negatives."""

    @property
    def lengths(self) -> bool:
        """Whether flits' vectors have a length of their own: what the popularity bias makes of it."""
        return self.popularity_bias

    @model_validator(mode="before")
    @classmethod
    def _factorization_does_not_propagate(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("preset") != "matrix_factorization":
            return values
        if values.get("num_layers", 0) != 0:
            raise ValueError(
                f"num_layers must be 0 with preset matrix_factorization (got {values['num_layers']}); take it out, or "
                "set preset lightgcn"
            )
        return {**values, "num_layers": 0}
