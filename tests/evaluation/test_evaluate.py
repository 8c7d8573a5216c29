"""Evaluation of recommenders whose figures are known, and of some that cheat."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from graphrec import metrics
from graphrec.arrays import RowVector
from graphrec.errors import ConfigError, DataError, ShapeError
from graphrec.evaluation import Evaluation, Held, Recommender, evaluate
from graphrec.evaluation.baselines import Random, popular
from graphrec.evaluation.nearest import decayed_average
from graphrec.history import History
from tests.evaluation.worlds import World


@dataclass(frozen=True)
class Fixed:
    """Answers from a table of lists ``[all users, depth]``."""

    lists: RowVector

    def recommend(self, users: RowVector, k: int) -> RowVector:
        out = np.full((len(users), k), -1, np.int32)
        out[:, : self.lists.shape[1]] = self.lists[users][:, :k]
        return out


def knowing(held: Held) -> Fixed:
    """The perfect recommender."""
    lists = np.full((len(held.sizes), int(held.sizes.max())), -1, np.int32)
    for user, size in enumerate(held.sizes):
        lists[user, :size] = held.rows[held.indptr[user] : held.indptr[user + 1]]
    return Fixed(lists)


@pytest.fixture(scope="module")
def found(world: World) -> Evaluation:
    recommenders: dict[str, Recommender] = {
        "popular": popular(world.history, world.available),
        "oracle": knowing(world.held),
        "near": decayed_average(world.history, world.available, world.vectors, as_of_s=100 * 86_400),
        "twin": popular(world.history, world.available),
        "random": Random(world.history, world.available, 0),
        "silent": Fixed(np.full((240, 1), -1, np.int32)),
    }
    return evaluate(recommenders, world.held, world.history, k=(5, 30), seed=1, samples=300)


def test_the_oracle_is_perfect_everywhere(found: Evaluation) -> None:
    for part in found.slices:
        if part in ("all", "light", "heavy"):
            assert found.value("oracle", "ndcg", 5, part) == pytest.approx(1.0)
        assert found.value("oracle", "recall", 30, part) == pytest.approx(1.0)


def test_wins_losses_and_ties_are_told_apart(found: Evaluation) -> None:
    verdicts = found.differences.filter(pl.col("method") != "random").filter(slice="all", metric="recall", k=30)
    assert dict(zip(verdicts["method"], verdicts["verdict"], strict=True)) == {
        "oracle": "above",
        "near": "above",
        "twin": "no difference",
        "silent": "below",
    }


def test_figures_equal_metrics_of_single_calls(found: Evaluation, world: World) -> None:
    lists = popular(world.history, world.available).recommend(world.held.users, 30)
    hits = metrics.find_hits(lists, *world.held.lists())
    values = metrics.ndcg(hits, world.held.sizes[world.held.users], 5)
    row = found.frame.filter(method="popular", slice="all", metric="ndcg", k=5).row(0, named=True)
    assert (row["value"], row["low"], row["high"]) == pytest.approx(metrics.bootstrap_mean(values, 1, 300))
    near = found.differences.filter(method="near", slice="all", metric="ndcg", k=5).row(0, named=True)
    assert near["low"] <= near["difference"] <= near["high"]


def test_facts_stand_beside_every_figure(found: Evaluation, world: World) -> None:
    cold = world.history.actions_per_flit(200) == 0
    for row in found.frame.filter(slice="all").iter_rows(named=True):
        assert row["users"] == len(world.held.users)
        assert row["events"] == world.held.num_events
        assert row["cold_share"] == pytest.approx(cold[world.held.rows].mean())
    assert found.slices["cold"].cold_share == 1.0
    assert found.slices["warm"].cold_share == 0.0


def test_popularity_covers_less_and_surprises_less_than_chance(found: Evaluation) -> None:
    assert found.value("popular", "coverage", 30) < found.value("random", "coverage", 30) == 1.0
    assert found.value("popular", "novelty", 30) < found.value("random", "novelty", 30)
    assert found.value("popular", "gini", 30) > found.value("random", "gini", 30)


def test_evaluation_is_deterministic(world: World) -> None:
    recommenders: dict[str, Recommender] = {
        "popular": popular(world.history, world.available),
        "random": Random(world.history, world.available, 0),
    }
    one, two = (evaluate(recommenders, world.held, world.history, seed=4, samples=100) for _ in range(2))
    assert one.frame.equals(two.frame)
    assert one.differences.equals(two.differences)


def test_several_trainings_of_one_method_are_averaged_user_by_user(world: World) -> None:
    each_seed = [Random(world.history, world.available, seed) for seed in range(3)]
    single: dict[str, Recommender] = {f"random{seed}": one for seed, one in enumerate(each_seed)}
    several: dict[str, Recommender | Sequence[Recommender]] = {
        "random": each_seed, "popular": popular(world.history, world.available)
    }  # fmt: skip
    found = evaluate(several, world.held, world.history, k=(30,), samples=100)
    alone = evaluate(single, world.held, world.history, k=(30,), samples=100)
    for metric in ("recall", "coverage", "novelty"):
        each = [alone.value(name, metric, 30) for name in single]
        assert found.value("random", metric, 30) == pytest.approx(np.mean(each))
    (mean,) = (one for one in found.figures() if one["name"] == "random.recall@30")
    for one in alone.figures():
        if "recall" in one["name"]:
            assert mean["high"] - mean["low"] < one["high"] - one["low"]
    with pytest.raises(ConfigError, match=r"a recommender under every name .* none for \['nobody'\]"):
        evaluate({**several, "nobody": []}, world.held, world.history)


def test_plain_values_are_finite_json(found: Evaluation) -> None:
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(text)["slices"]["light"]["users"] == found.slices["light"].users
    figures = {one["name"]: one for one in found.figures("seed0.")}
    assert figures["seed0.popular.recall@30"]["low"] < figures["seed0.popular.recall@30"]["value"]
    assert "seed0.popular.recall@30.cold" in {one["name"] for one in found.figures("seed0.", ["cold"])}
    assert found.to_polars() is found.frame


def rendered(found: Evaluation, slice_name: str) -> str:
    console = Console(width=200, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(found.table(slice_name))
    return capture.get()


def test_the_table_shows_users_intervals_and_verdicts(found: Evaluation) -> None:
    text = rendered(found, "all")
    assert "240 users" in text
    assert "recall@30 against popular" in text
    assert "1.0000 [1.0000, 1.0000]" in text
    assert "[low, high]" in text
    assert "NOT A RESULT" not in text
    with pytest.raises(ConfigError, match="slice must be one of"):
        found.table("tiny")


def test_few_users_are_flagged_and_nobody_wins(world: World) -> None:
    few = world.held.only_users(np.arange(240) < 50)
    recommenders: dict[str, Recommender] = {"popular": popular(world.history, world.available), "oracle": knowing(few)}
    found = evaluate(recommenders, few, world.history, k=(10,), samples=100)
    assert "NOT A RESULT: fewer than 200 users" in rendered(found, "all")
    assert set(found.differences["verdict"]) == {"not a result"}


def test_an_empty_slice_is_shown_as_empty(world: World) -> None:
    warm = world.held.only_flits(world.history.actions_per_flit(200) > 0)
    found = evaluate({"popular": popular(world.history, world.available)}, warm, world.history, k=(10,), samples=50)
    assert found.slices["cold"].users == 0
    assert "0 users, 0 events" in rendered(found, "cold")


def test_slices_of_ones_own(world: World) -> None:
    few = world.history.actions_per_flit(200) < 20
    slices = {"rare": ("flits with few actions", world.held.only_flits(few))}
    found = evaluate({"oracle": knowing(world.held)}, world.held, world.history, k=(30,), slices=slices, samples=50)
    assert found.value("oracle", "recall", 30, "rare") == 1.0
    with pytest.raises(ConfigError, match="must be measured"):
        found.value("oracle", "recall", 30, "cold")
    part = world.held.only_users(np.arange(240) < 3)
    with pytest.raises(ConfigError, match="part of what is held out"):
        evaluate({"o": knowing(world.held)}, part, world.history, slices={"more": ("", world.held)})


def test_a_recommender_that_breaks_its_promise_is_refused(world: World) -> None:
    def lists(rows: list[int]) -> Fixed:
        return Fixed(np.tile(np.array(rows, np.int32), (240, 1)))

    for cheat, words in (([199], "from after it"), ([1, 1], "once per list"), ([200], "flit rows or -1")):
        with pytest.raises(DataError, match=words):
            evaluate({"cheat": lists(cheat)}, world.held, world.history, k=(5,))
    seen = Fixed(np.array([[world.history.of(user).rows[0]] for user in range(240)], np.int32))
    with pytest.raises(DataError, match="got 240 seen, 0 from after it"):
        evaluate({"cheat": seen}, world.held, world.history, k=(5,))


def test_wrong_shapes_and_requests_raise(world: World) -> None:
    class Short:
        def recommend(self, users: RowVector, k: int) -> RowVector:
            return np.zeros((len(users), 1), np.int32)

    with pytest.raises(ShapeError, match=r"short\.recommend must return int32"):
        evaluate({"short": Short()}, world.held, world.history, k=(5,))
    with pytest.raises(ConfigError, match="must have a recommender"):
        evaluate({}, world.held, world.history)
    with pytest.raises(ConfigError, match="reference must be one of"):
        evaluate({"short": Short()}, world.held, world.history, reference="long")


def test_a_planted_leak_stops_the_evaluation(world: World) -> None:
    user, flit = int(world.held.users[0]), int(world.held.rows[0])
    history = world.history
    assert history.time_s is not None
    leaky = History.from_edges(
        np.append(history.users, np.int32(user)),
        np.append(history.rows, np.int32(flit)),
        np.append(history.time_s, 100 * 86_400 + 5),
        None,
        history.num_users,
    )
    with pytest.raises(DataError, match="before the split instant"):
        evaluate({"popular": popular(leaky, world.available)}, world.held, leaky)
