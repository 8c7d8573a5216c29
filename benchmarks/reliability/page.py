"""Write the figures in docs/reliability.md from the result file: between its markers nothing is typed by hand.

python -m benchmarks.reliability.page
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS
from benchmarks.quality.cells import table

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
RESULT = RESULTS / "reliability.json"
BLOCK = re.compile(r"<!-- figures:(\w+) -->\n.*?<!-- /figures:\1 -->", re.DOTALL)
MISSED = " ✗"
Figure = Mapping[str, Any]


def main() -> None:
    """Rewrite the marked parts of the page."""
    PAGE.write_text(rendered(PAGE.read_text(), json.loads(RESULT.read_text())))


def rendered(text: str, result: Mapping[str, Any]) -> str:
    """Return the page's text with every marked part made anew from the result file."""

    def block(found: "re.Match[str]") -> str:
        part = found[1]
        return f"<!-- figures:{part} -->\n{section(part, result)}\n<!-- /figures:{part} -->"

    return BLOCK.sub(block, text)


def section(part: str, result: Mapping[str, Any]) -> str:
    """Return the table of one part: a row per figure, a column per way where a part goes several ways."""
    figures = {one["name"].split(".", 1)[1]: one for one in result["figures"] if one["name"].split(".")[0] == part}
    if not figures:
        return "Not measured yet."
    ways = list(dict.fromkeys(name.split(".")[0] for name in figures if "." in name))
    plain = {name: one for name, one in figures.items() if "." not in name}
    tables = [table([["", "", "goal"], *([_words(name, one), _value(one), _goal(one)] for name, one in plain.items())])]
    if ways:
        rows = dict.fromkeys(name.split(".", 1)[1] for name in figures if "." in name)
        lines = [["", *ways, "goal"]]
        for row in rows:
            cells = [figures.get(f"{way}.{row}") for way in ways]
            any_one = next(one for one in cells if one is not None)
            shown = ["" if one is None else _value(one) for one in cells]
            lines.append([_words(row, any_one), *shown, _goal(any_one)])
        tables.append(table(lines))
    machine = result.get("machines", {}).get(part, result["machine"])
    foot = f"`python -m benchmarks.reliability --only {part}`, {machine['cores']} cores ({machine['cpu']})."
    return "\n\n".join([*tables, foot])


def _words(name: str, one: Figure) -> str:
    """Return a figure's name in words; its unit stands with the value."""
    return name.removesuffix(f"_{one['unit'].lower()}").replace("_", " ")


def _value(one: Figure) -> str:
    """Return a figure with its unit, marked where it missed its goal."""
    value, goal = one["value"], one["goal"]
    shown = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.3g}"
    missed = goal is not None and (value > goal if one["better"] == "lower" else value < goal)
    return f"{shown} {one['unit']}".strip() + (MISSED if missed else "")


def _goal(one: Figure) -> str:
    if one["goal"] is None:
        return ""
    return f"{'≤' if one['better'] == 'lower' else '≥'} {one['goal']:g}" if one["goal"] else "0"


if __name__ == "__main__":
    main()
