"""Write docs/config.md, docs/schema.md and the settings of docs/serving.md from the config sections themselves.

python -m benchmarks.reference
"""

import enum
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from graphrec.config import RunConfig
from graphrec.serving.config import ServingConfig
from graphrec.tables.config import InputConfig

DOCS = Path(__file__).parent.parent / "docs"
GENERATED = "<!-- Made by `python -m benchmarks.reference` from the config sections; change those. -->"
CONFIG = """# Every setting

A config is one YAML file. An unknown key is an error that names the nearest one; `--set a.b=value` overrides a setting
on the command line; `graphrec run CONFIG --dry-run` prints the resolved file. What input tables may declare stands in
[schema.md](schema.md).

`model.preset` chooses a family of models with settings of its own; a setting that the preset does not read is refused.
To try another one on a config that was written for `pinsage`, replace the sections that it does not read:
`--set 'model={preset: twhin}' --set 'training={}' --set 'neighbourhoods={}'`. The preset `two_tower` reads `training`.
"""
SCHEMA = """# What tables must look like

Tables are parquet, CSV or JSONL files, or globs of them, read lazily. A config declares which of their columns are
ids, times, weights and content. `graphrec validate CONFIG` reports every table and rule without running anything; bad
rows go to a quarantine with file, row, rule and value, and above `quality.max_bad_fraction` the run stops.
[flutter.yaml](../configs/flutter.yaml) is a full example.
"""


def main() -> None:
    """Write both pages."""
    for name, text in pages().items():
        (DOCS / name).write_text(text)


def pages() -> dict[str, str]:
    """Return file name to text."""
    own = {name: field for name, field in RunConfig.model_fields.items() if name not in InputConfig.model_fields}
    config = [CONFIG, GENERATED, "## The whole file", _table(own), *_sections(own, "")]
    schema = [
        SCHEMA,
        GENERATED,
        "## Tables",
        _table(InputConfig.model_fields),
        *_sections(InputConfig.model_fields, ""),
    ]
    made = {"config.md": "\n\n".join(config) + "\n", "schema.md": "\n\n".join(schema) + "\n"}
    return made | {"serving.md": _with_settings((DOCS / "serving.md").read_text())}


def _with_settings(text: str) -> str:
    """Return the page about the service with the table of its settings renewed."""
    start, end = "<!-- settings -->", "<!-- /settings -->"
    before, after = text.partition(start)[0], text.partition(end)[2]
    return f"{before}{start}\n{_table(ServingConfig.model_fields)}\n{end}{after}"


def _sections(fields: dict[str, FieldInfo], prefix: str) -> list[str]:
    """Return a heading, its text and a table per section below these fields, each section once."""
    parts: list[str] = []
    for name, field in fields.items():
        for section in _models(field.annotation):
            path = f"{prefix}{name}"
            doc = " ".join((section.__doc__ or "").split())
            parts += [f"### `{path}`{_preset(section)}", doc, _table(section.model_fields)]
            inner = {n: f for n, f in section.model_fields.items() if section not in _models(f.annotation)}
            if section.__name__ != "Join":
                parts += _sections(inner, f"{path}.")
    return parts


def _preset(section: type[BaseModel]) -> str:
    """Return which presets a section is for, in words."""
    field = section.model_fields.get("preset")
    return "" if field is None else f" with preset {_type(field.annotation).replace(', ', ' or ')}"


def _table(fields: dict[str, FieldInfo]) -> str:
    """Return one section's settings as a markdown table."""
    rows = ["| setting | type | default | |", "|---|---|---|---|"]
    for name, field in fields.items():
        cells = [f"`{name}`", _type(field.annotation, field), _default(field), _text(field.description)]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _text(description: str | None) -> str:
    return " ".join((description or "").replace("``", "`").split())


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "needed" if field.default_factory is None else ""
    if isinstance(field.default, BaseModel):
        return "see below"
    return f"`{'null' if field.default is None else field.default}`"


def _type(annotation: Any, field: FieldInfo | None = None) -> str:
    """Return a type and its bounds in words."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    bounds = [] if field is None else [str(one) for one in field.metadata if not isinstance(one, FieldInfo)]
    if origin is typing.Annotated:
        metadata = [one for meta in arguments[1:] for one in getattr(meta, "metadata", ())]
        return _type(arguments[0]) + _bounds([str(one) for one in metadata])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(one) for one in arguments)) + _bounds(bounds)
    if origin is typing.Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"mapping of {_type(arguments[0])} to {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return ", ".join(f"`{one.value}`" for one in annotation)
    names = {type(None): "null", str: "text", int: "integer", float: "number", bool: "true or false"}
    return names.get(annotation, getattr(annotation, "__name__", str(annotation))) + _bounds(bounds)


def _bounds(metadata: list[str]) -> str:
    """Return `Ge(ge=0)` and its like as ` ≥ 0`."""
    signs = {"Ge(ge=": "≥", "Gt(gt=": ">", "Le(le=": "≤", "Lt(lt=": "<"}
    found = [
        f"{sign} {one[len(start) : -1]}" for one in metadata for start, sign in signs.items() if one.startswith(start)
    ]
    return f" ({', '.join(found)})" if found else ""


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the sections inside a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return list(dict.fromkeys(model for one in typing.get_args(annotation) for model in _models(one)))


if __name__ == "__main__":
    main()
