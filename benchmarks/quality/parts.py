"""What each part of a method is worth: TwHIN's relations, PinSage's ladder."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.quality.cells import MARKS, Figures, apart, figures, interval, table, with_interval

TWHIN_METHODS = {
    "popular": "popular",
    "als": "iALS, the asked relation",
    "alone": "TwHIN, the asked relation alone",
    "tags_alone": "TwHIN, tags alone",
    "joint": "TwHIN, all relations together",
    "joint_mixture": "the same space, a mixture (kNN-Embed)",
}

LADDER_METRICS = {"hit_rate@50": "hit-rate@50", "mrr": "MRR"}
LADDER_NOTE = (
    "What the paper found better, over what (`importance, softmax` is ours). ▲ where a step holds, ▼ where it is "
    "turned round, no mark where Student's 95 % interval over seeds holds 0."
)


def relations_section(name: str, result: Mapping[str, Any]) -> str:
    """Return a table per question of the TwHIN benchmark."""
    known, parts = figures(result), []
    for told in result["tables"]:
        question = told["title"]
        if ":" in question:  # what was tried
            continue
        cells = {(row["method"], row["metric"], row["k"]): row for row in told["rows"]}
        asked = question.replace("advertisers", "advertisers of network ")
        lines = [[asked, "Recall@10", "Recall@50", "NDCG@50", "seconds"]]
        for method in dict.fromkeys(row["method"] for row in told["rows"]):
            rows = [cells[(method, *one)] for one in (("recall", 10), ("recall", 50), ("ndcg", 50))]
            marked = [f"{interval(row)}{MARKS.get(row.get('verdict', ''), '')}" for row in rows]
            lines.append([TWHIN_METHODS[method], *marked, f"{rows[0]['seconds']:.0f}"])
        facts = (
            f"{known[f'{question}.users']:,.0f} users, {known[f'{question}.events']:,.0f} held-out edges, "
            f"{known[f'{question}.cold_share']:.0%} of them to nodes without a training edge of the relation; "
            f"{known[f'{question}.edges_per_s']:,.0f} edges a second."
        )
        parts.append(f"{table(lines)}\n\n{facts}")
    note = (
        "▲ and ▼: the paired 95 % interval of the difference to `all relations together` lies above or below 0. "
        "Seconds are those of choosing settings on validation edges and of the fit."
    )
    return "\n\n".join(["## Several relations in one space: TwHIN", *parts, note])


def sources_section(name: str, result: Mapping[str, Any]) -> str:
    """Return a table per network: recall as shipped, and what each source adds."""
    known, tables = figures(result), []
    for part in sorted({one.split(".")[0] for one in known}):
        methods = list(dict.fromkeys(one.split(".")[1] for one in known if one.startswith(part) and ".gain." in one))
        there = {slice_: f"{part}.users.{slice_}" for slice_ in ("all", "few")}
        counts = [f"{known[users]:,.0f} users" for users in there.values()]
        lines = [[part, f"everybody, {counts[0]}", f"few actions, {counts[1]}"]]
        lines.append(
            ["Recall@50 as shipped", *(with_interval(known, f"{part}.shipped.recall@50.{one}") for one in there)]
        )
        for method in methods:
            keys = [f"{part}.{method}.gain.{one}" for one in there]
            lines.append([f"{method} adds", *(f"{with_interval(known, key)}{apart(known, key)}" for key in keys)])
        tables.append(table(lines))
    return "\n\n".join(["## More sources of candidates: what each adds", *tables])


def ladder_section(name: str, result: Mapping[str, Any]) -> str:
    """Return the rungs, the best by the first part's hit-rate first, then the paper's steps where there are several."""
    known = figures(result)
    parts = sorted({one.split(".")[0] for one in known if not one.startswith(("networks.", "films."))})
    rungs = {one.split(".")[1] for one in known if one.startswith(f"{parts[0]}.") and one.endswith(".mrr")}
    lines = [["", *(f"{kind}, {part}" for part in parts for kind in LADDER_METRICS.values())]]
    for rung in sorted(rungs, key=lambda one: (-known[f"{parts[0]}.{one}.hit_rate@50"], one)):
        keys = [f"{part}.{rung}.{metric}" for part in parts for metric in LADDER_METRICS]
        lines.append([rung, *(f"{known[key]:.4f}" for key in keys)])
    kinds = [kind for kind in ("networks", "films") if any(one.startswith(f"{kind}.") for one in known)]
    told = [LADDER_NOTE, *(ladder_steps(known, kind, parts) for kind in kinds)] if kinds else []
    return "\n\n".join(["## PinSage's ladder", table(lines), *told])


def ladder_steps(known: Figures, kind: str, parts: Sequence[str]) -> str:
    """Return the mean differences of the paper's steps over the parts of one kind."""
    number = sum(one.startswith(kind.removesuffix("s")) for one in parts)
    steps = sorted({one.split(".")[1] for one in known if one.startswith(f"{kind}.") and " over " in one})
    lines = [[f"mean over {number} {kind}", *LADDER_METRICS.values()]]
    for step in steps:
        keys = [f"{kind}.{step}.{metric}" for metric in LADDER_METRICS]
        lines.append([step, *(f"{with_interval(known, key)}{apart(known, key)}" for key in keys)])
    return table(lines)
