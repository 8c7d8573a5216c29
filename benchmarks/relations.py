"""Graphs with edges held out: Last.fm's listens and friends, a simulated network's answers to advertisers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse

from graphrec.config import load_config
from graphrec.evaluation import Held
from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph, Relation, Triplet
from graphrec.history import History
from graphrec.pipeline import Runner
from graphrec.pipeline.line import Line
from graphrec.simulate import SimulationConfig, simulate
from graphrec.tables.clean import Edges

SHARE = 0.2
"""Held out for the test, and of the rest for validation."""
FEWEST_TAGGERS = 10
"""Tag words that fewer people use are left out: they would tell who put them there."""
ADS = dict.fromkeys(("responds", "promotes", "likes", "shares", "replies", "clicks"), 1.0)
"""What is trained together where advertisers are asked."""
FLUTTER = Path(__file__).parent.parent / "configs" / "flutter.yaml"


@dataclass(frozen=True, eq=False)
class Side:
    """Edges that may be known, and those that are asked.

    Attributes:
        graph: What may be known.
        known: Edges of the asked relation that may be known.
        seen: What is never recommended again: the known edges, and where users are recommended the user himself.
        held: What is asked.
    """

    graph: InteractionGraph
    known: History
    seen: History
    held: Held


@dataclass(frozen=True, eq=False)
class Holdout:
    """One question: which relation is asked, and the two sides to choose and to measure on.

    Attributes:
        asked: The relation.
        alone: Names of the relations that stand alone.
        joint: Relations that are trained together, with their weights; ``None``: all.
        validation: Training edges less some, beside those.
        test: All training edges, beside the test edges.
    """

    asked: Triplet
    alone: tuple[str, ...]
    joint: dict[str, float] | None
    validation: Side
    test: Side


@dataclass(frozen=True, eq=False)
class Lastfm:
    """Pairs as rows, int32 ``[pairs, 2]`` each: listens with weights, friends once each, tags and tag words."""

    num_nodes: Mapping[str, int]
    listens: np.ndarray
    plays: np.ndarray
    friends: np.ndarray
    tags: np.ndarray
    wears: pl.DataFrame


def read_lastfm(folder: Path) -> Lastfm:
    """Read the tables; artists that nobody listens to and rare tag words are left out."""
    listens, friends, tags = (
        pl.read_parquet(folder / f"user_{name}.parquet") for name in ("artists", "friends", "taggedartists")
    )
    users, artists = (listens[name].unique().sort() for name in ("userID", "artistID"))
    frequent = tags.group_by("tagID").agg(pl.col("userID").n_unique()).filter(pl.col("userID") >= FEWEST_TAGGERS)
    words = frequent["tagID"].sort()
    tags = tags.filter(pl.col("artistID").is_in(artists.implode()), pl.col("userID").is_in(users.implode()))
    friends = friends.filter(pl.col("userID") < pl.col("friendID"))

    def rows(series: pl.Series, ids: pl.Series) -> np.ndarray:
        return np.searchsorted(ids.to_numpy(), series.to_numpy()).astype(np.int32)

    tagged = pl.DataFrame(
        {"user": rows(tags["userID"], users), "artist": rows(tags["artistID"], artists), "id": tags["tagID"]}
    )
    worn = tagged.filter(pl.col("id").is_in(words.implode()))
    worn = worn.with_columns(pl.Series("word", rows(worn["id"], words)))
    return Lastfm(
        {"user": len(users), "artist": len(artists), "word": len(words)},
        np.stack([rows(listens["userID"], users), rows(listens["artistID"], artists)], axis=1),
        listens["weight"].to_numpy().astype(np.float32),
        np.stack([rows(friends["userID"], users), rows(friends["friendID"], users)], axis=1),
        np.unique(tagged.select("user", "artist").to_numpy().astype(np.int32), axis=0),
        worn.select("user", "artist", "word"),
    )


def listens(tables: Lastfm) -> Holdout:
    """Hold out a fifth of each user's listens, with every tag that the same user gave to the same artist."""
    test, validation = _parts(len(tables.listens), 0)

    def side(held: np.ndarray, known: np.ndarray) -> Side:
        graph = lastfm_graph(tables, known, np.ones(len(tables.friends), dtype=np.bool_), hidden=held)
        pairs = tables.listens[known]
        history = History.from_edges(
            pairs[:, 0], pairs[:, 1], None, np.log1p(tables.plays[known]), tables.num_nodes["user"]
        )
        return Side(graph, history, history, _held(tables.listens[held], history, tables.num_nodes["artist"]))

    asked = ("user", "listens", "artist")
    return Holdout(asked, ("listens", "tags"), None, side(validation, ~(test | validation)), side(test, ~test))


def friends(tables: Lastfm) -> Holdout:
    """Hold out a fifth of the friendships, from both sides; nobody is recommended to himself."""
    test, validation = _parts(len(tables.friends), 1)
    num_users = tables.num_nodes["user"]

    def side(held: np.ndarray, known: np.ndarray) -> Side:
        graph = lastfm_graph(tables, np.ones(len(tables.listens), dtype=np.bool_), known, hidden=None)
        both, asked = (np.concatenate([one, one[:, ::-1]]) for one in (tables.friends[known], tables.friends[held]))
        itself = np.repeat(np.arange(num_users, dtype=np.int32)[:, None], 2, axis=1)
        history, seen = (
            History.from_edges(one[:, 0], one[:, 1], None, None, num_users)
            for one in (both, np.concatenate([both, itself]))
        )
        return Side(graph, history, seen, _held(asked, seen, num_users))

    asked = ("user", "friends", "user")
    return Holdout(asked, ("friends",), None, side(validation, ~(test | validation)), side(test, ~test))


def lastfm_graph(
    tables: Lastfm, listened: np.ndarray, friendly: np.ndarray, *, hidden: np.ndarray | None
) -> InteractionGraph:
    """Return the graph of some listens, some friendships (from both sides) and the tags that give nothing away.

    Args:
        tables: Everything.
        listened: Which listens, bool.
        friendly: Which friendships, bool.
        hidden: Listens that are asked, bool: no tag of the same user and artist may stand; ``None`` hides none.
    """
    width = tables.num_nodes["artist"]
    asked = tables.listens[hidden if hidden is not None else np.zeros(len(tables.listens), dtype=np.bool_)]
    secret = asked[:, 0].astype(np.int64) * width + asked[:, 1]
    tags = tables.tags[~np.isin(tables.tags[:, 0].astype(np.int64) * width + tables.tags[:, 1], secret)]
    worn = tables.wears.filter(~pl.Series(np.isin(
        tables.wears["user"].to_numpy().astype(np.int64) * width + tables.wears["artist"].to_numpy(), secret
    )))  # fmt: skip
    counts = worn.group_by("artist", "word").len().sort("artist", "word")
    pairs = tables.friends[friendly]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    users, artists = (tables.num_nodes[one] for one in ("user", "artist"))
    words = counts.select("artist", "word").to_numpy().astype(np.int32)
    return InteractionGraph(
        tables.num_nodes,
        {
            ("user", "listens", "artist"): relation(users, tables.listens[listened], tables.plays[listened]),
            ("user", "friends", "user"): relation(users, both),
            ("user", "tags", "artist"): relation(users, tags),
            ("artist", "wears", "word"): relation(artists, words, counts["len"].to_numpy()),
        },
    )


def relation(num_sources: int, pairs: np.ndarray, weight: np.ndarray | None = None) -> Relation:
    """Return pairs as edges grouped by source; without weights each counts 1."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    weights = np.ones(len(pairs)) if weight is None else weight[order]
    indptr = np.searchsorted(pairs[order, 0], np.arange(num_sources + 1)).astype(np.int64)
    return Relation(indptr, pairs[order, 1].astype(np.int32), weights.astype(np.float32))


def advertisers(folder: Path, seed: int) -> Holdout:
    """Simulate a network and hold out two fifths of the ads that users answered, each user and advertiser once.

    A week of answers would be those of some thirty users: too few to measure, so that time is left out here.
    """
    simulate(SimulationConfig.preset("default", seed=seed), folder / "data")
    config = load_config(FLUTTER, [f"data={folder}/data", f"store={folder}/store"])
    line = Line(config, Runner.of(config))
    tables, asked = line.known, ("user", "responds", "advertiser")
    (answers,) = (one for one in tables.edges if one.config.triplet == asked)
    num_users, num_targets = (tables.nodes[one].height for one in (asked[0], asked[2]))
    pairs = answers.frame.select("source_row", "target_row").unique(maintain_order=True)
    rows = pairs.to_numpy().astype(np.int32)
    test, validation = _parts(len(rows), 2, 0.4)

    def side(held: np.ndarray, known: np.ndarray) -> Side:
        kept = answers.frame.join(pairs.filter(pl.Series(known)), on=pairs.columns, how="semi", maintain_order="left")
        edges = tuple(Edges(answers.config, kept) if one is answers else one for one in tables.edges)
        graph = build_graph(replace(tables, edges=edges), as_of_s=line.as_of_s)
        history = History.from_edges(rows[known, 0], rows[known, 1], None, None, num_users)
        return Side(graph, history, history, _held(rows[held], history, num_targets))

    return Holdout(asked, ("responds",), ADS, side(validation, ~(test | validation)), side(test, ~test))


def _held(pairs: np.ndarray, seen: History, num_targets: int) -> Held:
    return Held.from_edges(pairs[:, 0], pairs[:, 1], seen, np.ones(num_targets, dtype=np.bool_))


def _parts(number: int, seed: int, share: float = SHARE) -> tuple[np.ndarray, np.ndarray]:
    """Return which edges are for the test, and which of the others for validation, bool each."""
    rng = np.random.default_rng(seed)
    test = rng.random(number) < share
    return test, ~test & (rng.random(number) < SHARE)


def engaged(graph: InteractionGraph, node_types: tuple[str, ...]) -> scipy.sparse.csr_array:
    """Return what users are joined to, over all relations that start from them, the types side by side, ones."""
    blocks = []
    for node_type in node_types:
        shape = (graph.num_nodes["user"], graph.num_nodes[node_type])
        total = scipy.sparse.csr_array(shape, dtype=np.float32)
        for (source, name, target), one in graph.relations.items():
            if (source, target) == ("user", node_type) and not name.startswith("rev_"):
                total += scipy.sparse.csr_array(
                    (np.ones(one.num_edges, np.float32), one.indices, one.indptr), shape=shape
                )
        total.data[:] = 1
        blocks.append(total)
    return scipy.sparse.csr_array(scipy.sparse.hstack(blocks))
