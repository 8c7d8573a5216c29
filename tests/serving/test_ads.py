"""Ads through the service: told apart, and not shown again to whom they were shown often enough."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphrec.store import Store
from tests.retrieval.test_ads import with_ads
from tests.retrieval.test_kinds import with_kinds
from tests.serving.world import Running, publish, serving


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("ads")
    publish(Store(folder / "store"), 0, with_ads())
    with serving(folder / "store", folder) as running:
        yield running


def ads(seller: Running, **body: Any) -> dict[str, str]:
    found = seller.post("/v1/recommend", user="u0", k=10, **body).json()["candidates"]
    return {one["id"]: one["ad"] for one in found if "ad" in one}


def shown(seller: Running, flit: str, kind: str, event_id: str) -> None:
    event = {"event_id": event_id, "user": "u0", "flit": flit, "kind": kind}
    assert seller.post("/v1/events", events=[event]).json()["stored"] == 1


def test_ads_are_told_apart_and_can_be_left_out(seller: Running) -> None:
    assert set(ads(seller).values()) <= {f"s{shop}" for shop in range(4)}
    assert ads(seller)
    assert not ads(seller, wishes={"ads": False})
    assert not ads(seller, wishes={"now_s": 0})


def test_impressions_count_against_the_cap_and_hide_nothing(seller: Running) -> None:
    sold = next(iter(ads(seller)))
    shown(seller, sold, "impression", "first")
    shown(seller, sold, "seen by nobody who counts", "other")
    assert sold in ads(seller)
    shown(seller, sold, "impression", "second")  # the rule of the version allows two
    assert sold not in ads(seller)


def test_who_was_shown_something_may_ask_for_another_kind(tmp_path: Path) -> None:
    publish(Store(tmp_path / "store"), 0, replace(with_kinds(), campaigns=with_ads().campaigns))
    with serving(tmp_path / "store", tmp_path) as seller:
        shown(seller, "f7", "impression", "before")
        assert seller.candidates("u0", 3, kind="user")
