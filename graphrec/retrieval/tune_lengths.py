"""How much the lengths of the flits' vectors shall count, chosen on the validation window."""

from collections.abc import Mapping
from dataclasses import replace

from graphrec.arrays import FloatVector, RowVector
from graphrec.index import IndexConfig
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.config import RetrievalConfig
from graphrec.retrieval.lengths import build_scaled, scale_of
from graphrec.retrieval.tune import Tuned, chosen_trial, tune_weights

EXPONENTS = (0.0, 0.25, 0.5, 1.0)


def with_exponent(bundle: Bundle, exponent: float, config: IndexConfig) -> Bundle:
    """Return a bundle whose flits' lengths count to a power.

    Args:
        bundle: Bundle of the past; with an exponent above 0 its embeddings have lengths.
        exponent: 0 gives the bundle back.
        config: Settings of the index.
    """
    if not exponent:
        return bundle
    settings = replace(bundle.settings, length_exponent=exponent)
    scale = scale_of(bundle.embeddings.lengths[settings.flit_type], exponent)
    index = build_scaled(bundle.flit_vectors, scale, config, bundle.allowed)
    return replace(bundle, settings=settings, scaled_index=index)


def tune_lengths(
    bundle: Bundle,
    truth: Mapping[int, RowVector],
    priors: Mapping[float, FloatVector],
    index: IndexConfig,
    config: RetrievalConfig,
) -> tuple[Bundle, Tuned, list[dict[str, float]]]:
    """Choose the exponent, each with the weights that suit it best; the smaller one where they are alike.

    Args:
        bundle: Bundle of the past, by cosine.
        truth: User row to held-out flits, int32.
        priors: Half-life to recency-popularity of each flit.
        index: A ``length_exponent`` set to a number is kept; without lengths it is 0.
        config: See :func:`graphrec.retrieval.tune.tune_weights`.

    Returns:
        The bundle with the chosen exponent, the weights, and one entry per exponent tried.
    """
    exponents: tuple[float, ...] = (0.0,)
    if bundle.settings.flit_type in bundle.embeddings.lengths:
        exponents = EXPONENTS if isinstance(index.length_exponent, str) else (index.length_exponent,)
    asked = [with_exponent(bundle, exponent, index) for exponent in exponents]
    tuned = [tune_weights(one, truth, priors, config) for one in asked]
    trials = [
        {"length_exponent": exponent, "recall": one.recall, "score": one.score}
        for exponent, one in zip(exponents, tuned, strict=True)
    ]
    best = chosen_trial(trials, [one.measured for one in tuned], "score", leaning="length_exponent")
    return asked[best], tuned[best], trials if len(trials) > 1 else []
