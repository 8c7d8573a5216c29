"""Settings without ``auto``, as the tuning stage left them."""

import json
from dataclasses import dataclass
from pathlib import Path

from graphrec.interests import InterestConfig
from graphrec.retrieval.shelf import Weights


@dataclass(frozen=True)
class Resolved:
    """Settings without ``auto``.

    Attributes:
        interests: Clustering with a number for ``merge_cosine``.
        weights: Weights of the merge.
        cold_weights: Weights among flits nobody has acted on yet.
        half_life_days: Half-life of the prior.
        cold_share: Share of the places for cold flits.
        kind_prior_weights: Other kinds to what their prior is worth.
        length_exponent: Power of its length that a flit's vector is scaled to.
    """

    interests: InterestConfig
    weights: Weights
    cold_weights: Weights
    half_life_days: float
    cold_share: float
    kind_prior_weights: dict[str, float]
    length_exponent: float

    @classmethod
    def open(cls, folder: Path) -> "Resolved":
        """Read what the stage wrote."""
        values = json.loads((folder / "resolved.json").read_text())
        return cls(
            InterestConfig.parse(values["interests"]),
            Weights(**values["weights"]),
            Weights(**values["cold_weights"]),
            values["half_life_days"],
            values["cold_share"],
            values["kind_prior_weights"],
            values["length_exponent"],
        )
