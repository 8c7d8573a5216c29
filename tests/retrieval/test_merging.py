import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import normalise_rows
from graphrec.retrieval.merging import lift_of, merge_interests, merged, weigh_interests


def test_interests_that_agree_add_up_when_soft() -> None:
    weighted = np.array([[0.5, 0.5, -9.0], [0.6, -9.0, -9.0]], np.float32).T
    assert merge_interests(weighted, 0.0).tolist() == pytest.approx([0.5, 0.6])
    assert merge_interests(weighted, 0.2).tolist() == pytest.approx([0.5 + 0.2 * math.log(2), 0.6])
    assert merge_interests(weighted, 1e-6).tolist() == pytest.approx([0.5, 0.6], abs=1e-5)


def test_an_interest_is_lifted_by_its_share() -> None:
    share = np.array([0.5, 0.25, 0.0], np.float32)
    assert lift_of(share, 0.2).tolist() == pytest.approx(
        [0.2 * math.log(0.5), 0.2 * math.log(0.25), 0.2 * math.log(1e-9)]
    )


@given(
    dim=st.integers(1, 70), asked=st.integers(0, 60), interests=st.integers(1, 7),
    softness=st.sampled_from([0.0, 0.05, 0.7]), scaled=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=60)
def test_one_pass_gives_what_whole_arrays_give(
    dim: int, asked: int, interests: int, softness: float, scaled: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = normalise_rows(rng.normal(size=(40, dim)).astype(np.float32))
    rows, medoids = rng.integers(0, 40, asked).astype(np.int32), vectors[rng.integers(0, 40, interests)]
    scale = rng.uniform(0.5, 2, 40).astype(np.float32) if scaled else np.zeros(0, np.float32)
    share = rng.dirichlet(np.ones(interests)).astype(np.float32)
    values, best, cosines = merged(rows, vectors, scale, medoids, lift_of(share, 0.3), np.float32(softness))
    similarity = medoids @ vectors[rows].T
    weighted = weigh_interests(similarity * scale[rows] if scaled else similarity, share, 0.3)
    assert values == pytest.approx(merge_interests(weighted, softness) if asked else [], abs=1e-5)
    every = np.arange(asked)
    assert weighted[best, every] == pytest.approx(weighted.max(axis=0), abs=1e-5)
    assert cosines == pytest.approx(similarity[best, every], abs=1e-5)
    assert [part.dtype.name for part in (values, best, cosines)] == ["float32", "int32", "float32"]


def test_of_interests_that_suit_alike_the_first_is_named() -> None:
    medoids = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    _, best, _ = merged(
        np.zeros(3, np.int32), medoids, np.zeros(0, np.float32), medoids, np.zeros(3, np.float32), np.float32(0)
    )
    assert best.tolist() == [0, 0, 0]
