"""Every part with hostile input, small: nothing gets in, and what would be told if something did."""

import random
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.common import Result
from benchmarks.reliability import api, bodies, corruption, corruption_index, names, names_links, tokens
from benchmarks.reliability.bodies import Body
from benchmarks.reliability.canary import World, differences
from benchmarks.reliability.damage import CHANGES, KINDS, damaged, plan, role
from benchmarks.reliability.hostile import hostile_names
from benchmarks.reliability.opened import End, ends_of, tell
from benchmarks.reliability.options import Options
from graphrec.serving.config import ServingConfig
from graphrec.serving.openapi import described
from graphrec.serving.tokens import SCOPES
from graphrec.store import Store
from graphrec.store.records import is_key
from tests.serving.world import publish


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two versions."""
    folder = tmp_path_factory.mktemp("served")
    for number in range(2):
        publish(Store(folder), number)
    return folder


def figures(result: Result) -> dict[str, float]:
    return {one["name"]: one["value"] for one in result.figures}


def missed(result: Result) -> dict[str, float]:
    """Return the counts that should have been 0, and the shares that should have been 1."""
    return {
        one["name"]: one["value"] for one in result.figures if one["goal"] in (0, 1) and one["value"] != one["goal"]
    }


def test_names_are_many_and_none_is_one_of_a_version() -> None:
    found = hostile_names()
    assert len(found) == len(set(found)) >= 200
    assert not any(is_key(one, "0" * 64) for one in found)


def test_every_damage_changes_something_and_is_taken_back(store: Path, tmp_path: Path) -> None:
    files, strangers = corruption.files_of(store, "v0002"), corruption.files_of(store, "v0001")
    homes = {path.parent for path in files}
    before = {path: path.read_bytes() for home in homes for path in home.iterdir() if path.is_file()}
    planned = plan(files, strangers, 6 * len(KINDS), 3)
    assert {one.kind for one in planned} == set(KINDS)
    for one in planned:
        with damaged(one):
            after = {path: path.read_bytes() for home in homes for path in home.iterdir() if path.is_file()}
            assert after != before, one
        assert {path: path.read_bytes() for home in homes for path in home.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("kind", CHANGES)
def test_changes_worked_by_hand(kind: str) -> None:
    data = bytes(5000) + bytes(range(1, 200))
    found = {CHANGES[kind](random.Random(seed), data) for seed in range(20)}
    assert data not in found
    if kind == "bit":
        apart = [sum((a ^ b).bit_count() for a, b in zip(one, data, strict=True)) for one in found]
        assert set(apart) == {1}
    if kind == "emptied":
        assert found == {b""}


def test_files_of_two_versions_have_the_same_roles(store: Path) -> None:
    one, other = ({role(path) for path in corruption.files_of(store, name)} for name in ("v0001", "v0002"))
    assert one == other
    assert {("bundle", "settings.json"), ("bundle", "manifest.json"), ("versions",)} <= one


def test_a_canary_tells_what_came_went_and_changed(store: Path, tmp_path: Path) -> None:
    world = World.build(str(store), tmp_path)
    before = world.tree()
    (world.outside / "secret").write_text("touched")
    (world.work / "new").symlink_to(world.outside)
    (world.store / "versions" / "v0001.json").unlink()
    assert differences(before, world.tree()) == ["canary/secret", "store/versions/v0001.json", "work/new"]


def test_what_a_body_must_get_follows_from_its_limit() -> None:
    def told(path: str, size: int, framing: str = "length", garbage: bool = False) -> tuple[int, ...]:
        return Body(path, size, framing, garbage).documented

    most = ServingConfig().max_body_bytes
    assert told("/v1/recommend", most) == (200,)
    assert told("/v1/recommend", most + 1) == told("/v1/recommend", most + 1, "chunked") == (413,)
    assert told("/v1/recommend", most // 2 + 1, "longer") == (413,)
    assert told("/v1/recommend", most // 2, "longer") == (408,)
    assert told("/v1/recommend", most, garbage=True) == (422,)
    assert told("/v1/embed", most + 1) == (200,)
    assert told("/version", 1) == (413,)
    sent = b"".join(Body("/v1/recommend", 200_000, "chunked", False).pieces(b""))
    assert sent.count(b"10000\r\n") == 3
    assert sent.endswith(b"}\r\n0\r\n\r\n")


def test_every_scope_has_a_token() -> None:
    assert set(tokens.TOKENS) == set(SCOPES[1:])
    assert tokens.documented("read", None) == (401,)
    assert tokens.documented("write", "read") == (403,)
    assert tokens.documented("open", None) == (200,)
    assert 403 not in tokens.documented("write", "admin")


def test_known_ids_stand_wherever_an_id_may() -> None:
    ids = {"user": ["u1"], "flit": ["f1"], "all": ["u1", "f1"]}
    found = api.with_known_ids(described(), ids)
    users = [
        parameter["schema"]
        for operations in found["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "user"
    ]
    assert users == [{"enum": ["u1"]}] * 4
    assert {"enum": ["u1", "f1"]} in found["components"]["schemas"]["Recommend"]["properties"]["user"]["anyOf"][0][
        "anyOf"
    ]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("schemathesis") is None, reason="pip install -e '.[bench]'")
def test_nothing_that_the_description_allows_fails(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "EXAMPLES", 2)
    monkeypatch.setattr(api, "PHASES", ("fuzzing",))
    result = Result("reliability", 1)
    api.run(result, Options(str(store), 1, 0, 2))
    assert missed(result) == {}
    assert figures(result)["api.operations"] == 19


@pytest.mark.slow
def test_no_stranger_gets_in(store: Path) -> None:
    result = Result("reliability", 1)
    tokens.run(result, Options(str(store), 1, 0, 0))
    assert missed(result) == {}
    assert figures(result)["tokens.requests"] > 300


@pytest.mark.slow
def test_bodies_are_held_to_their_limits(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SIZES", (1, 40, 50_000, 200_000))
    monkeypatch.setattr(bodies, "AT_ONCE", 4)
    monkeypatch.delitem(bodies.STARTS, "/v1/embed")  # the planted model takes no text alone
    monkeypatch.setattr("benchmarks.reliability.slow.EACH", 2)
    result = Result("reliability", 1)
    bodies.run(result, Options(str(store), 1, 0, 0))
    assert missed(result) == {}
    assert figures(result)["bodies.longest_refusal_bytes"] < bodies.LONGEST_REFUSAL
    assert figures(result)["bodies.requests"] == 48


@pytest.mark.slow
def test_hostile_names_get_nowhere(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = ("../", "../../canary/secret", "\0", "\ud800", "v0001\udcff", "CON", "a" * 300, "-rf", "", "\u202ex")
    monkeypatch.setattr(names, "hostile_names", lambda: few)
    monkeypatch.setattr("benchmarks.reliability.names_local.IN_A_PROCESS", ("v0001\udcff",))
    result = Result("reliability", 1)
    names.run(result, Options(str(store), 1, 0, len(few)))
    assert missed(result) == {}
    assert figures(result)["names.served.refused"] > 150
    assert figures(result)["names.links.traps"] == len(names_links.traps())


@pytest.mark.slow
def test_damaged_versions_are_refused_and_what_loads_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corruption, "SERVED", 4)
    monkeypatch.setattr(corruption_index, "ALONE", 12)
    monkeypatch.setattr(corruption_index, "BARE", 12)
    result = Result("reliability", 1)
    corruption.run(result, Options(str(store), 1, 0, 26))
    assert missed(result) == {}
    assert figures(result)["corruption.version.damaged"] == 26
    assert figures(result)["corruption.bare_hnswlib.flips"] == 12


def fails(kind: str, path: Path) -> None:
    """Load what was damaged, or fail at it, in the way asked for."""
    text = path.read_text()
    if text != "sound" and kind == "crash":
        import os

        os.abort()
    if text != "sound" and kind == "raise":
        raise KeyError(text)


@pytest.mark.slow
def test_a_crash_and_a_stray_error_are_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("sound")
    planned = plan([path], (), 2, 0)
    expected = {"crash": End.CRASHED, "raise": End.OTHER_ERROR, "load": End.LOADED}
    for kind, end in expected.items():
        assert ends_of(planned, fails, kind, path) == [(one, end) for one in planned]
    result = Result("reliability", 1)
    tell(result, "x", [(planned[0], End.CRASHED), *[(planned[1], End.REFUSED)] * 3])
    assert figures(result)["x.refused_share"] == 0.75
    assert figures(result)["x.crashed"] == 1
