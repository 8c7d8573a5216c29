from collections.abc import Callable
from typing import Any

import pytest

from graphrec.retrieval.request import Request
from graphrec.retrieval.retriever import Retriever
from tests.cli.conftest import Invoke, World

Asked = Callable[..., Any]


@pytest.fixture(scope="module")
def retriever(world: World) -> Retriever:
    assert world.ran.exit_code == 0, world.ran.output
    return Retriever.open(world.store)


@pytest.fixture(scope="module")
def user(retriever: Retriever) -> str:
    """A user with interests."""
    sizes = retriever.bundle.interests.indptr
    row = next(row for row in range(retriever.bundle.interests.num_users) if sizes[row + 1] > sizes[row])
    return str(retriever.bundle.ids["user"].series[row])


def test_recommend_answers_as_the_python_api(world: World, retriever: Retriever, user: str, asked: Asked) -> None:
    answer = asked("recommend", user, "--store", world.store, "-k", 7)
    found = retriever.recommend(user, 7)
    assert answer["version"] == "v0001"
    assert answer["reason"] == "interests"
    assert [one["id"] for one in answer["candidates"]] == found.ids
    assert all("nearest_action" in one for one in answer["candidates"] if "interest" in one)


def test_explain_adds_the_why(world: World, user: str, invoke: Invoke) -> None:
    plain = invoke("recommend", user, "--store", world.store)
    told = invoke("recommend", user, "--store", world.store, "--explain")
    assert plain.exit_code == told.exit_code == 0
    assert "because" not in plain.stdout
    assert "because" in told.stdout
    assert "cosine" in told.stdout


def test_wishes_of_the_command_line_are_those_of_the_python_api(
    world: World, retriever: Retriever, user: str, asked: Asked
) -> None:
    first, second = retriever.interests(user)["medoid"][0], retriever.recommend(user, 1).ids[0]
    answer = asked(
        "recommend", user, "--store", world.store, "-k", 12, "--mute", first, "--boost", f"{second}=2.5",
        "--block-author", "bird_0003", "--where", "language=en,de", "--safe", "--max-age-days", 60,
        "--per-author", 2, "--diversity", 0.2, "--trace",
    )  # fmt: skip
    request = Request(
        muted=(first,), boosted={second: 2.5}, blocked_authors=("bird_0003",), where={"language": ("en", "de")},
        safe=True, max_age_days=60, per_author=2, diversity=0.2,
    )  # fmt: skip
    found = retriever.recommend(user, 12, request)
    assert [one["id"] for one in answer["candidates"]] == found.ids
    assert answer["trace"] == found.trace().to_dicts()
    assert {"rule", "source interests", "filter seen", "diversify"} <= {one["step"] for one in answer["trace"]}


def test_the_trace_is_printed(world: World, user: str, invoke: Invoke) -> None:
    told = invoke("recommend", user, "--store", world.store, "--safe", "--trace")
    assert told.exit_code == 0, told.stderr
    assert "what each step left" in told.stdout
    assert "flagged unsafe" in told.stdout


def test_somebody_unknown_gets_recent_popularity(world: World, asked: Asked, invoke: Invoke) -> None:
    answer = asked("recommend", "nobody", "--store", world.store, "-k", 3)
    assert answer["reason"] == "recent popularity: user 'nobody' is unknown"
    assert len(answer["candidates"]) == 3
    shown = invoke("recommend", "nobody", "--store", world.store, "--explain").stdout
    assert "recent popularity" in shown
    assert "popular of late" in shown


def test_accounts_are_those_of_the_python_api(
    world: World, retriever: Retriever, user: str, asked: Asked, invoke: Invoke
) -> None:
    answer = asked("recommend", user, "--store", world.store, "-k", 4, "--kind", "user")
    found = retriever.recommend(user, 4, kind="user")
    assert [one["id"] for one in answer["candidates"]] == found.ids
    row = retriever.bundle.ids["user"].row(user)
    followed = retriever.bundle.kinds["user"].known.of(row).rows
    assert not set(retriever.bundle.ids["user"].rows(found.ids)) & {row, *followed}
    shown = invoke("recommend", user, "--store", world.store, "--kind", "advertiser", "--explain")
    assert shown.exit_code == 0, shown.stderr
    assert "cosine" in shown.stdout


def test_interests_are_those_of_the_python_api(
    world: World, retriever: Retriever, user: str, asked: Asked, invoke: Invoke
) -> None:
    answer = asked("interests", user, "--store", world.store)
    assert answer["interests"] == retriever.interests(user).to_dicts()
    assert "importance" in invoke("interests", user, "--store", world.store).stdout


def test_similar_flits_carry_their_text(world: World, retriever: Retriever, asked: Asked, invoke: Invoke) -> None:
    answer = asked("similar", "flit_00117", "--store", world.store, "-k", 4)
    assert [one["id"] for one in answer["found"]] == retriever.similar("flit_00117", 4)["id"].to_list()
    assert all(one["text"] for one in answer["found"])
    assert answer["found"][0]["id"] in invoke("similar", "flit_00117", "--store", world.store).stdout


def test_similar_users_stand_alone(world: World, user: str, asked: Asked) -> None:
    answer = asked("similar", user, "--type", "user", "--store", world.store, "-k", 2)
    assert answer["type"] == "user"
    assert [set(one) for one in answer["found"]] == [{"id", "similarity"}] * 2


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("interests", "nobody"), 2, "got 'nobody'"),
        (("similar", "flit_x"), 2, "id must be a known id (got 'flit_x'"),
        (("similar", "flit_00117", "--type", "movie"), 2, "node_type must be one of user, flit, advertiser"),
        (("recommend", "bird_0001", "--boost", "flit_00117"), 2, "--boost must read name=value (got 'flit_00117')"),
        (("recommend", "bird_0001", "--boost", "flit_00117=0"), 2, "Request.boosted.flit_00117 must be greater than 0"),
        (("recommend", "bird_0001", "--mute", "flit_x"), 2, "got 1 unknown, first 'flit_x'"),
        (("recommend", "bird_0001", "--where", "mood=good"), 2, "Request.where must name columns of the catalogue"),
        (("recommend", "bird_0001", "--kind", "movie"), 2, "kind must be one of flit, user, advertiser (got 'movie')"),
        (("search", " "), 2, "text must not be blank"),
        (("search", "hummingbirds"), 2, "encoder 'transformer' (got 'tfidf')"),
        (("recommend", "bird_0001", "--version", "v0099"), 1, "version must be one of latest, v0001 (got 'v0099')"),
        (("recommend", "bird_0001", "--version", "../x"), 2, "version must match"),
    ],
)
def test_errors_are_one_line(world: World, invoke: Invoke, args: tuple[str, ...], code: int, message: str) -> None:
    done = invoke(*args, "--store", world.store)
    assert done.exit_code == code
    assert done.stdout == ""
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["recommend", "interests", "similar", "search", "health", "evaluate"])
def test_a_missing_store_says_to_run_first(invoke: Invoke, tmp_path: object, command: str) -> None:
    args = ["x"] if command not in ("health", "evaluate") else []
    done = invoke(command, *args, "--store", tmp_path)
    assert done.exit_code == 1
    assert "run graphrec run CONFIG first" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
