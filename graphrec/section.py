"""The base of every config section: frozen, closed to unknown keys, errors that say what to do."""

import difflib
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from graphrec.errors import ConfigError


class Section(BaseModel):
    """One part of a config: immutable values, each field documented under its name.

    A section is hashable, pickles to workers and never drifts after it was parsed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Build the section from plain values.

        Args:
            values: Field names to plain values, as YAML gives them.

        Raises:
            ConfigError: If a key is unknown (with the nearest name) or a value breaks a rule.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError("; ".join(_sentence(cls, dict(one)) for one in error.errors()[:5])) from None


def _sentence(root: type[BaseModel], error: dict[str, Any]) -> str:
    """Return one validation error as ``<Thing>.<field> must <rule> (got <value>)``."""
    path = [str(part) for part in error["loc"]]
    name = ".".join([root.__name__, *path])
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], _sibling_fields(root, path), n=1, cutoff=0.5)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        return f"{name} is not a known setting{hint}"
    if error["type"] == "missing":
        return f"{name} must be given; add it to the config"
    rule = str(error["msg"]).removeprefix("Value error, ")
    rule = rule.replace("Input should be", "be", 1) if rule.startswith("Input should be") else rule
    if rule.startswith("be "):
        return f"{name} must {rule} (got {error['input']!r})"
    return f"{name}: {rule}" if path else rule


def _sibling_fields(root: type[BaseModel], path: list[str]) -> list[str]:
    """Return the field names of the section that holds the last part of ``path``."""
    current: type[BaseModel] = root
    for part in path[:-1]:
        field = current.model_fields.get(part)
        found = _section_in(field.annotation) if field is not None else None
        if found is not None:
            current = found
    return list(current.model_fields)


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """Return the first section named in a type annotation such as ``dict[str, NodeConfig]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _section_in(part)
        if found is not None:
            return found
    return None
