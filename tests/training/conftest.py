"""A small world, and what is known of it a week before its end."""

import pytest

from graphrec.graph.split import split_at
from graphrec.training.snapshots import Snapshot, build_snapshot
from tests.graph.conftest import DAY
from tests.training.world import DAYS, MODEL, NEIGHBOURS, World, communities


@pytest.fixture(scope="module")
def world() -> World:
    return communities(num_users=30, num_flits=40, actions=10)


@pytest.fixture(scope="module")
def past(world: World) -> Snapshot:
    split = split_at(world.tables, (DAYS - 7) * DAY, DAYS * DAY)
    return build_snapshot(world.tables, split, NEIGHBOURS, MODEL)
