import numpy as np
import pytest

from graphrec.arrays import FloatMatrix
from graphrec.index import HnswIndex, IndexConfig

CONFIG = IndexConfig(max_links=8, ef_construction=80, ef_search=80)


def random_vectors(count: int, dim: int = 16, seed: int = 0) -> FloatMatrix:
    return np.random.Generator(np.random.PCG64(seed)).standard_normal((count, dim), dtype=np.float32)


@pytest.fixture(scope="session")
def vectors() -> FloatMatrix:
    return random_vectors(600)


@pytest.fixture(scope="session")
def index(vectors: FloatMatrix) -> HnswIndex:
    return HnswIndex.build(vectors, CONFIG)
