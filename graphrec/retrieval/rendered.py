"""An answer as plain values: what the service sends, and what a version's lists hold."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphrec.retrieval.answers import Candidates

DIGITS = 6
"""Decimals of scores and cosines: what float32 holds."""


def rendered(found: Candidates) -> list[dict[str, Any]]:
    """Return each candidate's id, score, interest and, where it is one, the ad's promoter."""
    scores = found.scores.astype(np.float64).round(DIGITS).tolist()
    rows = zip(found.ids, scores, found.interests, found.ads, strict=True)
    return [
        {"id": one, "score": score, "interest": interest} | ({} if ad is None else {"ad": ad})
        for one, score, interest, ad in rows
    ]


def told(reason: str, candidates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the parts of an answer that do not depend on the version's name, in their order."""
    return {"reason": reason, "candidates": candidates}
