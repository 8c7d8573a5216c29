import re
from importlib import metadata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from graphrec.errors import ConfigError
from graphrec.section import Section
from graphrec.store import fingerprint
from graphrec.store.fingerprint import library_versions

VALUES = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.booleans() | st.none())


class Walks(Section):
    size: int = 50
    weights: dict[str, float] = Field(default={"b": 1.0, "a": 2.0})


def of(config: Any, **changes: Any) -> str:
    return fingerprint(**{"stage": "walks", "stage_version": 1, "config": config, "inputs": {"graph": "aa"}, **changes})


@given(VALUES)
def test_order_of_keys_does_not_matter(config: dict[str, Any]) -> None:
    assert of(config) == of(dict(reversed(config.items())))


@given(VALUES, VALUES)
def test_different_configs_have_different_fingerprints(one: dict[str, Any], other: dict[str, Any]) -> None:
    # repr tells True from 1, as JSON does and == does not
    assert (of(one) == of(other)) == (sorted(map(repr, one.items())) == sorted(map(repr, other.items())))


def test_every_part_counts() -> None:
    base = of(Walks())
    assert re.fullmatch("[0-9a-f]{64}", base)
    assert base == of({"size": 50, "weights": {"a": 2.0, "b": 1.0}}) == of(Walks(weights={"a": 2.0, "b": 1.0}))
    assert of({"inner": Walks()}) == of({"inner": Walks().model_dump()})
    changed = [of(Walks(size=51)), of(Walks(), stage="other"), of(Walks(), stage_version=2)]
    changed += [of(Walks(), inputs={"graph": "ab"}), of(Walks(), libraries=["numpy"])]
    assert len({base, *changed}) == 6


def test_library_versions_are_those_installed() -> None:
    assert library_versions(["pydantic", "numpy"]) == {
        "numpy": metadata.version("numpy"),
        "pydantic": metadata.version("pydantic"),
    }
    with pytest.raises(ConfigError, match=r"installed distributions \(got 'no-such-library'\)"):
        of({}, libraries=["no-such-library"])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="finite JSON values"):
        of({"value": value})
