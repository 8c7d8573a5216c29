"""Keywords against the corpus, and the flits behind an interest."""

import numpy as np

from graphrec.retrieval.portraits import Keywords, members
from tests.retrieval.world import planted, topic_of

CORPUS = [
    "the heron fished at the river", "a heron and an owl at dusk", "bread and butter", "sourdough bread at dawn",
    "the river bread festival", "zugzwang",
]  # fmt: skip


def test_keywords_are_frequent_here_and_rare_elsewhere() -> None:
    words = Keywords(CORPUS)
    assert words.of(CORPUS[:2])[0] == "heron"
    assert words.of(CORPUS[2:4], most=1) == ["bread"]
    assert words.of(["zugzwang"]) == []  # in one text alone
    assert words.of([]) == []


def test_a_corpus_without_repeated_words_has_no_keywords() -> None:
    assert Keywords(["one", "two"]).of(["one"]) == []
    assert Keywords([""]).of([""]) == []


def test_members_are_the_users_own_flits_the_nearest_first() -> None:
    bundle = planted()
    for user in range(7):
        found = members(bundle, user)
        medoids = bundle.interests.of(user).medoid
        assert len(found) == len(medoids)
        for rows, medoid in zip(found, medoids, strict=True):
            assert rows[0] == medoid
            assert set(topic_of(rows)) == {topic_of(medoid)}
            cosines = bundle.flit_vectors[rows] @ bundle.flit_vectors[medoid]
            assert (np.diff(cosines) <= 1e-6).all()
        joined = np.concatenate(found) if found else np.empty(0)
        assert len(np.unique(joined)) == len(joined)
