"""Settings of the two towers."""

from typing import Literal

from pydantic import Field

from graphrec.models.config.scoring import Dot
from graphrec.section import Section


class TwoTowerConfig(Section):
    """Two towers: users by what they did lately, flits by content and id; the section training holds the schedule.

    YouTube's candidate generation (RecSys 2016, 2019). The user tower also reads how old an example is; where vectors
    are served, that age is 0.
    """

    preset: Literal["two_tower"] = "two_tower"
    """Which family of models."""
    scoring: Dot = "dot"
    """What a score is: an inner product, which an index answers."""
    loss: Literal["softmax"] = "softmax"
    """Softmax over the flits of the batch, corrected for how often each is in one (log-q)."""
    hidden_dim: int = Field(default=256, ge=1)
    """Width of the flit tower."""
    dim: int = Field(default=128, ge=1)
    """Width of the embeddings."""
    history: int = Field(default=50, ge=1)
    """Newest flits that a user acted on whose mean vector tells of him."""
    examples_per_user: int = Field(default=50, ge=1)
    """Newest actions of a user that are examples: as many of everybody, so that heavy users do not decide."""
    temperature: float = Field(default=0.2, gt=0)
    """Divides the scores."""

    @property
    def lengths(self) -> bool:
        """Whether flits' vectors have a length of their own: scores are inner products."""
        return True
