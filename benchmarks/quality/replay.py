"""The replay's section of docs/quality.md: tables of the methods, and the paper's order step by step."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.quality.cells import Figures, apart, figures, table, with_interval

KINDS = ("recall", "relevance")
LOGS = {
    "deskdrop": "days of Deskdrop from 25 July 2016",
    "lastfm_tags": "months of Last.fm's tags from August 2010",
}
"""Public logs, a table each, and what is told of their mornings; networks stand side by side."""
FACTS = ("users", "mornings", "budget", "flits", "not_there_share")
MARKS = """▲ and ▼: the paired 95 % interval of the difference to `ward, medoid, decay .01` lies above or below 0.

The paper's order step by step, the best first, as paired differences: ▲ where a step holds, ▼ where it is turned
round, no mark where the interval holds 0."""


def replay_section(name: str, result: Mapping[str, Any]) -> str:
    """Return a table of the methods for the networks and for every log, then the paper's order on all of them."""
    known = figures(result)
    parts = sorted({one.split(".")[0] for one in known}, key=lambda part: (part in LOGS, part))
    networks = [one for one in parts if one not in LOGS]
    groups = [one for one in (networks, *([part] for part in parts if part in LOGS)) if one]
    tables = [f"{methods_table(known, one)}\n\n{' '.join(_facts(known, part) for part in one)}" for one in groups]
    steps = {one["title"]: one["rows"] for one in result["tables"]}
    title = "## Replay: what stands for a user, day by day"
    return "\n\n".join([title, *tables, MARKS, steps_table({part: steps[part] for part in parts})])


def methods_table(known: Figures, parts: Sequence[str]) -> str:
    """Return recall and relevance of every method, the best by the first part's recall first."""
    first = f"{parts[0]}."
    methods = [
        one.removeprefix(first).removesuffix(".recall")
        for one in known
        if one.startswith(first) and one.endswith(".recall")
    ]
    lines = [["", *(f"{kind}, {part}" for part in parts for kind in KINDS)]]
    for method in sorted(methods, key=lambda one: -known[f"{first}{one}.recall"]):
        keys = [f"{part}.{method}.{kind}" for part in parts for kind in KINDS]
        lines.append([method, *(f"{with_interval(known, key)}{apart(known, f'{key}.difference')}" for key in keys)])
    return table(lines)


def _facts(known: Figures, part: str) -> str:
    """Return what the figures of one part rest on."""
    users, mornings, budget, flits, not_there = (known[f"{part}.{name}"] for name in FACTS)
    return (
        f"{users:,.0f} users of {part}; {mornings:.0f} {LOGS.get(part, 'days')}, {budget:.0f} of {flits:,.0f} flits a "
        f"user and morning; {not_there:.0%} of the new pairs are left out: their flit was not there in the morning."
    )


def steps_table(steps: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the differences along the paper's order.

    Args:
        steps: Part to one row per step and kind: ``step``, ``kind``, ``value``, ``low``, ``high``.
    """
    cells: dict[str, list[str]] = {}
    for rows in steps.values():
        for row in rows:
            mark = " ▲" if row["low"] > 0 else " ▼" if row["high"] < 0 else ""
            cells.setdefault(row["step"], []).append(f"{row['value']:+.4f}{mark}")
    head = ["", *(f"{kind}, {part}" for part in steps for kind in KINDS)]
    return table([head, *([step, *found] for step, found in cells.items())])
