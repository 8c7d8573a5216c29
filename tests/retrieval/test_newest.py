import numpy as np
import pytest

from graphrec.errors import ConfigError, UnknownIdError
from graphrec.retrieval.newest import Action
from graphrec.retrieval.request import Request
from graphrec.retrieval.retriever import Retriever
from tests.retrieval.world import AS_OF, DAY, NUM_FLITS, planted, topic_of, with_factors


@pytest.fixture(scope="module")
def retriever() -> Retriever:
    return Retriever(with_factors(planted(), 0.05))


def of_topic(topic: int, retriever: Retriever) -> list[str]:
    """Flits of a topic that may be shown, that user 5 has not met."""
    met = retriever.bundle.excluded(5)
    return [f"f{row}" for row in range(6, NUM_FLITS) if topic_of(row) == topic and row not in met]


def test_what_was_done_a_moment_ago_counts(retriever: Retriever) -> None:
    """User 5 has topic 5 alone; three actions on topic 2 make it his second interest."""
    new = of_topic(2, retriever)[:3]
    before = retriever.recommend("u5", 20)
    assert not (topic_of(retriever.bundle.ids["flit"].rows(before.ids)) == 2).any()
    after = retriever.recommend("u5", 20, newest=[Action(one, AS_OF + 60) for one in new])
    topics = topic_of(retriever.bundle.ids["flit"].rows(after.ids))
    assert (topics == 2).any()
    assert (topics == 5).any()
    assert not set(new) & set(after.ids)
    places = [place for place, one in enumerate(after.interests) if one in new]
    assert after.explain(places[0])["nearest_action"]["id"] in new


def test_actions_of_a_known_interest_only_leave_the_list(retriever: Retriever) -> None:
    before = retriever.recommend("u5", 10)
    after = retriever.recommend("u5", 10, newest=[Action(before.ids[0], AS_OF)])
    assert before.ids[0] not in after.ids
    assert set(after.interests) == set(before.interests)


def test_nothing_new_is_the_same_answer(retriever: Retriever) -> None:
    one, other = retriever.recommend("u1", 20), retriever.recommend("u1", 20, newest=[])
    assert one.ids == other.ids
    np.testing.assert_array_equal(one.scores, other.scores)


def test_somebody_without_interests_gets_them(retriever: Retriever) -> None:
    assert retriever.recommend("u7", 5).reason == "recent popularity: no action in the window"
    assert retriever.recommend("u7", 5, newest=[Action("f20")]).reason == "interests"


def test_somebody_unknown_is_answered_by_what_he_did(retriever: Retriever) -> None:
    found = retriever.recommend("stranger", 8, newest=[Action("f20"), Action("f26")])
    assert found.ids == retriever.recommend_from(["f20", "f26"], 8).ids
    assert found.reason == "interests"


def test_times_decide_the_order_and_the_age(retriever: Retriever) -> None:
    """Of two new interests the younger comes first, in whatever order they are told."""
    new = [Action(of_topic(2, retriever)[0], AS_OF), Action(of_topic(3, retriever)[0], AS_OF + 30 * DAY)]
    lists = [retriever.recommend("u7", 12, newest=told).ids for told in (new, new[::-1])]
    assert lists[0] == lists[1]


def test_wishes_hold_for_new_interests_too(retriever: Retriever) -> None:
    new = of_topic(2, retriever)[:2]
    found = retriever.recommend("u5", 20, Request(muted=(new[0],)), newest=[Action(one) for one in new])
    assert not (topic_of(retriever.bundle.ids["flit"].rows(found.ids)) == 2).any()


def test_somebody_unknown_is_known_by_the_weight_of_what_he_did_and_by_what_he_hid(retriever: Retriever) -> None:
    shared, clicked = Action("f20", weight=1.5), Action("f21", weight=0.5)  # of two topics
    hide = Action("f26", weight=-1.4)  # of the first
    for told in ([shared, clicked], [clicked, shared]):
        found = retriever.recommend("stranger", 20, newest=told)
        assert found.explain(found.interests.index("f20"))["importance_share"] == pytest.approx(0.75)
    found = retriever.recommend("stranger", 20, newest=[shared, clicked, hide])
    assert "f26" not in found.ids
    assert found.explain(found.interests.index("f20"))["importance_share"] < 0.7


def test_unknown_flits_and_weights_of_nothing_are_refused(retriever: Retriever) -> None:
    with pytest.raises(UnknownIdError, match="f999"):
        retriever.recommend("u1", 5, newest=[Action("f999")])
    with pytest.raises(ConfigError, match=r"Action.weight must be a number other than 0 \(got 0\)"):
        Action("f1", weight=0)


def test_what_was_hidden_a_moment_ago_speaks_against_its_interest(retriever: Retriever) -> None:
    """Likes of topic 2 beside user 5's own topic; hides of it take most of what they gave, and nothing of his own."""
    new = of_topic(2, retriever)
    likes, hides = (
        [Action(one, AS_OF + 60, weight) for one in flits] for weight, flits in ((1, new[:3]), (-1, new[3:6]))
    )
    before, after = (retriever.interests("u5", told) for told in (likes, likes + hides))
    assert before.filter(before["medoid"].is_in(new))["importance"].sum() > 0
    for medoid, importance, _ in before.select("medoid", "importance", "actions").iter_rows():
        left = after.filter(after["medoid"] == medoid)["importance"].item()
        assert left < importance if medoid in new else left == importance
    found = retriever.recommend("u5", 60, newest=likes + hides)
    assert not {one.flit for one in likes + hides} & set(found.ids)


def test_interests_of_long_ago_outlive_a_hide(retriever: Retriever) -> None:
    """Decades after the version next to nothing is left of its importance: that still answers."""
    hide = Action(of_topic(5, retriever)[0], AS_OF + 20_000 * DAY, -1)
    assert (retriever.interests("u5", [hide])["importance"] > 0).all()
    found = retriever.recommend("u5", 10, newest=[hide])
    assert found.ids == retriever.recommend("u5", 10, hidden=[hide.flit]).ids
    assert np.isfinite(found.explain(0)["importance_share"])


def test_a_stranger_who_only_hides_gets_what_is_popular_without_it(retriever: Retriever) -> None:
    first = retriever.recommend("stranger", 5).ids[0]
    found = retriever.recommend("stranger", 5, newest=[Action(first, weight=-1)])
    assert first not in found.ids
    assert found.reason.startswith("recent popularity")


def test_undated_versions_take_actions_without_time() -> None:
    retriever = Retriever(planted(as_of_s=None))
    assert retriever.recommend("u5", 5, newest=[Action("f20", AS_OF)]).reason == "interests"
