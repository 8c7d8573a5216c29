"""Joins, derived columns and conditions."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphrec.errors import ConfigError, DataError
from graphrec.tables.load import LoadedTables
from tests.tables.world import check_counts, config, load, write


def films(folder: Path, node: dict[str, Any], edge: dict[str, Any], **more: pl.DataFrame) -> LoadedTables:
    """Load a world of films rated by users."""
    items = pl.DataFrame({"item": [2, 0, 1], "movie_id": [30, 10, 20]}, schema={"item": pl.Int32, "movie_id": pl.Int32})
    ratings = pl.DataFrame({"user": [1, 1, 2, 2], "item": [0, 1, 2, 0], "rating": [5, 3, 4, None]})
    users = pl.DataFrame({"user_id": [2, 3], "gender": ["F", "M"]})
    write(folder, {"items": items, "ratings": ratings, "users": users, **more})
    nodes = {
        "user": {"table": "users.parquet", "derive": {"user": "user_id - 1"}, "id": "user"},
        "flit": {"table": "items.parquet", "id": "item", **node},
    }
    likes = {"source": "user", "relation": "likes", "target": "flit", "table": "ratings.parquet", **edge}
    return load(folder, config(nodes=nodes, edges=[likes]))


TITLES = pl.DataFrame({"movie": [10, 30, 99], "title": ["Heat", "Alien", "Jaws"], "year": [1995, 1979, 1975]})


def test_derived_ids_and_sql_condition(tmp_path: Path) -> None:
    loaded = films(tmp_path, {}, {"where": "rating >= 4"})
    assert loaded.tables.nodes["user"]["id"].to_list() == [1, 2]
    assert loaded.tables.edges[0].frame.select("source_row", "target_row").rows() == [(0, 0), (1, 2)]
    assert loaded.report[2].rows_filtered == 2
    check_counts(loaded)


def test_join_adds_columns_and_leaves_rows_without_partner(tmp_path: Path) -> None:
    join = [{"table": "titles.parquet", "on": {"movie_id": "movie"}, "columns": ["title"]}]
    loaded = films(tmp_path, {"join": join, "text": ["title"]}, {}, titles=TITLES)
    assert loaded.tables.nodes["flit"].select("id", "title").rows() == [(0, "Heat"), (1, None), (2, "Alien")]


def test_bare_on_of_yaml_means_the_field(tmp_path: Path) -> None:
    join = [{"table": "titles.parquet", True: {"movie_id": "movie"}}]
    loaded = films(tmp_path, {"join": join, "numeric": ["year"]}, {}, titles=TITLES)
    assert loaded.tables.nodes["flit"]["year"].to_list() == [1995.0, None, 1979.0]


def test_join_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    join = [{"table": "titles.parquet", "on": {"movie_id": "movie"}}]
    with pytest.raises(DataError, match=r"key that stands once in titles\.parquet \(got 10 several times\)"):
        films(tmp_path, {"join": join, "text": ["title"]}, {}, titles=pl.concat([TITLES, TITLES[:1]]))


TAGGED = pl.DataFrame({"movie": [10, 10, 10, 30, 10, 30], "tag": [1, 2, 2, 3, 4, 9], "by": [1, 1, 2, 2, 3, 3]})
WORDS = pl.DataFrame({"id": [1, 2, 3, 4], "word": ["noir", "heist", "space", "crime"]})


def test_several_rows_per_key_become_one_text_the_most_frequent_first(tmp_path: Path) -> None:
    join = {
        "table": "tagged.parquet",
        "join": [{"table": "words.parquet", "on": {"tag": "id"}}],
        "on": {"movie_id": "movie"},
        "columns": ["word"],
        "combine": "text",
    }
    node = {"join": [join], "text": ["word"]}
    flits = films(tmp_path, node, {}, tagged=TAGGED, words=WORDS).tables.nodes["flit"]
    assert flits.to_dict(as_series=False) == {"id": [0, 1, 2], "word": ["heist, crime, noir", None, "space"]}


def test_a_joined_table_may_derive_and_select(tmp_path: Path) -> None:
    join = {
        "table": "tagged.parquet",
        "where": "by >= 2",
        "derive": {"label": "CAST(tag AS TEXT)", "film": "movie + 0"},
        "on": {"movie_id": "film"},
        "columns": ["label"],
        "combine": "text",
    }
    flits = films(tmp_path, {"join": [join], "text": ["label"]}, {}, tagged=TAGGED).tables.nodes["flit"]
    assert flits["label"].to_list() == ["2, 4", None, "3, 9"]


def test_a_column_missing_from_a_nested_join_is_named(tmp_path: Path) -> None:
    inner = {"table": "words.parquet", "on": {"tag": "key"}}
    join = {"table": "tagged.parquet", "join": [inner], "on": {"movie_id": "movie"}}
    with pytest.raises(DataError, match=r"nodes.flit.join.join.on must name a column of words.parquet \(got 'key'\)"):
        films(tmp_path, {"join": [join]}, {}, tagged=TAGGED, words=WORDS)


def test_rare_words_are_left_out_by_a_window_of_sql(tmp_path: Path) -> None:
    """Words of one person alone would tell who put them there."""
    join = {
        "table": "tagged.parquet",
        "where": "COUNT(DISTINCT by) OVER (PARTITION BY tag) >= 2",
        "derive": {"label": "CAST(tag AS TEXT)"},
        "on": {"movie_id": "movie"},
        "columns": ["label"],
        "combine": "text",
    }
    flits = films(tmp_path, {"join": [join], "text": ["label"]}, {}, tagged=TAGGED).tables.nodes["flit"]
    assert flits["label"].to_list() == ["2", None, None]


def test_counts_weigh_by_their_logarithm(tmp_path: Path) -> None:
    edge = {"where": "rating > 0", "derive": {"plays": "LOG1P(rating)"}, "weight": "plays"}
    weights = films(tmp_path, {}, edge).tables.edges[0].frame["weight"].to_list()
    assert weights == pytest.approx([1.7918, 1.3863, 1.6094], abs=1e-4)


def test_join_that_repeats_a_column_is_refused(tmp_path: Path) -> None:
    join = [{"table": "titles.parquet", "on": {"movie_id": "movie"}}]
    with pytest.raises(ConfigError, match=r"must not repeat columns .*\['item'\]"):
        films(tmp_path, {"join": join}, {}, titles=TITLES.with_columns(pl.lit(1).alias("item")))


@pytest.mark.parametrize(
    ("edge", "error", "message"),
    [
        ({"where": "rating >>> 4"}, ConfigError, r"edges\.0\.likes\.where must be an SQL expression"),
        ({"derive": {"x": "("}}, ConfigError, r"derive\.x must be an SQL expression"),
        ({"where": "ratings >= 4"}, DataError, r"got 'ratings'.*did you mean 'rating'"),
        ({"where": {"ratin": 4}}, DataError, r"did you mean 'rating'"),
        ({"derive": {"user": "usr + 1"}}, DataError, r"derive\.user must name .*did you mean 'user'"),
        ({"where": "rating > 'four'"}, DataError, r"edges\.0\.likes must"),
    ],
)
def test_bad_expressions_are_explained(tmp_path: Path, edge: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        films(tmp_path, {}, edge)


def test_where_may_be_a_mapping_of_numbers(tmp_path: Path) -> None:
    loaded = films(tmp_path, {}, {"where": {"rating": 5}})
    assert loaded.tables.edges[0].frame.height == 1
    assert len(loaded.report) == 3


def test_node_condition_that_selects_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nodes\.flit\.where must select at least one row"):
        films(tmp_path, {"where": "item > 100"}, {})


def test_csv_columns_in_expressions_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("user,item,rating\n1,0,5\n1,1,3\n2,2,4\n")
    loaded = films(tmp_path, {}, {"table": "ratings.csv", "where": "rating >= 4", "weight": "rating"})
    assert loaded.tables.edges[0].frame["weight"].to_list() == [5.0, 4.0]
