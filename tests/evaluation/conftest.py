import pytest

from tests.evaluation.worlds import World, communities


@pytest.fixture(scope="session")
def world() -> World:
    return communities()
