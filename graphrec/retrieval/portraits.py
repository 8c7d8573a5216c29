"""Interests as people recognise them: what the texts of an interest have in common, and flits that show it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import RowVector
from graphrec.ids import Id
from graphrec.retrieval.answers import Cards, describe
from graphrec.retrieval.bundle import Bundle

EXEMPLARS = 5
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


class Portraits:
    """A user's interests in words and exemplars.

    Args:
        bundle: The version.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def frame(self, user: int) -> pl.DataFrame:
        """Return all interests of a user row; see :meth:`graphrec.retrieval.retriever.Retriever.interests`."""
        own, flits = self._bundle.interests.of(user), self._bundle.ids[self._bundle.settings.flit_type]
        behind = members(self._bundle, user)
        words = [self._keywords.of([self._text(int(one)) for one in rows]) for rows in behind]
        exemplars = [
            flits.ids(rows[rows != medoid][:EXEMPLARS]) for rows, medoid in zip(behind, own.medoid, strict=True)
        ]
        return pl.DataFrame(
            {
                "medoid": flits.ids(own.medoid),
                "text": pl.Series([self._text(int(one)) for one in own.medoid], dtype=pl.String),
                "keywords": pl.Series(words, dtype=pl.List(pl.String)),
                "importance": own.importance,
                "share": own.importance / max(float(own.importance.sum()), 1e-9),
                "actions": own.size,
                "exemplars": pl.Series(exemplars, dtype=pl.List(flits.series.dtype)),
            }
        )

    @cached_property
    def _keywords(self) -> Keywords:
        """What words are weighed against, made when it is first asked for."""
        columns = [pl.col(name).cast(pl.String) for name in self._bundle.settings.text_columns]
        if not columns:
            return Keywords([])
        texts = self._bundle.catalogue.select(pl.concat_str(columns, separator=" ", ignore_nulls=True)).to_series()
        return Keywords(texts.fill_null("").to_list())

    def _text(self, row: int) -> str:
        return str(describe(self._bundle, row)["text"])


def portrait_cards(title: str, interests: pl.DataFrame, images: Mapping[Id, bytes]) -> Cards:
    """Return interests as medoid cards.

    Args:
        title: What stands above them.
        interests: What :meth:`Portraits.frame` gave.
        images: Flit id to encoded image, where the cards are to show them.
    """
    entries = [
        {
            "text": row["text"], "share": row["share"], "image": images.get(row["medoid"]),
            "note": f"{', '.join(row['keywords'][:3]) or row['medoid']}: {row['share']:.0%} of importance, "
            f"{row['actions']} actions",
        }
        for row in interests.iter_rows(named=True)
    ]  # fmt: skip
    return Cards(title, entries)
