"""Popularity by segment: by hand, its laws, and in the fallback chain."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import ConfigError
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.request import Request
from graphrec.retrieval.retriever import Retriever
from graphrec.retrieval.segments import STRENGTH, Segments, counted
from tests.retrieval.world import NUM_FLITS, NUM_USERS, planted

OF_USER = np.array([0, 0, 1, 1, 0, 1, 0, 1], dtype=np.int32)


def with_segments() -> Bundle:
    """Users 0, 1, 4 and 6 live in de, the others in fr; de acts on flit 50 a hundred times over, fr on flit 51."""
    flit = np.array([50] * 100 + [51] * 100 + [50], dtype=np.int32)
    segment = np.array([0] * 100 + [1] * 101, dtype=np.int32)
    found = counted(segment, flit, np.ones(len(flit)), 2, NUM_FLITS)
    return replace(planted(), segments=Segments("country", ("de", "fr"), OF_USER, **found))


@pytest.fixture(scope="module")
def retriever() -> Retriever:
    return Retriever(with_segments())


def test_popularity_by_hand() -> None:
    """Segment 0 makes half of the actions: 3 of the 3 on flit 0, 1 of the 4 on flit 1, none of the 1 on flit 2."""
    segment, flit = np.array([0, 0, 0, 0, 1, 1, 1, 1], np.int32), np.array([0, 0, 0, 1, 1, 1, 1, 2], np.int32)
    found = Segments("country", ("de", "fr"), OF_USER, **counted(segment, flit, np.ones(8), 2, 4))
    prior, order = found.popularity("de", np.zeros(4, np.float32))
    expected = [
        np.log((own + STRENGTH) / (everybody / 2 + STRENGTH)) for own, everybody in ((3, 3), (1, 4), (0, 1), (0, 0))
    ]
    assert prior.tolist() == pytest.approx(expected, abs=1e-6)
    assert order.tolist() == [0, 3, 2, 1]
    assert found.value_of(2) == "fr"
    assert found.value_of(None) is None


@given(seed=st.integers(0, 500), number=st.integers(1, 300))
@settings(max_examples=50)
def test_segments_that_act_alike_have_no_lift(seed: int, number: int) -> None:
    rng = np.random.default_rng(seed)
    flit, weight = rng.integers(0, 20, number).astype(np.int32), rng.random(number) + 0.01
    twice = np.repeat(np.array([0, 1], np.int32), number)
    found = counted(twice, np.tile(flit, 2), np.tile(weight, 2), 2, 20)
    prior = rng.normal(size=20).astype(np.float32)
    lifted, _ = Segments("country", ("de", "fr"), OF_USER, **found).popularity("fr", prior)
    np.testing.assert_allclose(lifted, prior, atol=1e-5)


def test_a_stranger_gets_what_is_popular_where_he_says_he_is(retriever: Retriever) -> None:
    here, there, nowhere = (
        retriever.recommend("stranger", NUM_FLITS, Request(segment=one)) for one in ("de", "fr", None)
    )
    assert here.reason == "recent popularity in country de: user 'stranger' is unknown"
    assert nowhere.reason == "recent popularity: user 'stranger' is unknown"
    assert here.ids.index("f50") < nowhere.ids.index("f50")
    assert here.ids.index("f50") < here.ids.index("f51")
    assert there.ids.index("f51") < there.ids.index("f50")
    assert (np.diff(here.scores) <= 0).all()


def test_a_known_user_without_interests_gets_that_of_his_own_segment(retriever: Retriever) -> None:
    found = retriever.recommend("u6", 10)
    assert found.reason == "recent popularity in country de: no action in the window"
    assert retriever.recommend("u6", 10, Request(segment="fr")).reason.startswith("recent popularity in country fr")


def test_a_place_nobody_is_known_in_gets_everybodys_and_says_so(retriever: Retriever) -> None:
    found = retriever.recommend("stranger", 10, Request(segment="xx"))
    assert found.reason.startswith("recent popularity everywhere, as nobody is known in country xx: user")
    assert found.ids == retriever.recommend("stranger", 10).ids


def test_interests_answer_before_segments(retriever: Retriever) -> None:
    plain = Retriever(planted()).recommend("u1", 20)
    assert retriever.recommend("u1", 20, Request(segment="fr")).ids == plain.ids


def test_filters_hold_in_segments_too(retriever: Retriever) -> None:
    found = retriever.recommend("stranger", 60, Request(segment="de", safe=True))
    assert not any(int(str(one)[1:]) % 11 == 3 for one in found.ids)


def test_a_version_without_segments_refuses_to_guess() -> None:
    with pytest.raises(ConfigError, match=r"this version has none \(got 'de'\); set retrieval\.segment and run again"):
        Retriever(planted()).recommend("stranger", 3, Request(segment="de"))


def test_a_saved_bundle_keeps_its_segments(retriever: Retriever, tmp_path: Path) -> None:
    retriever.bundle.save(tmp_path)
    back = Retriever(Bundle.open(tmp_path))
    for asked in (Request(segment="fr"), Request()):
        for user in ("u6", "stranger"):
            assert back.recommend(user, 30, asked).ids == retriever.recommend(user, 30, asked).ids
    assert len(OF_USER) == NUM_USERS
