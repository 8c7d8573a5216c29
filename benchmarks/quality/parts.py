"""What each part of a method is worth: TwHIN's relations, PinSage's ladder."""

from collections.abc import Mapping
from typing import Any

from benchmarks.quality.cells import MARKS, figures, interval, table, with_interval

TWHIN_METHODS = {
    "popular": "popular",
    "als": "iALS, the asked relation",
    "alone": "TwHIN, the asked relation alone",
    "tags_alone": "TwHIN, tags alone",
    "joint": "TwHIN, all relations together",
    "joint_mixture": "the same space, a mixture (kNN-Embed)",
}


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


def ladder_section(name: str, result: Mapping[str, Any]) -> str:
    """Return the rungs, a line each, parts side by side; then the differences where there are several seeds."""
    known = figures(result)
    parts = sorted({one.split(".")[0] for one in known if not one.startswith(("networks.", "films."))})
    rungs = dict.fromkeys(one.split(".")[1] for one in known if one.startswith(f"{parts[0]}.") and one.endswith("mrr"))
    lines = [["", *(f"{kind}, {part}" for part in parts for kind in ("hit-rate@50", "MRR"))]]
    for rung in rungs:
        keys = [f"{part}.{rung}.{metric}" for part in parts for metric in ("hit_rate@50", "mrr")]
        lines.append([rung, *(f"{known[key]:.4f}" for key in keys)])
    means = [one for one in known if " over " in one and one.endswith((".hit_rate@50", ".mrr"))]
    told = [["difference, mean over seeds", "value"], *([one, with_interval(known, one)] for one in means)]
    return "## PinSage's ladder\n\n" + table(lines) + (f"\n\n{table(told)}" if means else "")
