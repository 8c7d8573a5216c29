"""Topics of texts as their authors give them: hashtags in the text, or the values of a column."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import scipy.sparse

MIN_TEXTS = 10
"""Texts a topic must stand in to be learnt."""
HASHTAG = re.compile(r"#(\w+)")


def hashtags(text: str) -> list[str]:
    """Return the hashtags of a text, lower case, in order."""
    return [one.lower() for one in HASHTAG.findall(text)]


def without_hashtags(text: str) -> str:
    """Return a text with its hashtags taken out: what is left has to tell the topic."""
    return " ".join(HASHTAG.sub(" ", text).split())


def split_values(values: Sequence[str | None]) -> list[list[str]]:
    """Return the parts of values such as ``Drama|War`` or ``drama, war``, lower case."""
    return [[part.strip().lower() for part in re.split(r"[|,;]", one or "") if part.strip()] for one in values]


def topic_matrix(labels: Sequence[Sequence[str]], min_texts: int = MIN_TEXTS) -> scipy.sparse.csr_array:
    """Return which text has which topic, those of few texts left out, as ones, float32 CSR ``[num_texts, num_topics]``.

    Args:
        labels: Topics of each text.
        min_texts: Texts a topic must stand in.
    """
    counts = Counter(label for one in labels for label in set(one))
    column = {name: place for place, name in enumerate(sorted(name for name, n in counts.items() if n >= min_texts))}
    pairs = sorted({(row, column[label]) for row, one in enumerate(labels) for label in one if label in column})
    rows, columns = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    shape = (len(labels), len(column))
    return scipy.sparse.csr_array((np.ones(len(pairs), dtype=np.float32), (rows, columns)), shape=shape)
