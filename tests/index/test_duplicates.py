"""Near-duplicates against a naive twin, and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.arrays import BoolVector, FloatMatrix, IntVector, normalise_rows
from graphrec.errors import ConfigError
from graphrec.index import representatives

EVERY = np.ones(6, dtype=np.bool_)


def at(*degrees: float) -> FloatMatrix:
    angle = np.radians(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def test_by_hand() -> None:
    """0, 1 and 2 are a chain in steps of 10 degrees, 2 the oldest; 3 says the same as 0, twice as long; 4, 5 apart."""
    text = np.concatenate([at(0, 10, 20), 2 * at(0), at(90, 180)])
    born = np.array([5, 5, 1, 9, 0, 0])
    assert representatives({"text": text}, born, EVERY, 0.98).tolist() == [2, 2, 2, 2, 4, 5]
    assert representatives({"text": text}, born, EVERY, 0.99).tolist() == [0, 1, 2, 0, 4, 5]
    without = np.array([True, False, True, True, True, True])
    assert representatives({"text": text}, born, without, 0.98).tolist() == [0, 1, 2, 0, 4, 5]


def test_every_kind_of_content_must_agree() -> None:
    """The same words under other pictures, or with and without one, differ; nothing at all is like nothing."""
    text = at(0, 0, 0, 0, 0, 0)
    image = at(0, 0, 90, 1, 45, 45)
    text[4:] = 0
    image[3] = image[5] = 0
    found = representatives({"text": text, "image": image}, np.zeros(6, np.int64), EVERY, 0.99)
    assert found.tolist() == [0, 0, 2, 3, 4, 5]


@given(
    seed=st.integers(0, 500), number=st.integers(1, 40), min_cosine=st.floats(0.8, 1.0, exclude_max=True),
)  # fmt: skip
@settings(max_examples=60)
def test_equals_the_naive_twin(seed: int, number: int, min_cosine: float) -> None:
    rng = np.random.default_rng(seed)
    topics = normalise_rows(rng.normal(size=(4, 5)).astype(np.float32))
    text = normalise_rows(topics[rng.integers(0, 4, number)] + 0.15 * rng.normal(size=(number, 5)).astype(np.float32))
    text[rng.random(number) < 0.3] = topics[0]
    born = rng.integers(0, 5, number)
    valid = rng.random(number) < 0.9
    # At most 16 neighbours are looked at: with 40 flits around 4 topics chains reach all the same.
    found = representatives({"text": text}, born, valid, min_cosine)
    cosine = text.astype(np.float64) @ text.T.astype(np.float64)
    if (np.abs(cosine - min_cosine) < 1e-5).any():
        return
    assert found.tolist() == naive(cosine >= min_cosine, born, valid)


def naive(near: BoolVector, born: IntVector, valid: BoolVector) -> list[int]:
    out = list(range(len(born)))
    left = set(np.flatnonzero(valid).tolist())
    while left:
        group, new = set(), {left.pop()}
        while new:
            one = new.pop()
            group.add(one)
            new |= {other for other in left if near[one, other]}
            left -= new
        leader = min(group, key=lambda row: (born[row], row))
        for one in group:
            out[one] = leader
    return out


def test_a_hundred_copies_are_one() -> None:
    text = np.concatenate([np.repeat(at(30), 100, axis=0), at(31, 120)])
    found = representatives({"text": text}, np.arange(102)[::-1].copy(), np.ones(102, np.bool_), 0.99)
    assert found.tolist() == [100] * 101 + [101]


def test_nothing_to_compare() -> None:
    with pytest.raises(ConfigError, match=r"index\.near_duplicates must be 1\.0 where flits have neither"):
        representatives({}, np.zeros(6, np.int64), EVERY, 0.9)
    assert representatives({"text": 0 * at(1, 2)}, np.zeros(2, np.int64), EVERY[:2], 0.9).tolist() == [0, 1]
