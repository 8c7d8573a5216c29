"""How actions become interests, and which interests answer."""

from typing import Annotated, Literal

from pydantic import Field

from graphrec.section import Section

Cosine = Annotated[float, Field(ge=-1.0, le=1.0)]
Mode = Literal["top", "sampled"]


class InterestConfig(Section):
    """PinnerSage's settings (Pal et al., KDD 2020)."""

    window_days: float | None = Field(default=90.0, gt=0)
    """Actions older than this say nothing; ``None`` keeps all. Undated actions are always kept."""
    merge_cosine: Cosine | Literal["auto"] = "auto"
    """Two flits merge where their cosine is at least this, larger clusters at the same Ward distance. ``auto`` finds
    it in the actions themselves."""
    decay_per_day: float = Field(default=0.01, ge=0)
    """How fast an action's weight falls with its age, exp(-decay * days): .01 is a half-life of 69 days."""
    served: int = Field(default=3, ge=1)
    """Interests that answer a request."""
    mode: Mode = "top"
    """``top``: the most important interests; ``sampled``: drawn in proportion to importance, the same all day."""
    max_actions: int = Field(default=500, ge=1, le=10_000)
    """Newest actions of a user that are clustered; memory grows with the square (500: 1 MB a thread)."""
