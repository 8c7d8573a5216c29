"""PinSage's ladder: what each part of the model adds, on networks and on films."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.ladder import KINDS
from benchmarks.quality.cells import Figures, apart, figures, table, with_interval

METRICS = {"hit_rate@50": "hit-rate@50", "mrr": "MRR"}
SAME = 1e-9
"""Narrower intervals are those of equal values."""
NOTE = (
    "Means over seeds, with Student's 95 % intervals over them. Steps: what the paper found better, over what "
    "(`importance, softmax` is ours). ▲ where a step holds, ▼ where it is turned round, no mark where its interval, "
    "paired by seed, holds 0 or there is none: on films a seed is that of training alone. Seconds are those of a "
    "training: the median over the seeds, and the longest. Networks that differ in one thing tell on which graphs a "
    "step holds: on pictured ones every flit has an image instead of six in ten, dense ones have half the flits and "
    "twice the sessions, wide ones three times the flits. The last table has all steps side by side."
)


def ladder_section(name: str, result: Mapping[str, Any]) -> str:
    """Return, for each kind of part, the rungs, the best first, and the paper's steps where there are several seeds."""
    known, tables = figures(result), []
    for kind, begins in KINDS.items():
        first = {one.split(".")[0] for one in known}
        parts = sorted(one for one in first if one.startswith(begins) and one not in KINDS)
        if parts:
            tables += [rungs(known, kind, parts), facts(known, parts)]
        if any(one.startswith(f"{kind}.") for one in known):
            tables.append(steps(known, kind))
    return "\n\n".join(["## PinSage's ladder", NOTE, *tables, *everywhere(known)])


def rungs(known: Figures, kind: str, parts: Sequence[str]) -> str:
    """Return a line per rung: its metrics, as means over the parts, and how long its training took."""
    there = {one.split(".")[1] for one in known if one.startswith(f"{parts[0]}.") and one.endswith(".mrr")}
    mean = {
        rung: {metric: sum(known[f"{part}.{rung}.{metric}"] for part in parts) / len(parts) for metric in METRICS}
        for rung in there
    }
    lines = [[f"{kind}, {len(parts)} seeds" if len(parts) > 1 else parts[0], *METRICS.values(), "seconds (goal 30)"]]
    for rung in sorted(there, key=lambda one: (-mean[one]["hit_rate@50"], one)):
        cells = [over_seeds(known, f"{kind}.{rung}.{metric}") or f"{mean[rung][metric]:.4f}" for metric in METRICS]
        took = [known[key] for part in parts if (key := f"{part}.{rung}.seconds") in known]
        lines.append([rung, *cells, f"{median(took):.0f}, {max(took):.0f}" if took else ""])
    return table(lines)


def facts(known: Figures, parts: Sequence[str]) -> str:
    """Return how much was asked with each seed, where the parts tell; on films it is the same with each."""
    told = [part for part in parts if f"{part}.users" in known]
    users, pairs = (sum(known[f"{part}.{name}"] for part in told) / max(len(told), 1) for name in ("users", "pairs"))
    cold = [known[key] for part in told if (key := f"{part}.cold_share") in known]
    share = f"; {sum(cold) / len(cold):.1%} of the answers were never acted on before" if cold else ""
    return f"{users:,.0f} users, {pairs:,.0f} pairs of a query and its answer a seed{share}."


def steps(known: Figures, kind: str) -> str:
    """Return the mean differences of the paper's steps over the parts of one kind."""
    lines = [[f"steps, {kind}", *METRICS.values()]]
    for step in sorted({one.split(".")[1] for one in known if one.startswith(f"{kind}.") and " over " in one}):
        keys = [f"{kind}.{step}.{metric}" for metric in METRICS]
        lines.append([step, *(over_seeds(known, key) or f"{known[key]:.4f}" for key in keys)])
    return table(lines)


def everywhere(known: Figures) -> list[str]:
    """Return which steps hold on which graphs by hit-rate, as a table, where there are several."""
    kinds = [kind for kind in KINDS if any(one.startswith(f"{kind}.") and " over " in one for one in known)]
    if len(kinds) < 2:
        return []
    lines = [["step, hit-rate@50", *kinds]]
    for step in sorted({one.split(".")[1] for one in known if one.startswith(f"{kinds[0]}.") and " over " in one}):
        keys = [f"{kind}.{step}.hit_rate@50" for kind in kinds]
        lines.append([step, *(_marked(known, key) for key in keys)])
    return [table(lines)]


def _marked(known: Figures, key: str) -> str:
    """Return a mean difference with its mark; none where all seeds say the same."""
    if key not in known:
        return ""
    return f"{known[key]:+.4f}{apart(known, key) if over_seeds(known, key) else ''}"


def over_seeds(known: Figures, key: str) -> str:
    """Return a mean with its interval, and a mark where that is of a step; nothing where all seeds say the same.

    Films differ by the seed of training alone: what is not trained has no spread there.
    """
    if known.get(f"{key}.high", 0.0) - known.get(f"{key}.low", 0.0) < SAME:
        return ""
    return with_interval(known, key) + (apart(known, key) if " over " in key else "")
