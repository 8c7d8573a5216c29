"""Settings of the model and of its training objective."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from graphrec.section import Section

Pooling = Literal["importance", "mean", "max"]
PAST = "past"
"""The kind of positives that the past itself holds."""


def _answered_by_an_index(scoring: Any) -> Any:
    if scoring == "mlp":
        raise ValueError(
            "must be an inner product for an index to answer (got 'mlp'); `python -m benchmarks.leave_one_out` compares"
        )
    return scoring


Dot = Annotated[Literal["dot"], BeforeValidator(_answered_by_an_index)]
Translation = Annotated[Literal["translation"], BeforeValidator(_answered_by_an_index)]


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


class ModelConfig(Section):
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


PRESETS = ("pinsage", "lightgcn", "matrix_factorization", "twhin", "two_tower")
"""Names for full settings, each with its own section."""


def _preset_of(value: Any) -> Any:
    return value.get("preset", PRESETS[0]) if isinstance(value, dict) else getattr(value, "preset", None)


PresetConfig = Annotated[
    Annotated[ModelConfig, Tag("pinsage")]
    | Annotated[LightGCNConfig, Tag("lightgcn")]
    | Annotated[LightGCNConfig, Tag("matrix_factorization")]
    | Annotated[TwhinConfig, Tag("twhin")]
    | Annotated[TwoTowerConfig, Tag("two_tower")],
    Discriminator(
        _preset_of,
        custom_error_type="preset",
        custom_error_message=f"be a section whose preset is one of {', '.join(PRESETS)}",
    ),
]
"""The settings of one preset, told by its name; without one PinSage's."""
