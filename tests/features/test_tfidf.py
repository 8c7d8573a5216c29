import logging

import numpy as np
import pytest

from graphrec.features.tfidf import Tfidf, encode_tfidf

BIRDS = ["hummingbird feeder nest", "red feeder hummingbird", "hummingbird nest red", "nest near feeder"]
TRAINS = ["train late again", "late train delay", "platform train delay", "platform nine train late"]


def all_rows(count: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.ones(count, dtype=np.bool_)


def test_topics_lie_apart_and_rows_have_length_one() -> None:
    vectors = encode_tfidf(BIRDS + TRAINS, all_rows(8), dim=2)
    assert vectors.shape == (8, 2)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    likeness = vectors @ vectors.T
    assert likeness[:4, :4].min() > likeness[:4, 4:].max()


def test_all_directions_keep_the_cosines_of_plain_tfidf() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = BIRDS + TRAINS
    plain = TfidfVectorizer(sublinear_tf=True, min_df=2).fit_transform(texts).toarray()
    vectors = encode_tfidf(texts, all_rows(8), dim=64)
    assert vectors.shape == (8, 64)
    np.testing.assert_allclose(vectors @ vectors.T, plain @ plain.T, atol=1e-5)


def test_same_texts_give_the_same_bytes() -> None:
    one, two = (encode_tfidf(BIRDS + TRAINS, all_rows(8), dim=3).tobytes() for _ in range(2))
    assert one == two


def test_nothing_is_learnt_from_other_rows() -> None:
    fit = np.array([True] * 8 + [False] * 3)
    leak = ["quasar quasar train", "quasar hummingbird", "quasar"]
    vectors = encode_tfidf(BIRDS + TRAINS + leak, fit, dim=3)
    np.testing.assert_array_equal(vectors[:8], encode_tfidf(BIRDS + TRAINS, all_rows(8), dim=3))
    assert not vectors[10].any()
    other = encode_tfidf([*BIRDS, *TRAINS, "train", "hummingbird", ""], fit, dim=3)
    np.testing.assert_allclose(vectors[8:10], other[8:10], atol=1e-6)


@pytest.mark.parametrize("texts", [[], ["one"], ["one", "two"], ["", ""], ["a", "!"]])
def test_too_little_text_is_zero_and_said(texts: list[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        vectors = encode_tfidf(texts, all_rows(len(texts)), dim=5)
    assert vectors.shape == (len(texts), 5)
    assert not vectors.any()
    assert "no word stands in two" in caplog.text


def test_a_single_word_is_a_single_direction() -> None:
    vectors = Tfidf(["bird", "bird song"], dim=4).encode(["bird bird", "song", ""])
    np.testing.assert_allclose(np.abs(vectors), [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], atol=1e-6)
