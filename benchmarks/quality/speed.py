"""How fast: encoding, clustering, searching, serving, each beside its peers; a grid where figures have two names."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.quality.cells import plain, table

MISSED = " ✗"
NOTE = "✗: short of the goal."
VECTORS = ("clustered", "noisy", "items", "flits")
RATES = {
    "build_s": "build, s", "qps@recall95": "queries/s at recall .95", "recall@95": "recall there",
    "qps@recall99": "queries/s at recall .99", "recall@99": "recall there", "qps": "queries/s as shipped",
}  # fmt: skip
WAYS = {"draw_more": "draw more", "exact": "exact", "own_index": "own index"}
ANSWERS = {
    "rps": "requests/s", "p50_ms": "p50, ms", "p99_ms": "p99, ms", "failed": "failed", "echo_rps": "echo/s",
    "echo_p99_ms": "echo p99, ms", "ratio_to_echo_rps": "of the echo's rate (goal .6)",
    "ratio_to_echo_p99": "times its p99 (goal 2)",
}  # fmt: skip
COSTS = {
    "start_to_ready_s": "ready after, s", "worker_rss_mb": "a worker or replica, MB",
    "worker_pss_mb": "a page shared counted once, MB", "all_processes_pss_mb": "all processes so, MB",
}  # fmt: skip


class Sheet:
    """The figures of a result file that no table has shown yet.

    Args:
        result: A result file.
    """

    def __init__(self, result: Mapping[str, Any]) -> None:
        self._left: dict[str, Mapping[str, Any]] = {one["name"]: one for one in result["figures"]}

    def grid(self, first: str, rows: str, columns: Mapping[str, str]) -> str:
        """Return a table of the figures named ``<row>.<column>``, and take them off the sheet.

        Args:
            first: Head of the rows' names.
            rows: Pattern of a row's name; its group, or all of it, is what the table says.
            columns: Ends of the figures' names to their heads; those without any figure are left out.
        """
        names: dict[str, str] = {}
        for figure in sorted(self._left, key=_natural):
            for column in columns:
                found = re.fullmatch(rf"({rows})\.{re.escape(column)}", figure)
                if found is not None:
                    names[found[1]] = found[min(2, found.re.groups)].replace("_", " ")
        there = {end: head for end, head in columns.items() if any(f"{one}.{end}" in self._left for one in names)}
        lines = [[first, *there.values()]]
        lines += [[label, *(self._cell(f"{row}.{end}") for end in there)] for row, label in names.items()]
        return table(lines)

    def rest(self) -> str:
        """Return what is left, a line each."""
        left = sorted(self._left, key=_natural)
        lines = [[name, f"{self._cell(name, 'unit')}"] for name in left]
        return table([["figure", "value"], *lines])

    def _cell(self, name: str, *shown: str) -> str:
        """Return one figure, with its unit if asked, marked where it is short of its goal."""
        if name not in self._left:
            return ""
        one = self._left.pop(name)
        value, goal = one["value"], one["goal"]
        short = goal is not None and (value < goal if one["better"] == "higher" else value > goal)
        unit = one["unit"] if shown else ""
        told = "" if goal is None or not shown else f" (goal {goal:g})"
        return f"{plain(value)} {unit}".strip() + told + (MISSED if short else "")


def encode_section(name: str, result: Mapping[str, Any]) -> str:
    """Return every figure of the text encoder."""
    return _section("Encoding texts", [Sheet(result).rest()])


def devices_section(name: str, result: Mapping[str, Any]) -> str:
    """Return a line per preset: an epoch and the embedding of the graph, on the processor and on a GPU."""
    sheet, told = Sheet(result), {"epoch_s": "an epoch", "embedding_s": "embedding the graph"}
    where = {"cpu": "processor", "cuda": result["machine"]["gpu"] or "GPU"}
    columns = {
        f"{device}.{end}": f"{what}, {label}, s" for end, what in told.items() for device, label in where.items()
    }
    seconds = sheet.grid("preset", r"(\w+)", columns)
    rates = sheet.grid("texts a second", r"(texts)", {f"{device}.per_s": label for device, label in where.items()})
    alone = [] if result["machine"]["gpu"] else ["No GPU was at hand when this was measured."]
    return "\n\n".join([_section("The processor beside a GPU", [seconds, rates]), *alone])


def interests_section(name: str, result: Mapping[str, Any]) -> str:
    """Return users a second by length of history, ours and the peers'."""
    sheet = Sheet(result)
    sizes = {f"n{size}": f"{size} actions" for size in (20, 100, 500)}
    head = "users/s (graphrec: medoids and importance included)"
    rates = sheet.grid(head, r"(\w+)\.users_per_s", sizes)
    equal = sheet.grid("share of users with the same clusters", r"(\w+)\.same_partition", sizes)
    title = "Actions to interests: users a second, beside what peers take for clusters alone"
    return _section(title, [rates, equal, sheet.rest()])


def ann_section(name: str, result: Mapping[str, Any]) -> str:
    """Return a table per kind of vectors, then whole answers, then searches under a filter."""
    sheet, parts = Sheet(result), list[str]()
    parts += [sheet.grid(f"{kind} vectors", rf"{kind}\.(\w+)", RATES) for kind in VECTORS]
    parts.append(sheet.grid("whole answers", r"(retrieval(?:_\w+)?)", {"p50_ms": "p50, ms", "p99_ms": "p99, ms"}))
    for unit in ("ms", "recall"):
        columns = {f"{way}.{unit}": f"{label}, {unit}" for way, label in WAYS.items()}
        parts.append(sheet.grid("under a filter, share kept", r"filtered\.(\w+\.[\d.]+)", columns))
    return _section("Nearest neighbours, one query at a time on one thread", [*parts, sheet.rest()])


def serving_section(name: str, result: Mapping[str, Any]) -> str:
    """Return a line per way of running, kind of answer and number of connections."""
    sheet = Sheet(result)
    rows = r"([\w.]+\.(?:computed|remembered|listed|events)\.c\d+)"
    costs = sheet.grid("way", r"(uvicorn|uvicorn\.two_workers|ray\.\w+)", COSTS)
    parts = [sheet.grid("way, answers, connections", rows, ANSWERS), costs, sheet.rest()]
    return _section("The service beside an echo of the same answer size, run the same way", parts)


def _section(title: str, tables: Sequence[str]) -> str:
    shown = [one for one in tables if one.count("\n") > 1]
    note = [NOTE] if any(MISSED in one for one in shown) else []
    return "\n\n".join([f"## {title}", *shown, *note])


def _natural(name: str) -> list[tuple[int, str]]:
    """Return what names are sorted by: numbers in them by their value."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
