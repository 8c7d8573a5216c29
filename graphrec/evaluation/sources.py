"""What baselines are built from."""

from collections.abc import Sequence
from dataclasses import dataclass

from graphrec.arrays import FloatMatrix, IntVector
from graphrec.evaluation.tuning import Past


@dataclass(frozen=True, eq=False)
class Sources:
    """What baselines are built from.

    Attributes:
        past: The training side of the split.
        embedding: The model's flit embeddings, float32 ``[num_flits, dim]``, or ``None``.
        content: Flit features made of content alone, float32 ``[num_flits, dim]``, or ``None``.
        texts: The text of each flit, or ``None``.
        created_s: When each flit came to be, int64 ``[num_flits]``, or ``None``.
        k: Cut of the recall that settings are chosen by.
        seed: Root of chance.
    """

    past: Past
    embedding: FloatMatrix | None = None
    content: FloatMatrix | None = None
    texts: Sequence[str] | None = None
    created_s: IntVector | None = None
    k: int = 50
    seed: int = 0
