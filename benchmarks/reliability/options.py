"""What every part is told."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How a part runs.

    Attributes:
        store: Folder of a store with a version; a part that publishes or damages anything copies it first.
        seed: What chance is rooted in.
        seconds: Length of each timed loop.
        count: How many swaps, kills, cases or files; 0 where a part counts nothing.
    """

    store: str
    seed: int
    seconds: float
    count: int
