import numpy as np
import polars as pl
import pytest

from graphrec.evaluation.planted import interest_ari
from graphrec.history import History
from graphrec.interests import InterestConfig, build_interests


def planted(noise: float) -> tuple[History, np.ndarray, pl.DataFrame]:
    """Two users with 24 actions each from two topics, and one action that no interest produced."""
    rng = np.random.default_rng(0)
    centres = np.eye(2, 8)
    vectors = centres[np.arange(60) % 2] + noise * rng.normal(size=(60, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    users, flits = np.repeat([0, 1], 25).astype(np.int32), np.tile(np.arange(25), 2).astype(np.int32)
    interest = np.where(flits == 24, -1, flits % 2)
    history = History.from_edges(users, flits, None, None, 2)
    return history, vectors, pl.DataFrame({"user_row": users, "flit_row": flits, "interest": interest})


def test_separable_interests_are_recovered_whole() -> None:
    history, vectors, truth = planted(noise=0.02)
    interests = build_interests(history, vectors, InterestConfig(merge_cosine=0.5), as_of_s=None)
    assert interest_ari(interests, history, truth) == (1.0, 2)


def test_clusters_without_the_topics_agree_no_more_than_chance() -> None:
    history, vectors, truth = planted(noise=0.02)
    shuffled = vectors[np.random.default_rng(1).permutation(len(vectors))]
    interests = build_interests(history, shuffled, InterestConfig(merge_cosine=0.5), as_of_s=None)
    assert interest_ari(interests, history, truth).mean < 0.3


def test_users_with_few_actions_or_one_interest_are_left_out() -> None:
    history, vectors, truth = planted(noise=0.02)
    interests = build_interests(history, vectors, InterestConfig(merge_cosine=0.5), as_of_s=None)
    one_topic = truth.with_columns(interest=pl.when(pl.col("user_row") == 0).then(0).otherwise(pl.col("interest")))
    assert interest_ari(interests, history, one_topic).users == 1
    assert np.isnan(interest_ari(interests, history, truth.head(10)).mean)


def test_a_pair_with_several_truths_counts_by_the_newest() -> None:
    history, vectors, truth = planted(noise=0.02)
    interests = build_interests(history, vectors, InterestConfig(merge_cosine=0.5), as_of_s=None)
    older = truth.with_columns(interest=1 - pl.col("interest"), time_s=pl.lit(1))
    both = pl.concat([truth.with_columns(time_s=pl.lit(2)), older.cast({"time_s": pl.Int32})])
    assert interest_ari(interests, history, both).mean == pytest.approx(1.0)
