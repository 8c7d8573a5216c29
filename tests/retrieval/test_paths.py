import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphrec.history import History
from graphrec.retrieval.paths import Actors, Path
from graphrec.retrieval.retriever import Retriever
from tests.retrieval.world import planted


def history(*pairs: tuple[int, int], users: int = 5) -> History:
    users_rows, flits = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    return History.from_edges(users_rows, flits, None, None, users)


def test_the_path_that_most_walk() -> None:
    """Two users share flit 1 and flit 9, one shares flit 2 and flit 9; repeats count once."""
    actors = Actors(history((0, 1), (0, 9), (1, 1), (1, 9), (1, 9), (2, 2), (2, 9), (3, 4)), 10)
    assert actors.of(9).tolist() == [0, 1, 2]
    assert actors.path(np.array([2, 1], np.int32), 9) == Path(1, 2)
    assert actors.path(np.array([2], np.int32), 9) == Path(2, 1)
    assert actors.path(np.array([4], np.int32), 9) is None
    assert actors.path(np.array([1], np.int32), 7) is None
    assert actors.path(np.zeros(0, np.int32), 9) is None


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 7)), max_size=40), st.integers(0, 7))
def test_paths_equal_loops(pairs: list[tuple[int, int]], flit: int) -> None:
    actors = Actors(history(*pairs), 8)
    own = np.array([0, 3, 5], np.int32)
    did = set(pairs)
    others = {a: sum((user, a) in did and (user, flit) in did for user in range(5)) for a in own.tolist()}
    found = actors.path(own, flit)
    assert (found.others if found else 0) == max(others.values())
    assert found is None or others[found.action] == found.others


def test_explanations_name_the_path() -> None:
    """Users 0 and 1 share topic 1: what one of them did reaches the other through what both did."""
    bundle = planted()
    found = Retriever(bundle).recommend("u1", 40)
    paths = [found.explain(place).get("path") for place in range(len(found))]
    walked = [(one, path) for one, path in zip(found.ids, paths, strict=True) if path]
    assert walked
    for one, path in walked:
        flit, action = (bundle.ids["flit"].row(each) for each in (one, path["id"]))
        assert action in bundle.history.of(1).rows
        both = [user for user in range(8) if {flit, action} <= set(bundle.history.of(user).rows.tolist())]
        assert len(both) == path["others"]
