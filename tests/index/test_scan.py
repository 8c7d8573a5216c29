"""The compiled scan of an inverted file beside a naive one, on whole numbers, whose scores are often equal."""

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from graphrec.index.scan import scan


def naive(
    query: npt.NDArray[np.float32], centroids: npt.NDArray[np.float32], vectors: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int32], starts: npt.NDArray[np.int64], probes: int, width: int,
) -> list[tuple[float, int]]:  # fmt: skip
    order = sorted(range(len(centroids)), key=lambda one: (-float(centroids[one] @ query), one))
    while probes < len(order) and sum(starts[one + 1] - starts[one] for one in order[:probes]) < width:
        probes *= 2
    places = [place for one in order[:probes] for place in range(starts[one], starts[one + 1])]
    return sorted((-float(vectors[place] @ query), int(rows[place])) for place in places)[:width]


@given(
    seed=st.integers(0, 2**31), lists=st.integers(1, 6), count=st.integers(1, 40), probes=st.integers(1, 6),
    wanted=st.integers(1, 40), queries=st.integers(1, 3),
)  # fmt: skip
def test_it_finds_what_a_naive_scan_finds(
    seed: int, lists: int, count: int, probes: int, wanted: int, queries: int
) -> None:
    rng = np.random.default_rng(seed)
    asked, centroids, vectors = (
        rng.integers(-2, 3, size=(size, 3)).astype(np.float32) for size in (queries, lists, count)
    )
    rows = rng.permutation(100)[:count].astype(np.int32)
    starts = np.concatenate([[0], np.sort(rng.integers(0, count + 1, lists - 1)), [count]]).astype(np.int64)
    width = min(wanted, count)
    found, scores = scan(asked, centroids, vectors, rows, starts, min(probes, lists), width)
    for number, query in enumerate(asked):
        expected = naive(query, centroids, vectors, rows, starts, min(probes, lists), width)
        assert [(-float(score), int(row)) for score, row in zip(scores[number], found[number], strict=True)] == expected
