"""The base of every config section: frozen, closed to unknown keys, errors that say what to do."""

import difflib
from collections.abc import Mapping
from typing import Any, Self, get_args

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
    path, sections = _walk(root, [str(part) for part in error["loc"]])
    name = ".".join([root.__name__, *path])
    if error["type"] == "extra_forbidden":
        if any(path[-1] in one.model_fields for one in sections[1:]):
            return f"{name} must not be set with preset {error['loc'][-2]}, which does not read it; take it out"
        near = difflib.get_close_matches(path[-1], list(sections[0].model_fields), n=1, cutoff=0.5)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        return f"{name} is not a known setting{hint}"
    if error["type"] == "missing":
        return f"{name} must be given; add it to the config"
    rule = str(error["msg"]).removeprefix("Value error, ")
    rule = rule.replace("Input should be", "be", 1) if rule.startswith("Input should be") else rule
    if rule.startswith("be "):
        return f"{name} must {rule} (got {error['input']!r})"
    return f"{name}: {rule}" if path else rule


def _walk(root: type[BaseModel], loc: list[str]) -> tuple[list[str], list[type[BaseModel]]]:
    """Return a path without the presets that pydantic puts into it, and the section that holds its last part.

    Where that section is one of several presets, the others follow it.
    """
    path: list[str] = []
    sections: list[type[BaseModel]] = [root]
    for number, part in enumerate(loc):
        chosen = [one for one in sections if part in _presets(one)] if len(sections) > 1 else []
        if chosen:
            sections = [*chosen, *(one for one in sections if one not in chosen)]
            continue
        path.append(part)
        field = sections[0].model_fields.get(part)
        if field is not None and number < len(loc) - 1:
            sections = _sections_in(field.annotation) or sections
    return path, sections


def _presets(section: type[BaseModel]) -> tuple[str, ...]:
    """Return the presets that a section is for."""
    field = section.model_fields.get("preset")
    return () if field is None else get_args(field.annotation)


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the sections named in a type annotation such as ``dict[str, NodeConfig]``, each once."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return list(dict.fromkeys(one for part in get_args(annotation) for one in _sections_in(part)))
