import pickle
from typing import Literal

import pytest
from pydantic import Field, model_validator

from graphrec.errors import ConfigError
from graphrec.section import Section


class Inner(Section):
    """Walks."""

    restart_prob: float = Field(default=0.5, gt=0, lt=1)
    """Chance."""
    kind: Literal["top", "sampled"] = "top"
    """Kind."""


class Outer(Section):
    """Everything."""

    walks: Inner = Inner()
    """One section."""
    nodes: dict[str, Inner] = Field(default={})
    """Sections by name."""
    edges: tuple[Inner, ...] = ()
    """Several sections."""
    size: int = 3
    """A number."""

    @model_validator(mode="after")
    def _even(self) -> "Outer":
        if self.size == 13:
            raise ValueError("Outer.size must bring luck (got 13)")
        return self


class Needy(Section):
    """Nothing by default."""

    name: str
    """Must be given."""


def test_a_section_is_frozen_hashable_and_pickles() -> None:
    section = Outer.parse({"walks": {"restart_prob": 0.3}})
    with pytest.raises(Exception, match="frozen"):
        section.size = 4  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(section)) == section
    assert hash(Inner()) == hash(Inner())


def test_fields_are_described_by_their_docstrings() -> None:
    assert Inner.model_fields["restart_prob"].description == "Chance."


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sise": 4}, "Outer.sise is not a known setting; did you mean 'size'?"),
        ({"zzz": 4}, "Outer.zzz is not a known setting"),
        ({"walks": {"restart": 0.1}}, "Outer.walks.restart is not a known setting; did you mean 'restart_prob'?"),
        ({"nodes": {"user": {"knd": "top"}}}, "Outer.nodes.user.knd is not a known setting; did you mean 'kind'?"),
        ({"edges": [{"kindd": 1}]}, "Outer.edges.0.kindd is not a known setting; did you mean 'kind'?"),
        ({"walks": {"restart_prob": 1.0}}, "Outer.walks.restart_prob must be less than 1 (got 1.0)"),
        ({"walks": {"kind": "best"}}, "Outer.walks.kind must be 'top' or 'sampled' (got 'best')"),
        ({"size": "many"}, "Outer.size must be a valid integer, unable to parse string as an integer (got 'many')"),
        ({"size": 13}, "Outer.size must bring luck (got 13)"),
    ],
)
def test_a_wrong_setting_says_what_and_what_instead(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        Outer.parse(values)
    assert str(error.value) == message


def test_a_missing_setting_is_asked_for() -> None:
    with pytest.raises(ConfigError, match=r"^Needy\.name must be given; add it to the config$"):
        Needy.parse({})


def test_several_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError, match=r"Outer.size must .*; Outer.walkz is not a known setting"):
        Outer.parse({"size": 1.5, "walkz": {}})


def test_values_that_are_no_mapping_raise() -> None:
    with pytest.raises(ConfigError, match="Outer"):
        Outer.parse(["size"])  # type: ignore[arg-type]
