"""How well flits with few or no actions are found: a table per part, and what PinSage adds to content alone."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.quality.cells import Figures, figures, table, with_interval

GROUPS = {"items_0": "no actions", "items_1_2": "1 to 2", "items_3_10": "3 to 10"}
PINSAGES = {"pinsage": "", "pinsage_past": ", learnt from the past"}
"""PinSages beside content alone, and what their rows say of them."""


def cold_section(name: str, result: Mapping[str, Any]) -> str:
    """Return a table per part, methods by how many training actions a flit has, and one of margins."""
    known = figures(result)
    parts = sorted({one.split(".")[0] for one in known})
    tables = [_methods(known, part) for part in parts]
    facts = (
        "On the networks (seed) a row of PinSage is the mean of three trainings, on films (draw) it is one training. "
        "As shipped, networks learn by windows and films from the past; `pinsage_past` does so on networks. "
        "Of flits with no actions popularity and iALS know nothing: equal scores are shuffled, their rows are chance."
    )
    title = "## Flits with few or no actions: Recall@50 among them"
    return "\n\n".join([title, *tables, facts, margins(known, parts)])


def _methods(known: Figures, part: str) -> str:
    methods = dict.fromkeys(one.split(".")[1] for one in known if one.startswith(part) and ".recall@50." in one)
    there = [group for group in GROUPS if f"{part}.users.{group}" in known]
    lines = [[part, *(f"{GROUPS[group]} ({known[f'{part}.flits.{group}']:,.0f} flits)" for group in there)]]
    for method in methods:
        lines.append([method, *(with_interval(known, f"{part}.{method}.recall@50.{group}") for group in there)])
    for method in (one for one in methods if f"{part}.{one}.lift.{there[0]}" in known):
        label = f"tuning the encoder adds to {method.removesuffix('_tuned')}"
        lines.append([label, *(with_interval(known, f"{part}.{method}.lift.{group}") for group in there)])
    counts = [f"{known[f'{part}.users.{one}']:,.0f} / {known[f'{part}.events.{one}']:,.0f}" for one in there]
    return table([*lines, ["users / events", *counts]])


def margins(known: Figures, parts: Sequence[str]) -> str:
    """Return what PinSage adds to content alone in each part, and in all networks together (other users in each)."""
    lines = [["content PinSage over content kNN", *GROUPS.values()]]
    for method, way in PINSAGES.items():
        there = [part for part in parts if any(f"{part}.{method}.margin.{group}.low" in known for group in GROUPS)]
        found = {part: [_margin(known, part, method, group) for group in GROUPS] for part in there}
        lines += [[f"{part}{way}", *(_cell(each) for each in row)] for part, row in found.items()]
        networks = [row for part, row in found.items() if part.startswith("seed")]
        if len(networks) > 1:
            cells = (_cell(*column) for column in zip(*networks, strict=True))
            lines.append([f"the networks together{way}", *cells])
    return f"{table(lines)}\n\nIn brackets the lower end of the paired 95 % interval over users; ▲ where it is above 0."


def _margin(known: Figures, part: str, method: str, group: str) -> tuple[float, float] | None:
    """Return a difference and how far below it its interval ends."""
    if f"{part}.{method}.margin.{group}.low" not in known:
        return None
    ours, content = (known[f"{part}.{one}.recall@50.{group}"] for one in (method, "content_knn"))
    return ours - content, ours - content - known[f"{part}.{method}.margin.{group}.low"]


def _cell(*found: tuple[float, float] | None) -> str:
    """Return the mean of differences and its lower end, as their errors are independent."""
    there = [one for one in found if one is not None]
    if not there:
        return ""
    mean = math.fsum(difference for difference, _ in there) / len(there)
    low = mean - math.hypot(*(below for _, below in there)) / len(there)
    return f"{mean:+.4f} [{low:+.4f}]{' ▲' if low > 0 else ''}"
