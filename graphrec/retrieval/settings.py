"""The resolved numbers that retrieval runs by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphrec.arrays import FloatVector
from graphrec.errors import ArtifactError
from graphrec.history import DAY_S
from graphrec.interests import InterestConfig, ServedInterests, UserInterests
from graphrec.retrieval.shelf import Weights

PLAIN = ("user_type", "flit_type", "as_of_s", "budget", "cold_share", "author")


@dataclass(frozen=True)
class Settings:
    """The resolved numbers that retrieval runs by.

    Attributes:
        user_type: Node type of those who act.
        flit_type: Node type of what is recommended.
        as_of_s: "Now" of the bundle, seconds since 1970 UTC; ``None`` for undated data.
        weights: How similarity, importance, factors and prior add up.
        cold_weights: The same among flits nobody has acted on yet.
        budget: Neighbours drawn in all per answer.
        cold_share: Share of the places kept for flits nobody has acted on yet.
        interests: Clustering and serving, with a resolved ``merge_cosine``.
        text_columns: Columns of the catalogue shown as a flit's text.
        flags: Columns of the catalogue that say a flit is not for everybody.
        author: Column of the catalogue that names who wrote a flit; ``None`` where nothing does.
        sources: More sources of candidates, and how many flits each draws.
        length_exponent: Power of its length that a flit's vector is scaled to; 0 goes by the cosine.
    """

    user_type: str
    flit_type: str
    as_of_s: int | None
    weights: Weights
    cold_weights: Weights
    budget: int
    cold_share: float
    interests: InterestConfig
    text_columns: tuple[str, ...]
    flags: tuple[str, ...] = ()
    author: str | None = None
    length_exponent: float = 0.0
    sources: Mapping[str, int] = field(default_factory=dict)

    def served(self, own: UserInterests, user: int, worth: FloatVector | None = None) -> ServedInterests:
        """Return the interests that answer for a user row; a sampled draw is that of the day of ``as_of_s``.

        Args:
            own: All of his interests.
            user: His row.
            worth: What the importance of each is multiplied by, float32 ``[interests]``; 0 mutes one.
        """
        day = 0 if self.as_of_s is None else self.as_of_s // DAY_S
        return own.served(self.interests.served, self.interests.mode, (user, day), worth)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            **{name: getattr(self, name) for name in PLAIN},
            "length_exponent": self.length_exponent,
            "weights": vars(self.weights),
            "cold_weights": vars(self.cold_weights),
            "interests": self.interests.model_dump(mode="json"),
            "text_columns": list(self.text_columns),
            "flags": list(self.flags),
            "sources": dict(self.sources),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Settings":
        """Build from what :meth:`to_dict` gave; versions from before lengths counted go by the cosine.

        Raises:
            ArtifactError: If a value is missing.
        """
        try:
            return cls(
                **{name: values[name] for name in PLAIN},
                weights=Weights(**values["weights"]),
                cold_weights=Weights(**values["cold_weights"]),
                interests=InterestConfig.parse(values["interests"]),
                text_columns=tuple(values["text_columns"]),
                flags=tuple(values["flags"]),
                length_exponent=values.get("length_exponent", 0.0),
                sources=values.get("sources", {}),
            )
        except (KeyError, TypeError) as error:
            raise ArtifactError(
                f"bundle.settings must hold every setting of retrieval (got none for {error}); another graphrec wrote "
                "this version: run again"
            ) from error
