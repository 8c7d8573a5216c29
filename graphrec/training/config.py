"""How long and how fast models train that learn step by step."""

from pydantic import Field

from graphrec.section import Section


class TrainingConfig(Section):
    """How long and how fast."""

    epochs: int = Field(default=20, ge=1)
    """Passes over all positives at most."""
    patience: int = Field(default=4, ge=1)
    """Epochs in a row with a lower validation recall than the best before training stops."""
    batch_size: int = Field(default=2048, ge=1)
    """Positive pairs a step."""
    learning_rate: float = Field(default=2e-3, gt=0)
    """Peak rate of Adam: linear warm-up over the first epoch, then cosine decay."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled weight decay."""
    content_only_share: float = Field(default=0.25, ge=0, lt=1)
    """Share of the flits that a step embeds as if nobody had met them (DropoutNet, Volkovs et al., NeurIPS 2017):
    without it the graph explains everything in training, and content is not learnt for those that have no graph."""
    windows: int = Field(default=6, ge=1)
    """Snapshots trained on: each has its own graph, and its positives come after it. With ``two_tower`` the windows in
    which examples lie."""
    window_days: float = Field(default=7.0, gt=0)
    """Length of a snapshot's supervision window, and of the validation window."""
    hidden_share: float = Field(default=0.1, gt=0, lt=1)
    """Undated data: share of actions, and of flits whole, that a snapshot hides and is supervised by."""
    seed: int = 0
    """Root of initialisation, batches and negatives."""
