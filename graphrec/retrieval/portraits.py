"""Interests as people recognise them: what the texts of an interest have in common, and flits that show it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphrec.arrays import RowVector
from graphrec.retrieval.bundle import Bundle

MAX_TEXTS = 50_000
"""Texts of the corpus that words are weighed against, spread evenly."""


class Keywords:
    """Words that run through some texts and set them apart from the corpus, by TF-IDF (Spärck Jones, 1972).

    Args:
        corpus: Texts to weigh words against; words of a single text do not count, nor do English stop words.
    """

    def __init__(self, corpus: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        step = max(1, len(corpus) // MAX_TEXTS)
        self._vectorizer: Any = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
        try:
            usual = self._vectorizer.fit_transform(corpus[::step]).mean(axis=0)
        except ValueError:  # what sklearn raises where no word stands in two texts
            self._vectorizer = None
            return
        self._words = self._vectorizer.get_feature_names_out()
        self._usual = np.asarray(usual).ravel()

    def of(self, texts: Sequence[str], most: int = 5) -> list[str]:
        """Return the words that set ``texts`` apart, the strongest first; fewer where there are no more."""
        if self._vectorizer is None or not texts:
            return []
        found = self._vectorizer.transform(texts)
        # What runs through these texts and not through all: more than usual, times the share of texts with the word.
        more = np.asarray(found.mean(axis=0)).ravel() - self._usual
        weight = more * np.asarray((found > 0).mean(axis=0)).ravel()
        best = np.argsort(-weight, kind="stable")[:most]
        return [str(self._words[place]) for place in best if weight[place] > 0]


def members(bundle: Bundle, user: int) -> list[RowVector]:
    """Return the distinct flits behind each interest of a user row, int32, the nearest to its medoid first."""
    interests = bundle.interests
    part = slice(int(interests.action_indptr[user]), int(interests.action_indptr[user + 1]))
    rows = bundle.history.rows[interests.action_position[part]]
    medoids = interests.of(user).medoid
    found = []
    for number, medoid in enumerate(medoids):
        own = np.unique(rows[interests.action_interest[part] == number]).astype(np.int32)
        cosine = bundle.flit_vectors[own] @ bundle.flit_vectors[medoid]
        found.append(own[np.argsort(-cosine, kind="stable")])
    return found
