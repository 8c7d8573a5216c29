"""PinSage on given lists: films of two kinds, liked by two kinds of users, their tables as those of MovieLens."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

from benchmarks.rated import Rated

USERS, FILMS = 40, 60
QUICK = (
    "training={epochs: 6, batch_size: 400, learning_rate: 0.005, hidden_share: 0.1}",
    "neighbourhoods={num_walks: 40, size: 8}", "features.text={encoder: tfidf, dim: 16}", "runtime.workers=1",
    "retrieval.factors_weight=0.0", "retrieval.softness=0.1", "index.length_exponent=0.0", "projection.method=pca",
)  # fmt: skip


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Rated:
    folder = tmp_path_factory.mktemp("films")
    pairs, content = folder / "pairs", folder / "content"
    pairs.mkdir()
    content.mkdir()
    rng = np.random.default_rng(0)
    rows = [
        (user, int(film), int(rng.integers(1, 6)))
        for user in range(USERS)
        for film in rng.permutation(np.arange(user % 2, FILMS, 2))[:15]
    ]
    ratings = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
    last = pl.Series(np.arange(len(rows)) % 15 == 14)
    ratings.filter(~last).write_parquet(pairs / "train.parquet")
    ratings.filter(last).write_parquet(pairs / "test.parquet")
    films = pl.DataFrame({"movie_id": range(1, FILMS + 1)})
    films.with_columns(item=pl.col("movie_id") - 1).write_parquet(pairs / "item_map.parquet")
    genre = ["noir" if film % 2 else "musical" for film in range(FILMS)]
    films.with_columns(title=pl.lit("a film"), genres=pl.Series(genre)).write_parquet(content / "movies.parquet")
    plot = films.with_columns(plot=pl.Series(genre), director=pl.lit("somebody"), actors=pl.lit("others"))
    plot.write_parquet(content / "movies_plot.parquet")
    Image.new("RGB", (16, 16)).save(folder / "poster.png")
    posters = films.with_columns(jpeg=pl.lit((folder / "poster.png").read_bytes()))
    posters.write_parquet(content / "posters_160x240.parquet")
    people = {"user_id": range(1, USERS + 1), "age": [30] * USERS, "gender": ["f"] * USERS, "occupation": [1] * USERS}
    pl.DataFrame(people).write_parquet(content / "users.parquet")
    return Rated(pairs, content, QUICK)


@pytest.mark.parametrize("way", ["vectors", "retrieval"])
def test_films_of_ones_own_kind_score_higher(way: str, rated: Rated) -> None:
    users, items = np.arange(USERS, dtype=np.int32), np.tile([3, 8, 3, 41, 50], (USERS, 1))
    scores = getattr(rated, way)()(users, items)
    assert scores.shape == (USERS, 5)
    np.testing.assert_array_equal(scores[:, 0], scores[:, 2])  # a list may hold a film twice
    own = items % 2 == users[:, None] % 2
    better = np.where(own, scores, -np.inf).max(axis=1) > np.where(own, -np.inf, scores).max(axis=1)
    assert better.mean() > 0.8


def test_every_rating_is_a_like_and_no_film_is_held_out(rated: Rated) -> None:
    split = rated._line.split
    assert split.train.edges[0].frame.height == USERS * 14
    assert split.test.height == USERS
