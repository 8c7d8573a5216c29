"""Words that set some texts apart from a corpus, by TF-IDF (Spärck Jones, 1972)."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

MAX_TEXTS = 50_000
"""Texts of the corpus that words are weighed against, spread evenly."""
WORD = re.compile(r"(?u)\b\w\w+\b")
"""What counts as a word, as in scikit-learn."""


@dataclass(frozen=True, eq=False)
class Keywords:
    """The words of a corpus and their weights; asking takes no more than these.

    Attributes:
        words: Ascending; words of a single text do not count, nor do English stop words.
        idf: Inverse document frequency of each, float64 ``[words]``.
        usual: Mean weight of each over the corpus, float64 ``[words]``.
    """

    words: Sequence[str]
    idf: npt.NDArray[np.float64]
    usual: npt.NDArray[np.float64]

    @classmethod
    def fit(cls, corpus: Sequence[str]) -> "Keywords":
        """Weigh the words of a corpus."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        step = max(1, len(corpus) // MAX_TEXTS)
        vectorizer: Any = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
        try:
            usual = vectorizer.fit_transform(corpus[::step]).mean(axis=0)
        except ValueError:  # what sklearn raises where no word stands in two texts
            return cls([], np.zeros(0), np.zeros(0))
        return cls(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_, np.asarray(usual).ravel())

    @cached_property
    def _place(self) -> Mapping[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    def of(self, texts: Sequence[str], most: int = 5) -> list[str]:
        """Return the words that set ``texts`` apart, the strongest first; fewer where there are no more."""
        total: dict[int, float] = defaultdict(float)
        often: Counter[int] = Counter()
        for text in texts:
            for place, weight in self._weights(text).items():
                total[place] += weight
                often[place] += 1
        # What runs through these texts and not through all: more than usual, times the share of texts with the word.
        number = max(len(texts), 1)
        strength = {one: (total[one] / number - self.usual[one]) * often[one] / number for one in total}
        best = sorted(strength, key=lambda one: (-strength[one], one))[:most]
        return [self.words[one] for one in best if strength[one] > 0]

    def _weights(self, text: str) -> dict[int, float]:
        """Return the TF-IDF of a text's words, of length one in all."""
        found = Counter(self._place[word] for word in WORD.findall(text.lower()) if word in self._place)
        weights = {place: (1 + np.log(times)) * float(self.idf[place]) for place, times in found.items()}
        length = float(np.sqrt(sum(one * one for one in weights.values()))) or 1.0
        return {place: weight / length for place, weight in weights.items()}

    def save(self, path: Path) -> None:
        """Write them as a parquet file."""
        frame = {"word": pl.Series(self.words, dtype=pl.String), "idf": self.idf, "usual": self.usual}
        pl.DataFrame(frame).write_parquet(path)

    @classmethod
    def open(cls, path: Path) -> "Keywords":
        """Read what :meth:`save` wrote."""
        frame = pl.read_parquet(path)
        return cls(frame["word"].to_list(), frame["idf"].to_numpy(), frame["usual"].to_numpy())


def corpus_of(catalogue: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return what each flit says, in row order; nothing where no column is text."""
    if not columns:
        return []
    texts = [pl.col(name).cast(pl.String) for name in columns]
    joined = catalogue.select(pl.concat_str(texts, separator=" ", ignore_nulls=True)).to_series()
    return joined.fill_null("").to_list()
