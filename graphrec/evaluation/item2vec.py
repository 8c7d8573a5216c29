"""Flit vectors by who stands near whom in users' histories: word2vec with flits for words."""

import zlib

import numpy as np

from graphrec.arrays import FloatMatrix
from graphrec.errors import ConfigError
from graphrec.history import History


def item2vec(history: History, num_flits: int, *, dim: int = 64, window: int = 10, seed: int = 0) -> FloatMatrix:
    """Train gensim's skip-gram with negative sampling on users' histories, oldest action first.

    Barkan and Koenigstein, "Item2vec: neural item embedding for collaborative filtering", MLSP 2016. One worker, so
    that a seed gives the same vectors again.

    Args:
        history: Training actions.
        num_flits: Size of the catalogue.
        dim: Width of the vectors.
        window: Flits on either side that count as neighbours.
        seed: Root of chance.

    Returns:
        float32 ``[num_flits, dim]``; 0 for flits without an action.

    Raises:
        ConfigError: If gensim is not installed.
    """
    try:
        from gensim.models import Word2Vec
    except ImportError:
        raise ConfigError(
            "evaluation.baselines 'item2vec' needs gensim (not installed); pip install 'graphrec[item2vec]'"
        ) from None
    lines = np.split(history.rows.astype(str), history.indptr[1:-1])
    vectors = np.zeros((num_flits, dim), dtype=np.float32)
    if not history.num_actions:
        return vectors
    model = Word2Vec(
        [line.tolist() for line in lines], vector_size=dim, window=window, min_count=1, sg=1, negative=10, epochs=10,
        seed=seed + 1, workers=1, hashfxn=lambda word: zlib.crc32(word.encode()),
    )  # fmt: skip
    rows = np.array([int(word) for word in model.wv.index_to_key])
    vectors[rows] = model.wv.vectors
    return vectors
