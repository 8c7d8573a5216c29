"""Users a second from actions to interests (clusters, medoids, importance), beside what peers take for clusters alone.

Simulated users of 3 to 8 interests: 20, 100 and 500 distinct flits each, 128 dimensions, cut at cosine .5 (a Ward
distance of 1). Every peer runs one process per core with one thread each, ours one process with a thread per core.
Peers make the partition and nothing else; every partition is compared with ours.

    pip install -e '.[bench]' -c constraints.txt
    python -m benchmarks.interests
"""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage

from benchmarks.common import Result, arguments
from graphrec.arrays import FloatMatrix, normalise_rows
from graphrec.history import History
from graphrec.interests import InterestConfig, Interests, build_interests
from graphrec.metrics import adjusted_rand

DIM, CUT, COSINE = 128, 1.0, 0.5
USERS = {20: 8000, 100: 3000, 500: 200}
"""Actions a user to users measured: seconds each, for the slowest."""
REPEATS = 3
_SHARED: dict[str, list[FloatMatrix]] = {}
"""What forked processes read without a copy."""
Labels = npt.NDArray[Any]


def main() -> None:
    """Run and write the result file."""
    options = arguments("interests", __doc__).parse_args()
    sizes = [int(options.only)] if options.only else list(USERS)
    result = Result("interests", 0)
    for size in sizes:
        measure(size, result)
    result.save(options.out)


def measure(size: int, result: Result) -> None:
    """Add ours and each peer's users a second at one length of history."""
    num_users = USERS[size]
    vectors = simulated(num_users, size)
    rows = np.arange(num_users * size, dtype=np.int32)
    history = History.from_edges(np.repeat(np.arange(num_users, dtype=np.int32), size), rows, None, None, num_users)
    config = InterestConfig(merge_cosine=COSINE, window_days=None, max_actions=size)

    def ours() -> Interests:
        return build_interests(history, vectors, config, as_of_s=None)

    ours()  # compiles
    rate, interests = _rate(ours, num_users)
    result.add(f"graphrec.users_per_s.n{size}", rate, unit="1/s")
    labels = [_labels(interests, user) for user in range(num_users)]
    _SHARED["vectors"] = np.split(vectors, num_users)
    rates = {}
    cores = os.cpu_count() or 1
    with multiprocessing.get_context("fork").Pool(cores) as pool:  # forked now: every process has the vectors already
        for name in PEERS:
            work = partial(
                pool.map, partial(_partition, name), range(num_users), chunksize=-(-num_users // (8 * cores))
            )
            rates[name], theirs = _rate(work, num_users)
            result.add(f"{name}.users_per_s.n{size}", rates[name], unit="1/s")
            same = np.mean([adjusted_rand(one, other) == 1.0 for one, other in zip(labels, theirs, strict=True)])
            result.add(f"{name}.same_partition.n{size}", float(same), goal=1.0)
    goal = 3.0 if size == 100 else None
    result.add(f"ratio_to_best_peer.n{size}", rate / max(rates.values()), goal=goal)


def simulated(num_users: int, size: int) -> FloatMatrix:
    """Return unit vectors around 3 to 8 centres of each user, float32 ``[num_users * size, DIM]``, users in order."""
    rng = np.random.default_rng(0)
    parts = []
    for _ in range(num_users):
        centres = rng.normal(size=(rng.integers(3, 9), DIM))
        noise = 0.5 * rng.normal(size=(size, DIM))
        parts.append(centres[rng.integers(0, len(centres), size)] + noise)
    return normalise_rows(np.concatenate(parts).astype(np.float32))


def _rate(work: Callable[[], Any], num_users: int) -> tuple[float, Any]:
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - started)
    return num_users / statistics.median(seconds), found


def _labels(interests: Interests, user: int) -> Labels:
    """Return each action's interest, in the order of the history."""
    part = slice(int(interests.action_indptr[user]), int(interests.action_indptr[user + 1]))
    order = np.argsort(interests.action_position[part])
    return np.asarray(interests.action_interest[part])[order]


def _partition(name: str, user: int) -> Labels:
    """Return a peer's partition of one user, in a process that shares the vectors."""
    return PEERS[name](_SHARED["vectors"][user])


def _scipy(vectors: FloatMatrix) -> Labels:
    return np.asarray(fcluster(linkage(vectors, "ward"), CUT, "distance"))


def _fastcluster(vectors: FloatMatrix) -> Labels:
    import fastcluster

    return np.asarray(fcluster(fastcluster.linkage(vectors, "ward"), CUT, "distance"))


def _fastcluster_vector(vectors: FloatMatrix) -> Labels:
    import fastcluster

    return np.asarray(fcluster(fastcluster.linkage_vector(vectors, "ward"), CUT, "distance"))


def _sklearn(vectors: FloatMatrix) -> Labels:
    from sklearn.cluster import AgglomerativeClustering

    return np.asarray(AgglomerativeClustering(None, linkage="ward", distance_threshold=CUT).fit_predict(vectors))


PEERS: dict[str, Callable[[FloatMatrix], Labels]] = {
    "scipy": _scipy,
    "fastcluster": _fastcluster,
    "fastcluster_vector": _fastcluster_vector,
    "sklearn": _sklearn,
}


if __name__ == "__main__":
    main()
