"""Settings of PinSage and of its training objective."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from graphrec.models.config.scoring import Dot
from graphrec.section import Section

Pooling = Literal["importance", "mean", "max"]
PAST = "past"
"""The kind of positives that the past itself holds."""


class HardNegativeConfig(Section):
    """Negatives from a band of the personalised PageRank ranking (PinSage, section 3.3)."""

    band: tuple[float, float] = (0.005, 0.05)
    """First and last rank of the band as fractions of the catalogue; the paper draws ranks 2000-5000 of 2 billion.
    Walks rank the first 2,000: there the band ends at the latest, and must begin before."""
    max_per_positive: int = Field(default=0, ge=0)
    """Most hard negatives a positive gets; 0 draws none. The paper has 6; `benchmarks.ladder` shows them paying only
    where users act much on few flits."""
    epochs_per_step: int = Field(default=1, ge=1)
    """The curriculum: none in the first of so many epochs, one more per positive after each further so many."""

    @field_validator("band")
    @classmethod
    def _band_lies_in_the_catalogue(cls, band: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= band[0] < band[1] <= 1:
            raise ValueError(f"must hold two rising fractions of the catalogue, from 0 to 1 (got {list(band)})")
        return band


class PinSageConfig(Section):
    """The PinSage encoder and its objective."""

    preset: Literal["pinsage"] = "pinsage"
    """Which family of models."""
    scoring: Dot = "dot"
    """What a score is: an inner product, which an index answers."""
    hidden_dim: int = Field(default=256, ge=1)
    """Width of the layers."""
    dim: int = Field(default=128, ge=1)
    """Width of the embeddings."""
    num_layers: int = Field(default=2, ge=0, le=4)
    """Rounds of pooling over neighbourhoods; 0 embeds content alone."""
    pooling: Pooling = "importance"
    """How a neighbourhood becomes one vector: weighed by visits (PinSage), all alike, or the largest entries."""
    id_vectors: bool = False
    """Adds a learned vector per node: more memory of single nodes, no embedding for nodes never trained on."""
    svd_start: bool = False
    """Start the id vectors of users and flits from a truncated SVD of the normalised actions, and what their content
    says from a regression of it; otherwise from noise. With ``hidden_dim`` above ``dim`` a part of it is lost. With
    ``positives: {past: 1}`` they are then fitted anew to every graph that is embedded."""
    popularity_bias: bool = False
    """With ``positives: {past: 1}``: learn a bias per flit, which makes the length of its vector."""
    blocks: tuple[Literal["text", "image", "columns"], ...] | None = None
    """Content blocks the model reads: ``[text]`` reads text alone, ``[]`` no content; ``None``: every one there is. A
    block that is named must be there: declared in ``nodes`` and not switched off in ``features``."""
    positives: dict[str, Annotated[float, Field(gt=0)]] = Field(default={"next_action": 1.0, "actions": 1.0})
    """What is pulled together and how strongly: ``next_action`` (flit-flit), ``actions`` (every user-flit action) or
    the name of one action relation, each in windows that come after what the model sees. Or ``past``, alone: every
    action of the past itself, a user with all of his flits against flits drawn alike from those that somebody acted
    on, under the softmax."""
    query_window: int = Field(default=20, ge=1)
    """``next_action``: each epoch draws the query anew from so many of the user's actions before the positive; 1 takes
    the one just before, as in the paper, whose sessions hold one interest at a time."""
    loss: Literal["softmax", "max_margin", "bpr", "logistic"] = "softmax"
    """Sampled softmax with log-q correction, the paper's max-margin, pairwise ranking, or the logistic loss of each
    score alone."""
    temperature: float = Field(default=0.2, gt=0)
    """Divides the cosines, except under ``max_margin``."""
    margin: float = Field(default=0.1, gt=0)
    """By how much a positive must beat a negative under ``max_margin``."""
    negatives: int = Field(default=1024, ge=1)
    """Negatives shared by a whole batch."""
    negative_power: float = Field(default=1.0, ge=0, le=1)
    """Negatives are drawn in proportion to (positives of the flit) to this power: 0 draws all flits alike, 1 draws
    flits as often as they are positives."""
    log_q: bool = False
    """Correct the softmax for how negatives were drawn. With it, popularity is learnt into the vectors; without it and
    with ``negative_power: 1`` the vectors hold affinity alone, and popularity is left to the prior."""
    hard_negatives: HardNegativeConfig = HardNegativeConfig()
    """Hard negatives per positive."""

    @property
    def lengths(self) -> bool:
        """Whether flits' vectors have a length of their own: what the popularity bias makes of it."""
        return self.popularity_bias

    @property
    def by_past(self) -> bool:
        """Whether the model learns from the actions of the past itself, and not from windows after it."""
        return PAST in self.positives

    @model_validator(mode="before")
    @classmethod
    def _the_past_draws_alike(cls, values: Any) -> Any:
        if isinstance(values, dict) and PAST in (values.get("positives") or ()):
            return {"negative_power": 0.0, **values}
        return values

    @model_validator(mode="after")
    def _what_is_set_is_read(self) -> Self:
        if self.svd_start and not self.id_vectors:
            raise ValueError("svd_start must go with id_vectors, which it starts (got id_vectors: false); set it true")
        if self.popularity_bias and not self.by_past:
            raise ValueError(
                "popularity_bias must go with positives: {past: 1} (got "
                f"{', '.join(self.positives)}): negatives of the other kinds are drawn by popularity, which cancels it"
            )
        if self.by_past:
            self._check_past()
        return self

    def _check_past(self) -> None:
        wanted: dict[str, tuple[Any, Any]] = {
            "positives": (list(self.positives), [PAST]), "positives.past": (self.positives[PAST], 1),
            "loss": (self.loss, "softmax"), "negative_power": (self.negative_power, 0), "log_q": (self.log_q, False),
            "hard_negatives.max_per_positive": (self.hard_negatives.max_per_positive, 0),
        }  # fmt: skip
        for name, (got, needed) in wanted.items():
            if got != needed:
                raise ValueError(f"{name} must be {needed} with positives: {{past: 1}} (got {got}); leave it out")

    @field_validator("blocks")
    @classmethod
    def _blocks_stand_once(cls, blocks: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if blocks is not None and len(set(blocks)) < len(blocks):
            raise ValueError(f"must name each block once (got {list(blocks)})")
        return blocks
