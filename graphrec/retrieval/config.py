"""How candidates of several interests become one list."""

from typing import Annotated, Literal

from pydantic import Field

from graphrec.section import Section

Auto = Literal["auto"]


class AdConfig(Section):
    """Promoted flits among the others."""

    relation: str
    """Relation from advertisers to the flits they promote; its ``start`` and ``end`` are the dates of a campaign."""
    every: int = Field(default=10, ge=2)
    """Every so manieth place of a list is for an ad."""
    min_similarity: Annotated[float, Field(ge=-1, le=1)] | Auto = "auto"
    """Cosine to one of the user's interests below which no ad is shown; ``auto``: the cut of the clusters, so that an
    ad belongs to an interest as an action does."""
    cap: int = Field(default=3, ge=1)
    """Times that one user is shown one ad at most, as ``Request.ads_shown`` counts them."""


class SourcesConfig(Section):
    """Flits that more sources draw beside the candidates of interests and factors; 0 leaves a source out."""

    walks: int = Field(default=0, ge=0)
    """Where random walks from the user's newest actions end, over who acted on what (Pixie)."""
    follows: int = Field(default=0, ge=0)
    """The newest flits that the accounts a user follows wrote or acted on; edges from users to users must be there."""
    mixture: int = Field(default=0, ge=0)
    """For users with few actions: the neighbours of the clusters that they and users like them acted in (kNN-Embed)."""


class ListsConfig(Section):
    """Answers that a version keeps: with them the service need not compute what it is asked most."""

    k: int = Field(default=0, ge=0, le=500)
    """Length of the list that is kept of every user, some 3 kB at 50, for whoever asks for so many and nothing special
    before he does anything new; 0 keeps none."""


class RetrievalConfig(Section):
    """Budget and weights; ``auto`` is tuned on the validation window and stands resolved in the bundle."""

    candidates: int = Field(default=400, ge=1)
    """Flits drawn in all: half by factors where they count, the others by a user's served interests, as many by each as
    its share of their importance."""
    sources: SourcesConfig = SourcesConfig()
    """More sources, off by default: [measured](quality.md), they add next to nothing to interests and factors."""
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
    ads: AdConfig | None = None
    """Promoted flits; ``None``: no ads."""
    segment: str | None = None
    """Declared column of the users, such as ``country``: who cannot be answered by interests gets what is popular
    there. A request may name the value for somebody unknown."""
