from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse

from benchmarks.mixture import Mixture, MixtureConfig, Space, cluster_shares, smoothed
from benchmarks.relations import Lastfm, engaged, friends, lastfm_graph, listens, read_lastfm
from benchmarks.twhin_methods import Bench, joint
from graphrec.graph.graph import InteractionGraph
from graphrec.history import History

MIXED = MixtureConfig(clusters=2, own=1.0, unit=True)


def pairs_of(graph: InteractionGraph, name: str) -> set[tuple[int, int]]:
    relation = next(one for (_, found, _), one in graph.relations.items() if found == name)
    sources = np.repeat(np.arange(len(relation.indptr) - 1), relation.degrees())
    return set(zip(sources.tolist(), relation.indices.tolist(), strict=True))


def tables() -> Lastfm:
    """Twenty users listen to twelve artists each and tag all of them."""
    rng = np.random.default_rng(0)
    heard = np.array([(u, a) for u in range(20) for a in np.sort(rng.permutation(30)[:12])], dtype=np.int32)
    known = np.array([(u, u + 1) for u in range(19)], dtype=np.int32)
    worn = pl.DataFrame({"user": heard[:, 0], "artist": heard[:, 1], "word": np.zeros(len(heard), dtype=np.int32)})
    num_nodes = {"user": 20, "artist": 30, "word": 1}
    return Lastfm(num_nodes, heard, np.ones(len(heard), dtype=np.float32), known, heard, worn)


def test_held_out_listens_are_in_no_relation() -> None:
    holdout = listens(tables())
    for side in (holdout.validation, holdout.test):
        asked = {(int(user), int(row)) for user in side.held.users for row in side.held.only_users(
            np.arange(20) == user).rows}  # fmt: skip
        assert asked
        assert not asked & (pairs_of(side.graph, "listens") | pairs_of(side.graph, "tags"))


def test_tag_words_of_held_out_listens_do_not_count() -> None:
    everything = tables()
    hidden = np.zeros(len(everything.listens), dtype=np.bool_)
    hidden[0] = True
    graphs = [lastfm_graph(everything, ~hidden, np.ones(19, dtype=np.bool_), hidden=one) for one in (hidden, None)]
    worn = [next(one for (_, name, _), one in graph.relations.items() if name == "wears") for graph in graphs]
    assert worn[1].weight.sum() - worn[0].weight.sum() == 1


def test_friends_are_held_out_from_both_sides_and_nobody_is_his_own() -> None:
    side = friends(tables()).test
    known = pairs_of(side.graph, "friends")
    assert {(b, a) for a, b in known} == known
    for user in side.held.users.tolist():
        asked = side.held.only_users(np.arange(20) == user).rows.tolist()
        assert user in side.seen.of(user).rows
        assert not known & ({(user, one) for one in asked} | {(one, user) for one in asked})


def test_rare_tags_and_unheard_artists_are_not_read(tmp_path: Path) -> None:
    users = list(range(12))
    pl.DataFrame({"userID": users, "artistID": [1] * 12, "weight": [5] * 12}).write_parquet(
        tmp_path / "user_artists.parquet"
    )
    pl.DataFrame({"userID": [0, 1], "friendID": [1, 0]}).write_parquet(tmp_path / "user_friends.parquet")
    pl.DataFrame({"userID": [*users, 0, 0], "artistID": [1] * 13 + [9], "tagID": [7] * 12 + [8, 7]}).write_parquet(
        tmp_path / "user_taggedartists.parquet"
    )
    found = read_lastfm(tmp_path)
    assert found.num_nodes == {"user": 12, "artist": 1, "word": 1}
    assert found.friends.tolist() == [[0, 1]]
    assert found.tags.tolist() == [[user, 0] for user in users]


def test_shares_and_smoothing_are_worked_by_hand() -> None:
    met = scipy.sparse.csr_array(np.array([[1, 1, 1, 0], [0, 0, 0, 1]], dtype=np.float32))
    shares = cluster_shares(met, np.array([0, 0, 1, 1], dtype=np.int32), 2)
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3], [0.0, 1.0]], atol=1e-6)
    users = np.eye(12, dtype=np.float32)
    many = np.zeros((12, 2), dtype=np.float32)
    many[:, 1], many[0] = 1, [1, 0]
    mixed = smoothed(many, users, 0.6)
    np.testing.assert_allclose(mixed[0], [0.6, 0.4], atol=1e-6)
    assert smoothed(many, users, 1.0) is many


def test_each_cluster_brings_its_share() -> None:
    angle = np.concatenate([np.linspace(0, 0.2, 20), np.linspace(2, 2.2, 20)])
    items = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    rows = np.array([0, 1, 2, 20], dtype=np.int32)
    history = History.from_edges(np.zeros(4, dtype=np.int32), rows, None, None, 1)
    met = np.zeros((1, 40), dtype=np.float32)
    met[0, rows] = 1
    space = Space(items[:1], items, scipy.sparse.csr_array(met), items)
    found = Mixture(history, np.ones(40, dtype=np.bool_), space, MIXED).recommend(np.zeros(1, dtype=np.int32), 8)[0]
    assert (found < 20).sum() == 6
    assert (found >= 20).sum() == 2
    assert not set(found.tolist()) & set(rows.tolist())


def test_all_relations_of_users_stand_side_by_side() -> None:
    side = listens(tables()).test
    matrix = engaged(side.graph, ("artist", "user"))
    assert matrix.shape == (20, 50)
    assert set(np.unique(matrix.data)) == {1.0}
    assert matrix[0, 31] == 1  # a friend


def test_a_small_table_is_measured() -> None:
    bench = Bench(listens(tables()))
    scorer = joint(bench)
    lists = scorer.recommend(bench.holdout.test.held.users, 5)
    assert lists.shape == (len(bench.holdout.test.held.users), 5)
    assert len(bench.tried) == 3
    assert bench.edges_per_s > 0
