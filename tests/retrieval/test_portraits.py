"""The flits behind an interest."""

import numpy as np

from graphrec.retrieval.asker import NOTHING_NEW, known
from graphrec.retrieval.newest import Action
from graphrec.retrieval.portraits import members
from graphrec.retrieval.retriever import Retriever
from tests.retrieval.world import AS_OF, planted, topic_of


def test_members_are_the_users_own_flits_the_nearest_first() -> None:
    bundle = planted()
    for user in range(7):
        asker = known(bundle, user, NOTHING_NEW, NOTHING_NEW.rows)
        found, medoids = members(bundle, asker), asker.own.medoid
        assert len(found) == len(medoids)
        for rows, medoid in zip(found, medoids, strict=True):
            assert rows[0] == medoid
            assert set(topic_of(rows)) == {topic_of(medoid)}
            cosines = bundle.flit_vectors[rows] @ bundle.flit_vectors[medoid]
            assert (np.diff(cosines) <= 1e-6).all()
        joined = np.concatenate(found) if found else np.empty(0)
        assert len(np.unique(joined)) == len(joined)


def test_what_was_done_since_the_version_stands_with_the_nearest_interest() -> None:
    retriever = Retriever(planted())
    before = {one["medoid"]: one for one in retriever.interests("u0").to_dicts()}
    own, other = [Action("f60", AS_OF + 1), Action("f66", AS_OF + 2)], [Action("f63", AS_OF + 3)]
    after = {one["medoid"]: one for one in retriever.interests("u0", own + other).to_dicts()}
    assert set(after) == {*before, "f63"}  # topic 3 is none of his: it opens an interest of its own
    (grown,) = (medoid for medoid in before if topic_of(int(medoid[1:])) == 0)
    assert after[grown]["actions"] == before[grown]["actions"] + 2
    assert set(after[grown]["exemplars"]) == {*before[grown]["exemplars"], "f60", "f66"}
    assert (after["f63"]["actions"], after["f63"]["exemplars"]) == (1, [])


def test_somebody_new_has_the_interests_of_what_he_did() -> None:
    found = Retriever(planted()).interests(
        "stranger", [Action("f60", AS_OF), Action("f66", AS_OF), Action("f61", AS_OF)]
    )
    assert sorted(found["actions"].to_list()) == [1, 2]
