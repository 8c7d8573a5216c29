import numpy as np

from graphrec.features.topics import hashtags, split_values, topic_matrix, without_hashtags


def test_hashtags_are_found_and_taken_out() -> None:
    text = "Fog over #Kyōto again, #birds #birds; not a#tag?"
    assert hashtags(text) == ["kyōto", "birds", "birds", "tag"]
    assert without_hashtags("Fog #birds  over\n#x") == "Fog over"
    assert without_hashtags("#all") == ""


def test_values_are_split_at_what_separates_them() -> None:
    assert split_values(["Drama|War", "drama, war;Film", None, " | "]) == [
        ["drama", "war"],
        ["drama", "war", "film"],
        [],
        [],
    ]


def test_topics_of_few_texts_are_left_out() -> None:
    found = topic_matrix([["b", "a"], ["a", "a"], [], ["c", "b"]], min_texts=2)
    np.testing.assert_array_equal(found.toarray(), [[1, 1], [1, 0], [0, 0], [0, 1]])
    assert topic_matrix([["a"], []], min_texts=2).shape == (2, 0)
