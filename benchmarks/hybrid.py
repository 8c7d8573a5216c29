"""LightFM (arXiv:1507.08439): a flit is the sum of a vector of its own and of those of its text's directions."""

from functools import partial

import numpy as np
import scipy.sparse
from sklearn.decomposition import TruncatedSVD

from graphrec.arrays import FloatMatrix, normalise_rows
from graphrec.evaluation import Past, Recommender, Sources
from graphrec.evaluation.by_nearness import choose
from graphrec.evaluation.collaborative import pairs_of
from graphrec.evaluation.interactions import Factors
from graphrec.evaluation.tuning import Tail

DIM, TEXT_DIM = 64, 64
EPOCHS = (3, 10, 30)


def hybrid(sources: Sources, tail: Tail) -> Recommender:
    """Choose the number of epochs."""
    assert sources.content is not None
    text = directions(sources.content)
    return choose({epochs: partial(fitted, text, epochs, sources.seed) for epochs in EPOCHS}, sources, tail)


def directions(content: FloatMatrix) -> FloatMatrix:
    """Return content in its strongest directions: each costs LightFM as much as an id in every step."""
    if content.shape[1] <= TEXT_DIM:
        return content
    return normalise_rows(TruncatedSVD(TEXT_DIM, random_state=0).fit_transform(content).astype(np.float32))


def fitted(text: FloatMatrix, epochs: int, seed: int, past: Past) -> Factors:
    """Return the factors that WARP learns: a flit's bias is their last dimension."""
    from lightfm import LightFM

    features = _narrow(scipy.sparse.hstack([scipy.sparse.eye_array(len(text)), text]))
    model = LightFM(no_components=DIM, loss="warp", random_state=seed)
    pairs = _narrow(pairs_of(past.history, len(text))).tocoo()
    model.fit(pairs, item_features=features, epochs=epochs)
    bias, flits = model.get_item_representations(features)
    _, users = model.get_user_representations()
    return Factors(
        past.history, past.available,
        np.column_stack([users, np.ones(len(users))]).astype(np.float32),
        np.column_stack([flits, bias]).astype(np.float32),
        {"epochs": epochs},
    )  # fmt: skip


def _narrow(matrix: scipy.sparse.sparray) -> scipy.sparse.csr_matrix:
    """Return a matrix with the index type that LightFM was compiled for."""
    rows = scipy.sparse.csr_array(matrix)
    parts = (rows.data.astype(np.float32), rows.indices.astype(np.int32), rows.indptr.astype(np.int32))
    return scipy.sparse.csr_matrix(parts, shape=rows.shape)
