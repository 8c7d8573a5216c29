"""A proposal as YAML that a person can read: every guess with its reason beside it."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from graphrec.tables.propose.guess import Guess

WIDTH = 116
HEAD = (
    "Proposed by `graphrec init`: guesses, each with its reason. Look at the lines marked UNSURE, then",
    "`graphrec validate` this file, `graphrec run` it, and compare with the baselines in `graphrec evaluate`.",
)


def written(data: str, nodes: Mapping[str, Guess], edges: Sequence[Guess], sections: Mapping[str, Guess]) -> str:
    """Return the config as text.

    Args:
        data: Root of the tables, as the config names it.
        nodes: Node types.
        edges: Relations.
        sections: The other sections by name.
    """
    lines = [f"# {line}" for line in HEAD]
    lines += [f"data: {flow(data)}", "store: ./store", "", "nodes:"]
    for name, guess in nodes.items():
        lines += [f"  {flow(name)}:", *_fields(guess, 4)]
    lines += ["", "edges:"]
    for guess in edges:
        lines += _item(_fields(guess, 4, head=True))
    for name, guess in sections.items():
        lines += ["", f"{name}:", *_fields(guess, 2)]
    return "\n".join(lines) + "\n"


def flow(value: Any) -> str:
    """Return a value on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _item(lines: list[str]) -> list[str]:
    """Return the lines of a list item: the comments that come first, then the fields behind a dash."""
    head = []
    while lines and lines[0].lstrip().startswith("#"):
        head.append(lines.pop(0)[2:])
    return [*head, "  - " + lines[0].lstrip(), *lines[1:]]


def _fields(guess: Guess, indent: int, *, head: bool = False) -> list[str]:
    """Return comments and fields, each reason above its field."""
    lines = _comment("UNSURE: " + "; ".join(guess.unsure), indent) if guess.unsure else []
    lines += _comment(guess.why.get("", ""), indent)
    if head:  # a list item: reasons stand together above the dash
        lines += [line for name, why in guess.why.items() if name for line in _comment(f"{name}: {why}", indent)]
    for name, value in guess.values.items():
        if not head:
            lines += _comment(guess.why.get(name, ""), indent)
        lines += _field(name, value, indent)
    return lines


def _field(name: str, value: Any, indent: int) -> list[str]:
    """Return a field on one line; a list of mappings an item a line."""
    pad = " " * indent
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [f"{pad}{name}:", *(f"{pad}  - {flow(one)}" for one in value)]
    return [f"{pad}{name}: {flow(value)}"]


def _comment(text: str, indent: int) -> list[str]:
    if not text:
        return []
    pad = " " * indent
    return [f"{pad}# {line}" for line in textwrap.wrap(text, WIDTH - indent, break_long_words=False)]
