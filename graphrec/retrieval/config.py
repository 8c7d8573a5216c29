"""How candidates of several interests become one list."""

from typing import Annotated, Literal

from pydantic import Field

from graphrec.section import Section

Auto = Literal["auto"]


class RetrievalConfig(Section):
    """Budget and weights; ``auto`` is tuned on the validation window and stands resolved in the bundle."""

    candidates: int = Field(default=400, ge=1)
    """Flits drawn in all: half by factors where they count, the others split evenly over a user's served interests."""
    prior_weight: float | Auto = "auto"
    """What one deviation of the recency-popularity prior is worth in cosine; 0 turns the prior off."""
    importance_weight: float | Auto = "auto"
    """What a factor of e in an interest's share of importance is worth in cosine."""
    softness: float | Auto = "auto"
    """0 scores a flit by the interest that suits it best; above, interests that agree add up (log-sum-exp at this
    temperature, in cosine)."""
    factors_weight: Annotated[float, Field(ge=0)] | Auto = "auto"
    """What one deviation of a user's collaborative score (iALS factors) is worth in cosine; 0 leaves factors out."""
    prior_half_life_days: float | Auto = "auto"
    """Half-life of an action in the prior."""
    prior_relations: tuple[str, ...] | None = None
    """User-flit relations that count as popularity; ``None``: the action relations. Views make a good addition: they
    tell what is shown now, and there are more of them."""
    cold_share: Annotated[float, Field(ge=0, lt=1)] | Auto = 0.15
    """Share of the places kept for flits nobody has acted on yet: what is never shown is never liked, and would stay
    cold where it had to beat the popular. 0 lets all compete alike; ``auto`` takes what the validation window rewards,
    which is little where feeds have shown new flits seldom."""
