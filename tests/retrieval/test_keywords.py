"""Keywords against the corpus; scikit-learn's own transform is the naive twin."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.retrieval.keywords import Keywords

CORPUS = [
    "the heron fished at the river", "a heron and an owl at dusk", "bread and butter", "sourdough bread at dawn",
    "the river bread festival", "zugzwang",
]  # fmt: skip


def test_keywords_are_frequent_here_and_rare_elsewhere() -> None:
    words = Keywords.fit(CORPUS)
    assert words.of(CORPUS[:2])[0] == "heron"
    assert words.of(CORPUS[2:4], most=1) == ["bread"]
    assert words.of(["zugzwang"]) == []  # in one text alone
    assert words.of([]) == []


def test_a_corpus_without_repeated_words_has_no_keywords() -> None:
    assert Keywords.fit(["one", "two"]).of(["one"]) == []
    assert Keywords.fit([""]).of([""]) == []


WORDS = st.lists(
    st.sampled_from(["Heron", "owl,", "the", "river!", "bread", "a", "ÄRGER", "x", "dusk-dawn", "Dusk"]), max_size=8
)


@given(asked=st.lists(WORDS.map(" ".join), max_size=4), most=st.integers(1, 6))
def test_words_are_weighed_as_scikit_learn_weighs_them(asked: list[str], most: int) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    corpus = [*CORPUS, "Ärger at dusk", "dusk and dawn, ärger"]
    twin = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
    usual = np.asarray(twin.fit_transform(corpus).mean(axis=0)).ravel()
    ours = Keywords.fit(corpus).of(asked, most)
    if not asked:
        assert ours == []
        return
    found = twin.transform(asked)
    weight = (np.asarray(found.mean(axis=0)).ravel() - usual) * np.asarray((found > 0).mean(axis=0)).ravel()
    place = {word: number for number, word in enumerate(twin.get_feature_names_out())}
    assert [weight[place[word]] for word in ours] == pytest.approx(
        sorted(weight[weight > 0], reverse=True)[: len(ours)]
    )
    assert len(ours) >= min(most, int((weight > 1e-9).sum()))


def test_they_come_back_from_disk(tmp_path: Path) -> None:
    for corpus in (CORPUS, []):
        words = Keywords.fit(corpus)
        words.save(tmp_path / "words.parquet")
        opened = Keywords.open(tmp_path / "words.parquet")
        assert opened.of(CORPUS[:2]) == words.of(CORPUS[:2])
        assert opened.idf == pytest.approx(words.idf)
