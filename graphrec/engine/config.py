"""Where and how fast work runs; nothing here is part of a fingerprint."""

from typing import Literal, TypeAlias

from pydantic import Field

from graphrec.section import Section

Device: TypeAlias = Literal["auto", "cpu", "cuda"]


class RuntimeConfig(Section):
    """Where and how fast work runs; nothing here changes what a stage means."""

    engine: Literal["local", "ray"] = "local"
    """``local``: threads of this process. ``ray``: tasks, actors and training workers of a Ray cluster."""
    workers: int = Field(default=2, ge=1)
    """``local``: threads for matrix products, walks and clustering. ``ray``: one-CPU actors that encode content and
    cluster interests, and tasks in flight per stage."""
    device: Device = "auto"
    """What trains models, embeds graphs and encodes content: ``auto`` takes a GPU where torch sees one. Graphs, walks,
    clustering, indexes and answers are the processor's either way. ``ray``: training workers and encoders take a GPU
    each, ``auto`` where the cluster has enough of them; all else stays on CPUs."""
    training_workers: int = Field(default=0, ge=0)
    """``ray``: data-parallel training workers, one CPU each; 0 trains in the process that submitted."""
    partitions: int | None = Field(default=None, ge=1)
    """``ray``: into how many tasks walks and inference are split per node type; ``None`` chooses by size. What comes
    out is the same."""
    address: str | None = None
    """``ray``: the cluster, as ``ray.init`` takes it; ``None`` takes the one that runs this job or ``RAY_ADDRESS``, and
    starts one on this machine where there is none."""
