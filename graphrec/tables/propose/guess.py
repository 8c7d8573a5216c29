"""A part of a config as it was guessed: its settings, and why each was chosen."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Guess:
    """Settings of one part of a config.

    Attributes:
        values: Field to plain value, in the order to write them.
        why: Field to the reason, for a comment; the empty field speaks of the whole part.
        unsure: What a person should look at.
    """

    values: dict[str, Any] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    unsure: list[str] = field(default_factory=list)

    def note(self, why: str) -> None:
        """Add a remark on the whole part."""
        self.why[""] = "; ".join(filter(None, [self.why.get(""), why]))

    def insert(self, name: str, value: Any, *, after: str) -> None:
        """Set a field right after another one."""
        items = list(self.values.items())
        place = [field for field, _ in items].index(after) + 1
        self.values = dict([*items[:place], (name, value), *items[place:]])

    def set(self, name: str, value: Any, why: str = "") -> None:
        """Set a field, with the reason where there is one."""
        self.values[name] = value
        if why:
            self.why[name] = why
