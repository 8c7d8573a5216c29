"""Folders with planted answers, each proposed, loaded and validated."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphrec.errors import DataError
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.tables.propose import propose
from tests.tables.propose.folders import FLITS, USERS, checked, events, ids, network, written


def test_a_network_is_told_apart(tmp_path: Path) -> None:
    proposal, config = checked(network(tmp_path / "net"), tmp_path)
    user, flit = config.nodes["user"], config.nodes["flit"]
    assert (user.table, user.id, user.numeric, user.categorical) == ("people.parquet", "account", ("age",), ("city",))
    assert (flit.table, flit.id, flit.text, flit.image) == ("posts.parquet", "post_id", ("body",), "photo")
    assert (flit.created_at, flit.flags, flit.categorical) == ("published_at", ("nsfw",), ("lang",))
    assert (flit.author, flit.author_type) == ("written_by_author", "user")
    relations = {edge.relation: edge for edge in config.edges}
    assert {name: edge.role for name, edge in relations.items()} == {
        "likes": "action", "shares": "action", "views": "context", "hides": "negative", "follows": "context",
        "writes": "context",
    }  # fmt: skip
    like = relations["likes"]
    assert like.where == {"kind": "like"}
    assert like.time is not None
    assert (like.time.column, like.time.unit) == ("ts", "ms")
    assert relations["follows"].triplet == ("user", "follows", "user")
    assert (relations["follows"].source_id, relations["follows"].target_id) == ("follower", "followed")
    assert config.evaluation.split.kind in ("time", "leave_one_out")
    assert any("images" in one["why"] or "image file" in one["why"] for one in proposal.guesses)


def test_a_bare_log_gives_nodes_from_edges_and_id_vectors(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    log = events(rng, list(range(1000, 1000 + USERS)), list(range(5, 5 + 7 * FLITS, 7)))
    frame = pl.DataFrame({"personId": log["who"], "contentId": log["what"], "timestamp": log["when"]})
    _, config = checked(written(tmp_path / "bare", interactions=frame), tmp_path)
    assert config.nodes["user"].from_edges
    assert config.nodes["flit"].from_edges
    assert isinstance(config.model, PinSageConfig)
    assert config.model.id_vectors
    assert config.training.content_only_share == 0
    assert config.edges[0].time is not None
    assert config.edges[0].time.unit == "s"


def test_csv_with_text_ids_odd_headers_and_no_useful_names(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    users, flits = ids("bird-", USERS, rng), ids("nest ", FLITS, rng)
    flits = [one.replace(" ", "_") for one in flits]
    log = events(rng, users, flits)
    (tmp_path / "csv").mkdir()
    when = [f"2024-01-{1 + n * 27 // len(log['who']):02d} 10:{n % 60:02d}:00" for n in range(len(log["who"]))]
    pl.DataFrame({"Seen At": when, "Nest": log["what"], "Bird": log["who"]}).write_csv(
        tmp_path / "csv" / "sightings.csv"
    )
    about = {"words": [f"a nest in the old oak by the river {n}" for n in range(FLITS)], "Nest": flits}
    pl.DataFrame(about).write_csv(tmp_path / "csv" / "nests.csv")
    proposal, config = checked(tmp_path / "csv", tmp_path)
    assert config.nodes["flit"].table == "nests.csv"
    assert config.nodes["flit"].text == ("words",)
    assert config.nodes["user"].from_edges
    assert config.nodes["user"].id == "Bird"
    assert config.edges[0].time is not None
    assert config.edges[0].time.column == "Seen At"
    assert any("taken for who acts" in one for one in proposal.unsure)


def test_ratings_counts_and_clicks_become_actions_by_config_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    log = events(rng, list(range(USERS)), list(range(FLITS)))
    pair = {"user_id": log["who"], "movie_id": log["what"]}
    stars = pl.DataFrame({**pair, "rating": rng.integers(1, 11, size=len(log["who"])) / 2})
    _, rated = checked(written(tmp_path / "rated", ratings=stars), tmp_path)
    assert (rated.edges[0].relation, rated.edges[0].where) == ("likes", "rating >= 4")
    plays = np.round(np.exp(rng.normal(4, 2, size=len(log["who"])))).astype(int) + 1
    _, counted = checked(written(tmp_path / "counted", plays=pl.DataFrame({**pair, "playcount": plays})), tmp_path)
    assert counted.edges[0].derive == {"log_playcount": "LOG1P(playcount)"}
    assert counted.edges[0].weight == "log_playcount"
    clicks = pl.DataFrame({**pair, "click": rng.integers(0, 2, size=len(log["who"]))})
    _, clicked = checked(written(tmp_path / "clicked", shown=clicks), tmp_path)
    assert clicked.edges[0].role == "action"
    for config in (rated, counted, clicked):
        assert config.evaluation.split.kind == "leave_one_out"
        assert "recent_popular" not in config.evaluation.baselines


def test_tables_are_joined_through_a_map_and_shifted_ids_are_seen(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    log = events(rng, list(range(USERS)), list(range(FLITS)))
    movies = [10 * n + 3 for n in range(FLITS)]
    folder = written(
        tmp_path / "mapped",
        train=pl.DataFrame(
            {"user": log["who"], "item": log["what"], "rating": rng.integers(1, 6, size=len(log["who"]))}
        ),
        test=pl.DataFrame(
            {"user": list(range(USERS)), "item": [n % FLITS for n in range(USERS)], "rating": [5, 4] * 30}
        ),
        item_map=pl.DataFrame({"movie_id": movies, "item": list(range(FLITS))}),
        films=pl.DataFrame({"movie_id": movies[::-1], "title": [f"The film about {n}" for n in range(FLITS)]}),
        users=pl.DataFrame({"user_id": list(range(1, USERS + 1)), "gender": ["f", "m"] * (USERS // 2)}),
    )
    proposal, config = checked(folder, tmp_path)
    assert config.nodes["user"].derive == {"user": "user_id - 1"}
    assert config.nodes["flit"].table == "item_map.parquet"
    assert [join.table for join in config.nodes["flit"].join] == ["films.parquet"]
    assert config.nodes["flit"].text == ("title",)
    assert [(edge.table, edge.split) for edge in config.edges] == [("train.parquet", "auto"), ("test.parquet", "test")]
    assert config.evaluation.split.kind == "given"
    assert any("user_id - 1" in one for one in proposal.unsure)


def test_friends_and_tag_words_of_an_undated_log(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    log = events(rng, list(range(2, 2 + 3 * USERS, 3)), list(range(1, FLITS + 1)))
    users = log["who"][:USERS]
    folder = written(
        tmp_path / "music",
        user_artists=pl.DataFrame({"userID": log["who"], "artistID": log["what"], "weight": range(1, 901)}),
        user_friends=pl.DataFrame({"userID": users, "friendID": [*users[1:], users[0]]}),
        artists=pl.DataFrame({"id": range(1, FLITS + 1), "name": [f"The {n} band" for n in range(FLITS)]}),
        tags=pl.DataFrame({"tagID": range(30), "tagValue": [f"tag {n}" for n in range(30)]}),
        user_tags=pl.DataFrame({"userID": log["who"], "artistID": log["what"], "tagID": rng.integers(30, size=900)}),
    )
    _, config = checked(folder, tmp_path)
    relations = {edge.relation: edge for edge in config.edges}
    assert relations["friends"].triplet == ("user", "friends", "user")
    assert relations["tags"].role == "context"
    assert config.nodes["flit"].text == ("name", "tagValue")
    join = config.nodes["flit"].join[0]
    assert (join.table, join.combine, join.join[0].table) == ("user_tags.parquet", "text", "tags.parquet")


def test_times_written_as_text_in_parquet_are_derived(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    log = events(rng, ids("u", USERS, rng), ids("i", FLITS, rng))
    at = pl.from_epoch(pl.Series("at", log["when"])).dt.strftime("%Y-%m-%d %H:%M:%S")
    frame = pl.DataFrame({"user_id": log["who"], "item_id": log["what"], "at": at})
    _, config = checked(written(tmp_path / "text", log=frame), tmp_path)
    assert config.edges[0].time is not None
    assert config.edges[0].time.column == "at_parsed"
    assert config.edges[0].derive["at_parsed"].startswith("STRPTIME")


def test_part_files_of_jsonl_in_subfolders_are_one_log(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    log = events(rng, ids("u", USERS, rng), ids("i", FLITS, rng))
    kinds = [int(n) for n in rng.integers(1, 4, size=len(log["who"]))]
    frame = pl.DataFrame(
        {"uid": log["who"], "iid": log["what"], "time_ms": [1000 * at for at in log["when"]], "type": kinds}
    )
    for day in range(3):
        part = tmp_path / "lines" / "log" / f"day=2024-01-0{day + 1}" / "part-0.jsonl"
        part.parent.mkdir(parents=True)
        frame[day::3].write_ndjson(part)
    proposal, config = checked(tmp_path / "lines", tmp_path)
    assert {edge.table for edge in config.edges} == {"log/*/part-*.jsonl"}
    assert sorted(edge.relation for edge in config.edges) == ["type_1", "type_2", "type_3"]
    assert all(edge.time is not None and edge.time.unit == "ms" for edge in config.edges)
    assert sum("does not explain" in one for one in proposal.unsure) == 3


def test_the_proposal_is_the_same_each_time(tmp_path: Path) -> None:
    folder = network(tmp_path / "net")
    assert propose(folder).text("data") == propose(folder).text("data")


def test_a_table_that_describes_too_few_is_left_out_and_told_of(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    log = events(rng, ids("u", USERS, rng), ids("i", FLITS, rng))
    known = sorted(set(log["what"]))[: FLITS // 2]
    items = pl.DataFrame({"item_id": known, "title": [f"a title of {n} words" for n in range(len(known))]})
    frame = pl.DataFrame({"user_id": log["who"], "item_id": log["what"], "ts": log["when"]})
    proposal, config = checked(written(tmp_path / "few", log=frame, items=items), tmp_path)
    assert config.nodes["flit"].from_edges
    assert any("describes only 50%" in one for one in proposal.unsure)


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({"users": {"user_id": [1, 2, 3], "age": [4, 5, 6]}}, "two columns of ids"),
        ({"friends": {"user_id": [1, 1, 2, 2], "friend_id": [2, 3, 1, 3]}}, "who acted on what"),
        ({"numbers": {"x": [0.5, 1.5], "y": [2.5, 3.5]}}, "two columns of ids"),
        ({"log": {"user_id": [], "item_id": []}}, "with rows"),
    ],
)
def test_hopeless_tables_are_refused_in_one_line(
    tmp_path: Path, tables: dict[str, dict[str, list[int]]], says: str
) -> None:
    folder = written(tmp_path / "hopeless", **{name: pl.DataFrame(values) for name, values in tables.items()})
    with pytest.raises(DataError, match=says) as caught:
        propose(folder)
    assert "\n" not in str(caught.value)
