"""A small bundle whose right answers are known: topics of flits, users of one or two topics."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix, IntVector, RowVector, normalise_rows
from graphrec.history import History
from graphrec.ids import IdMap
from graphrec.index import IndexConfig, build_index
from graphrec.interests import InterestConfig, build_interests
from graphrec.models.config.factors import FactorConfig
from graphrec.models.factors import fit_factors
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.factors import FactorSource
from graphrec.retrieval.settings import Settings
from graphrec.retrieval.shelf import Weights
from graphrec.retrieval.tune_lengths import with_exponent
from graphrec.vectors import Embeddings

DAY = 86_400
AS_OF = 100 * DAY
TOPICS = 6
NUM_FLITS = 120
NUM_USERS = 8
INTERESTS = InterestConfig(merge_cosine=0.5, served=3)


def topic_of(rows: Any) -> IntVector:
    """Return the topic of flit rows."""
    return np.asarray(rows) % TOPICS


def flit_vectors(rng: np.random.Generator) -> FloatMatrix:
    """Scatter flits around orthogonal directions, one per topic."""
    around = np.eye(TOPICS, 8)[np.arange(NUM_FLITS) % TOPICS]
    return normalise_rows((around + 0.1 * rng.normal(size=(NUM_FLITS, 8))).astype(np.float32))


def planted_history(rng: np.random.Generator) -> History:
    """User u acts on topic u % 6 (users below 4 also, half as often, on the next); 6 acted long ago, 7 never."""
    users: list[int] = []
    rows: list[int] = []
    days: list[float] = []
    for user in range(NUM_USERS - 1):
        topics = [user % TOPICS] * 8 + [(user + 1) % TOPICS] * (4 if user < 4 else 0)
        for topic in topics:
            users.append(user)
            rows.append(int(rng.choice(np.flatnonzero(topic_of(np.arange(NUM_FLITS)) == topic))))
            days.append(float(rng.uniform(1, 20)) if user != 6 else 95.0)
    times = np.array([AS_OF - round(one * DAY) for one in days], dtype=np.int64)
    return History.from_edges(np.array(users, np.int32), np.array(rows, np.int32), times, None, NUM_USERS)


def planted(*, seed: int = 0, weights: Weights | None = None, **settings: Any) -> Bundle:
    """Build the bundle; flits 0 to 5 may not be shown, user 0 hid flits 12 and 18."""
    rng = np.random.default_rng(seed)
    vectors, history = flit_vectors(rng), planted_history(rng)
    interests = replace_interests(settings.pop("interests", {}))
    allowed = np.ones(NUM_FLITS, dtype=np.bool_)
    allowed[:6] = False
    hidden = History.from_edges(np.zeros(2, np.int32), np.array([12, 18], np.int32), None, None, NUM_USERS)
    users = normalise_rows(rng.normal(size=(NUM_USERS, 8)).astype(np.float32))
    every = {"user": users, "flit": vectors}
    names = [f"flit {row}" if row != 7 else None for row in range(NUM_FLITS)]
    chosen = {
        "as_of_s": AS_OF,
        "budget": 60,
        "cold_share": 0.0,
        "weights": weights or Weights(0.05, 0.02),
        "cold_weights": weights or Weights(0.05, 0.02),
        "text_columns": ("text",),
        "flags": ("unsafe",),
        "author": "author_id",
    }
    prior = rng.normal(size=NUM_FLITS).astype(np.float32)
    return Bundle(
        settings=Settings("user", "flit", interests=interests, **{**chosen, **settings}),
        ids={"user": IdMap([f"u{row}" for row in range(NUM_USERS)]), "flit": IdMap(_flit_ids())},
        embeddings=Embeddings(every),
        indexes={"user": build_index(users, IndexConfig()), "flit": build_index(vectors, IndexConfig(), allowed)},
        interests=build_interests(history, vectors, interests, as_of_s=AS_OF),
        history=history,
        hidden=hidden,
        prior=prior,
        allowed=allowed,
        catalogue=pl.DataFrame(
            {
                "id": _flit_ids(),
                "text": names,
                "unsafe": [row % 11 == 3 for row in range(NUM_FLITS)],
                "language": [("en", "de", None)[row % 3] for row in range(NUM_FLITS)],
                "author_id": [f"u{row % 7}" if row % 13 else None for row in range(NUM_FLITS)],
                "created_s": [AS_OF - row * DAY for row in range(NUM_FLITS)],
            }
        ),
    )


def with_factors(bundle: Bundle, weight: float) -> Bundle:
    """Return the bundle with factors fitted to its history, unmet flits' by their vectors, and what they are worth."""
    fitted = fit_factors(bundle.history, NUM_FLITS, FactorConfig(dim=4, regularization=0.1))
    source = FactorSource.build(fitted.completed(bundle.flit_vectors), bundle.allowed)
    weights = replace(bundle.settings.weights, factors=weight)
    return replace(bundle, factors=source, settings=replace(bundle.settings, weights=weights, cold_weights=weights))


def with_lengths(bundle: Bundle, exponent: float, *, seed: int = 3) -> Bundle:
    """Return the bundle with lengths of the flits' vectors, from a third to the threefold, that count to a power."""
    lengths = np.exp(np.random.default_rng(seed).uniform(-1.1, 1.1, size=NUM_FLITS)).astype(np.float32)
    longer = replace(bundle, embeddings=Embeddings(bundle.embeddings.vectors, {"flit": lengths}))
    return with_exponent(longer, exponent, IndexConfig())


def replace_interests(changes: dict[str, Any]) -> InterestConfig:
    """Return the interest settings of the planted bundle with some changed."""
    return InterestConfig.parse({**INTERESTS.model_dump(), **changes})


def _flit_ids() -> list[str]:
    return [f"f{row}" for row in range(NUM_FLITS)]


def with_prior(bundle: Bundle, prior: Any) -> Bundle:
    """Return the bundle with another prior."""
    return replace(bundle, prior=np.asarray(prior, dtype=np.float32))


def naive_scores(bundle: Bundle, user: int) -> dict[int, float]:
    """Score every flit that may be shown to a user, by loops; empty for a user without interests."""
    medoids, importance, _ = bundle.settings.served(bundle.interests.of(user), user)
    vectors, weights = bundle.flit_vectors, bundle.settings.weights
    seen: RowVector = bundle.excluded(user)
    scores = {}
    for row in range(NUM_FLITS):
        if not bundle.allowed[row] or row in seen or not len(medoids):
            continue
        share = importance / importance.sum()
        scale = 1.0 if bundle.scale is None else float(bundle.scale[row])
        parts = [
            scale * float(vectors[row] @ vectors[medoid]) + weights.importance * float(np.log(share[place]))
            for place, medoid in enumerate(medoids)
        ]
        scores[row] = max(parts) + weights.prior * float(bundle.prior[row])
    return scores
