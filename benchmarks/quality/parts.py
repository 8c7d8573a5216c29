"""What each part is worth: TwHIN's relations, sources of candidates, content beside id vectors."""

from collections.abc import Mapping
from typing import Any

from benchmarks.quality.cells import MARKS, apart, figures, interval, table, with_interval

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


TOGETHER = {
    "popular": "popular",
    "als": "iALS",
    "factorization": "id vectors alone: factorization",
    "lightgcn": "id vectors alone: LightGCN",
    "windows": "PinSage by windows",
    "ids": "PinSage by the past: id vectors alone",
    "content": "PinSage by the past: content alone",
    "together": "PinSage by the past: content and id vectors",
}
GROUPS = {"met": "flits that somebody acted on", "new": "flits that nobody had acted on"}


def together_section(name: str, result: Mapping[str, Any]) -> str:
    """Return a table per part: recall on known and on new flits, marked where it is apart from both together."""
    known, tables = figures(result), []
    for part in dict.fromkeys(one.split(".")[0] for one in known):
        heads = [f"{told}, {known[f'{part}.{group}.users']:,.0f} users" for group, told in GROUPS.items()]
        lines = [[f"{part}, Recall@50 by user vectors", *heads, "seconds of training"]]
        for method, told in TOGETHER.items():
            keys = [f"{part}.{group}.{method}" for group in GROUPS]
            cells = [f"{with_interval(known, key)}{apart(known, f'{key}.over')}" for key in keys]
            seconds = known.get(f"{part}.{method}.seconds")
            lines.append([told, *cells, "" if seconds is None else f"{seconds:,.0f}"])
        tables.append(table(lines))
    note = (
        "▲ and ▼: the paired 95 % interval of the difference to content and id vectors together lies above or below 0. "
        "Popularity is a learnt bias but in PinSage by windows, which leaves it to the prior of retrieval. New "
        "flits get the id vectors of factorization and LightGCN from a regression on content; of popularity and iALS "
        "their rows are chance. Seconds are of training on one core; fitting id vectors to a graph comes on top."
    )
    return "\n\n".join(["## Content and id vectors together", *tables, note])
