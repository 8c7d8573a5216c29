import pytest

from graphrec.tables.propose.words import is_key_name, relation_of, singular, subject, words


@pytest.mark.parametrize("name", ["movieId", "movie_id", "MovieID", "Movie Id", "movie-ID"])
def test_names_are_read_alike_however_they_are_written(name: str) -> None:
    assert words(name) == ["movie", "id"]
    assert is_key_name(name)


def test_singulars_and_subjects() -> None:
    told = ("artists", "movies", "replies", "news", "status", "bus")
    assert [singular(one) for one in told] == ["artist", "movie", "reply", "new", "status", "bus"]
    assert subject("some/user_list.parquet") == "user"
    assert subject("data/train.csv") == ""


def test_event_kinds_are_known_in_many_forms() -> None:
    assert relation_of("LIKE")[:2] == ("likes", "action")
    assert relation_of("page_viewed")[0] == "views"
    assert relation_of("COMMENT CREATED")[0] == "comments"
    assert relation_of("purchase") == ("buys", "action", 2.0)
    assert relation_of("hide")[1] == "negative"
    assert relation_of("frobnicate") == ("frobnicate", "action", 1.0)
