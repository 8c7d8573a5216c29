import hashlib
from datetime import timedelta
from pathlib import Path

import polars as pl

from graphrec.simulate import SimulationConfig, SimulationSummary, simulate
from graphrec.simulate.reading import read_config

_SCHEMAS = {
    "users": ["user_id", "country", "age_days", "created_at"],
    "flits": ["flit_id", "author_id", "text", "image", "created_at", "language", "unsafe"],
    "advertisers": ["advertiser_id", "name", "created_at"],
    "follows": ["follower_id", "followed_id", "timestamp"],
    "events": ["user_id", "flit_id", "event", "timestamp"],
    "impressions": ["user_id", "flit_id", "timestamp", "position", "propensity"],
    "promotions": ["advertiser_id", "flit_id", "start", "end"],
    "ad_impressions": ["user_id", "flit_id", "advertiser_id", "timestamp", "position", "propensity", "clicked"],
}


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    return {str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def _end(folder: Path) -> pl.Expr:
    return pl.lit(read_config(folder).end_s * 1_000_000).cast(pl.Datetime("us"))


def test_same_seed_same_bytes_another_seed_others(folder: Path, tmp_path: Path) -> None:
    simulate(SimulationConfig.preset("small", seed=3), tmp_path / "again")
    simulate(SimulationConfig.preset("small", seed=4), tmp_path / "other")
    assert _digests(tmp_path / "again") == _digests(folder)
    assert _digests(tmp_path / "other")["events.parquet"] != _digests(folder)["events.parquet"]


def test_tables_have_the_agreed_columns_and_counts(small: SimulationSummary) -> None:
    for name, columns in _SCHEMAS.items():
        frame = pl.read_parquet(small.folder / f"{name}.parquet")
        assert frame.columns == columns
        assert len(frame) == small.rows[name]
        assert sum(frame.drop("image", strict=False).null_count().row(0)) == 0


def test_ids_match_across_tables(folder: Path) -> None:
    users = pl.read_parquet(folder / "users.parquet")["user_id"].implode()
    flits = pl.read_parquet(folder / "flits.parquet")["flit_id"].implode()
    for name in ("events", "impressions", "ad_impressions"):
        frame = pl.read_parquet(folder / f"{name}.parquet")
        assert frame.select(pl.col("user_id").is_in(users).all() & pl.col("flit_id").is_in(flits).all()).item()


def test_events_are_sorted_inside_the_window_and_after_the_flit(folder: Path) -> None:
    events = pl.read_parquet(folder / "events.parquet")
    flits = pl.read_parquet(folder / "flits.parquet", columns=["flit_id", "created_at"])
    assert events["timestamp"].is_sorted()
    assert events.select((pl.col("timestamp") < _end(folder)).all()).item()
    joined = events.join(flits, on="flit_id")
    assert joined.select((pl.col("timestamp") >= pl.col("created_at")).all()).item()


def test_nobody_likes_a_flit_twice(folder: Path) -> None:
    truth = pl.read_parquet(folder / "truth" / "accounts.parquet").filter(~pl.col("spam"))["user_id"].implode()
    likes = pl.read_parquet(folder / "events.parquet").filter(pl.col("event") == "like")
    assert not likes.filter(pl.col("user_id").is_in(truth)).select("user_id", "flit_id").is_duplicated().any()


def test_impressions_have_positions_and_propensities(folder: Path) -> None:
    shown = pl.read_parquet(folder / "impressions.parquet")
    assert shown["position"].min() == 0
    assert shown["position"].max() == 9
    assert shown.select(pl.col("propensity").is_between(0, 1, closed="right").all()).item()


def test_position_lowers_likes_and_matches_raise_them(default: SimulationSummary) -> None:
    keys = ["user_id", "flit_id"]
    shown = pl.read_parquet(default.folder / "impressions.parquet").sort("timestamp")
    likes = pl.read_parquet(default.folder / "events.parquet").filter(pl.col("event") == "like").select(keys).unique()
    last = shown.unique(keys, keep="last", maintain_order=True)
    liked = last.join(likes.with_columns(liked=1), on=keys, how="left").with_columns(pl.col("liked").fill_null(0))
    top, low = (liked.filter(pl.col("position").is_in(places))["liked"].mean() for places in ([0, 1], [8, 9]))
    assert isinstance(top, float)
    assert isinstance(low, float)
    assert top > 1.15 * low
    actions = pl.read_parquet(default.folder / "truth" / "actions.parquet").filter(pl.col("event") == "like")
    assert actions.select((pl.col("interest") >= 0).mean()).item() > 0.6


def test_written_like_probabilities_are_calibrated(default: SimulationSummary) -> None:
    """The mean of p over likers is E[p²]/E[p], so it must exceed the like rate; hides sit at lower p."""
    actions = pl.read_parquet(default.folder / "truth" / "actions.parquet").filter(pl.col("like_probability") < 1)
    means = {
        str(event): float(p)
        for event, p in actions.group_by("event").agg(pl.col("like_probability").mean()).iter_rows()
    }
    rate = default.events["like"] / default.rows["impressions"]
    assert means["like"] > rate > means["hide"]


def test_spam_wave_is_visible_and_marked(default: SimulationSummary) -> None:
    accounts = pl.read_parquet(default.folder / "truth" / "accounts.parquet").filter("spam")["user_id"]
    events = pl.read_parquet(default.folder / "events.parquet").filter(pl.col("user_id").is_in(accounts.implode()))
    span = events.select(pl.col("timestamp").max() - pl.col("timestamp").min()).item()
    assert span < timedelta(days=3)
    promoted = pl.read_parquet(default.folder / "promotions.parquet").filter(pl.col("advertiser_id") == "adv_00")
    assert set(events["flit_id"]) <= set(promoted["flit_id"])


def test_last_days_hold_flits_that_nobody_saw(default: SimulationSummary) -> None:
    flits = pl.read_parquet(default.folder / "flits.parquet", columns=["flit_id", "created_at"])
    shown = pl.read_parquet(default.folder / "impressions.parquet", columns=["flit_id"])["flit_id"].unique()
    recent = flits.filter(pl.col("created_at") >= _end(default.folder) - timedelta(days=3))
    unseen = recent.filter(~pl.col("flit_id").is_in(shown.implode()))
    assert 200 <= len(unseen) <= 500


def test_ads_run_inside_their_promotion(folder: Path) -> None:
    ads = pl.read_parquet(folder / "ad_impressions.parquet")
    promotions = pl.read_parquet(folder / "promotions.parquet")
    joined = ads.join(promotions, on=["advertiser_id", "flit_id"])
    # An ad is chosen at the begin of its slot of six hours.
    inside = (pl.col("timestamp") >= pl.col("start")) & (pl.col("timestamp") < pl.col("end") + timedelta(hours=6))
    assert joined.filter(inside).select("user_id", "timestamp").unique().height == len(
        ads.select("user_id", "timestamp").unique()
    )
