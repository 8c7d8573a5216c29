"""Write docs/quality.md from the result files: nothing in it is typed by hand.

python -m benchmarks.quality
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS

PAGE = Path(__file__).parent.parent / "docs" / "quality.md"
HEAD = """# Measured quality

Written by `python -m benchmarks.quality` from `benchmarks/results/`; every section names the command that made it.
Recall and NDCG are means over users, with 95 % intervals over resampled users in brackets. Every method knows the same
past and never recommends what a user has acted on. Settings were chosen on data before the test rows. The method that
wins on your kind of data is the one to take, whoever made it.
"""
FOLDERS = {
    "movielens": "MovieLens 1M: likes, plots and posters; films held out whole, and each user's last like",
    "deskdrop": "Deskdrop: five kinds of dated events, no content; a week held out",
    "lastfm": "Last.fm: listens with counts, friends, tag words (kept for artists whose listens are held out)",
}
TWHIN_METHODS = {
    "popular": "popular",
    "als": "iALS, the asked relation",
    "alone": "TwHIN, the asked relation alone",
    "tags_alone": "TwHIN, tags alone",
    "joint": "TwHIN, all relations together",
    "joint_mixture": "the same space, a mixture (kNN-Embed)",
}
LISTED = {
    "sgd": "dot product, log loss, settings as published",
    "mf": "dot product, softmax",
    "mlp": "an MLP over vectors as long",
    "pinsage": "graphrec: PinSage with plots and posters, as retrieval scores",
    "als": "iALS",
    "item_knn": "item neighbours",
    "walks": "walks (RP3β)",
    "popular": "popular",
}
MARKS = {"above": " ▲", "below": " ▼"}
Figures = Mapping[str, float]


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())


def page(results: Path = RESULTS) -> str:
    """Return the page, a section per result file that is there."""
    sections = []
    for name, render in SECTIONS.items():
        path = results / f"{name}.json"
        if path.is_file():
            result = json.loads(path.read_text())
            sections.append(f"{render(name, result)}\n\n{_foot(name, result)}")
    return HEAD + "".join(f"\n{section}" for section in sections)


def folder_section(name: str, result: Mapping[str, Any]) -> str:
    """Return the table of a run over a folder of public tables."""
    rows = next(one["rows"] for one in result["tables"] if one["title"] == "figures")
    figures = _figures(result)
    slices = [one for one in ("all", "warm", "cold") if any(row["slice"] == one for row in rows)]
    cells = {(row["method"], row["slice"], row["metric"], row["k"]): row for row in rows}
    lines = [["", *(f"Recall@50, {one}" for one in slices), "NDCG@50, all", "coverage@50"]]
    for method in dict.fromkeys(row["method"] for row in rows):
        kinds = [*((one, "recall") for one in slices), ("all", "ndcg")]
        shown = [_interval(cells.get((method, part, metric, 50))) for part, metric in kinds]
        covered = cells.get((method, "all", "coverage", 50))
        lines.append([method, *shown, "" if covered is None else f"{covered['value']:.2f}"])
    facts = [
        f"{figures['users']:,.0f} users, {figures['events']:,.0f} held-out actions, {figures['cold_share']:.0%} of "
        f"them on cold flits; the whole run {figures['seconds']:.0f} s.",
    ]
    if "graphrec_cold_share_0.recall@50" in figures:
        warm = figures["graphrec_cold_share_0.recall@50.warm"]
        facts.append(f"Without places kept for cold flits graphrec's Recall@50 on warm ones is {warm:.3f}.")
    if "not_there_share" in figures:
        facts.append(
            f"{figures['not_there_share']:.0%} of the week's new pairs are left out: nobody had met their flit before."
        )
    return f"## {FOLDERS[name]}\n\n{table(lines)}\n\n{' '.join(facts)}"


def split_section(name: str, result: Mapping[str, Any]) -> str:
    """Return the table of the LightGCN protocol."""
    figures = _figures(result)
    prefixes = {
        "": f"graphrec, id vectors, {figures.get('dim', 0):.0f} dimensions",
        "seed1.": "the same, another seed",
        "seed2.": "the same, a third seed",
        "free.": f"graphrec, id vectors, {figures.get('free.dim', 0):.0f} dimensions",
        "fused.": "the latter fused with walk scores (no inner product)",
        **{f"{one}.": one for one in ("als64", "als128", "svd64", "svd256", "item_knn", "walks", "popular")},
    }
    lines = [["", "Recall@20", "NDCG@20", "seconds to fit"]]
    for prefix, label in prefixes.items():
        untried = prefix == "fused." and not figures.get("fused.walk_weight")  # nothing was fused
        if f"{prefix}recall@20" in figures and not untried:
            cells = [
                _interval({"value": figures[key], "low": figures[f"{key}.low"], "high": figures[f"{key}.high"]})
                for key in (f"{prefix}recall@20", f"{prefix}ndcg@20")
            ]
            lines.append([label, *cells, f"{figures[f'{prefix}train_seconds']:.0f}"])
    facts = (
        f"{figures['users']:,.0f} users, {figures['items']:,.0f} items, {figures['train']:,.0f} training pairs, "
        f"{figures['test']:,.0f} test pairs; no cold items. Published on Gowalla: LightGCN .1830/.1554, UltraGCN "
        ".1862/.1580, SimpleX .1872/.1557, BSPM .192/.160."
    )
    return f"## The LightGCN protocol on Gowalla\n\n{table(lines)}\n\n{facts}"


def lists_section(name: str, result: Mapping[str, Any]) -> str:
    """Return the table of the leave-one-out protocol, the best first."""
    figures = _figures(result)
    there = [method for method in LISTED if f"{method}.hr@10" in figures]
    lines = [["", "HR@10", "NDCG@10", "seconds"]]
    for method in sorted(there, key=lambda one: -figures[f"{one}.hr@10"]):
        cells = [_with_interval(figures, f"{method}.{metric}@10") for metric in ("hr", "ndcg")]
        lines.append([LISTED[method], *cells, f"{figures[f'{method}.seconds']:,.1f}"])
    facts = (
        f"{figures['users']:,.0f} users, {figures['train']:,.0f} training pairs, a held-out rating of each user among "
        "99 drawn films; no cold films. Published (Rendle et al.): matrix factorization .7294/.4523, NeuMF "
        ".7093/.4349, iALS .7111/.4383. Seconds include choosing settings, where any are chosen."
    )
    return f"## Dot product against MLP: the leave-one-out protocol on MovieLens 1M\n\n{table(lines)}\n\n{facts}"


def replay_section(name: str, result: Mapping[str, Any]) -> str:
    """Return the replay's table, a line per method, networks side by side."""
    figures = _figures(result)
    networks = sorted({one.split(".")[0] for one in figures})
    methods = dict.fromkeys(one.split(".", 1)[1].removesuffix(".recall") for one in figures if one.endswith(".recall"))
    ranked = sorted(methods, key=lambda method: -figures[f"{networks[0]}.{method}.recall"])
    lines = [["", *(f"{kind}, {one}" for one in networks for kind in ("recall", "relevance"))]]
    for method in ranked:
        keys = [f"{one}.{method}.{kind}" for one in networks for kind in ("recall", "relevance")]
        cells = [
            _interval({"value": figures[key], "low": figures[f"{key}.low"], "high": figures[f"{key}.high"]})
            for key in keys
        ]
        apart = [_apart(figures, key) for key in keys]
        lines.append([method, *(f"{cell}{mark}" for cell, mark in zip(cells, apart, strict=True))])
    users = ", ".join(f"{figures[f'{one}.users']:,.0f} users of {one}" for one in networks)
    facts = (
        f"{users}; seven days, 400 flits a user and day. ▲ and ▼: the paired 95 % interval of the difference to "
        "`ward, medoid, decay .01` lies above or below 0."
    )
    return f"## Replay: what stands for a user, day by day\n\n{table(lines)}\n\n{facts}"


def relations_section(name: str, result: Mapping[str, Any]) -> str:
    """Return a table per question of the TwHIN benchmark."""
    figures, parts = _figures(result), []
    for told in result["tables"]:
        question = told["title"]
        if ":" in question:  # what was tried
            continue
        cells = {(row["method"], row["metric"], row["k"]): row for row in told["rows"]}
        asked = question.replace("advertisers", "advertisers of network ")
        lines = [[asked, "Recall@10", "Recall@50", "NDCG@50", "seconds"]]
        for method in dict.fromkeys(row["method"] for row in told["rows"]):
            rows = [cells[(method, *one)] for one in (("recall", 10), ("recall", 50), ("ndcg", 50))]
            marked = [f"{_interval(row)}{MARKS.get(row.get('verdict', ''), '')}" for row in rows]
            lines.append([TWHIN_METHODS[method], *marked, f"{rows[0]['seconds']:.0f}"])
        facts = (
            f"{figures[f'{question}.users']:,.0f} users, {figures[f'{question}.events']:,.0f} held-out edges, "
            f"{figures[f'{question}.cold_share']:.0%} of them to nodes without a training edge of the relation; "
            f"{figures[f'{question}.edges_per_s']:,.0f} edges a second."
        )
        parts.append(f"{table(lines)}\n\n{facts}")
    note = (
        "▲ and ▼: the paired 95 % interval of the difference to `all relations together` lies above or below 0. "
        "Seconds are those of choosing settings on validation edges and of the fit."
    )
    return "\n\n".join(["## Several relations in one space: TwHIN", *parts, note])


def _apart(figures: Figures, key: str) -> str:
    """Return whether a difference to the reference is sure, as a mark."""
    if f"{key}.difference" not in figures:
        return ""
    return " ▲" if figures[f"{key}.difference.low"] > 0 else " ▼" if figures[f"{key}.difference.high"] < 0 else ""


def cold_section(name: str, result: Mapping[str, Any]) -> str:
    """Return a table per part: methods by how many training actions a flit has."""
    figures = _figures(result)
    parts = sorted({one.split(".")[0] for one in figures})
    groups = {"items_0": "no actions", "items_1_2": "1 to 2", "items_3_10": "3 to 10"}
    tables = []
    for part in parts:
        methods = dict.fromkeys(one.split(".")[1] for one in figures if one.startswith(part) and ".recall@50." in one)
        there = [group for group in groups if f"{part}.users.{group}" in figures]
        lines = [[part, *(f"{groups[group]} ({figures[f'{part}.flits.{group}']:,.0f} flits)" for group in there)]]
        for method in methods:
            keys = [f"{part}.{method}.recall@50.{group}" for group in there]
            lines.append([method, *(_with_interval(figures, key) for key in keys)])
        counts = [f"{figures[f'{part}.users.{one}']:,.0f} / {figures[f'{part}.events.{one}']:,.0f}" for one in there]
        tables.append(table([*lines, ["users / events", *counts]]))
    return "## Flits with few or no actions: Recall@50 among them\n\n" + "\n\n".join(tables)


def ladder_section(name: str, result: Mapping[str, Any]) -> str:
    """Return the rungs, a line each, parts side by side; then the differences where there are several seeds."""
    figures = _figures(result)
    parts = sorted({one.split(".")[0] for one in figures if not one.startswith(("networks.", "films."))})
    rungs = dict.fromkeys(
        one.split(".")[1] for one in figures if one.startswith(f"{parts[0]}.") and one.endswith("mrr")
    )
    lines = [["", *(f"{kind}, {part}" for part in parts for kind in ("hit-rate@50", "MRR"))]]
    for rung in rungs:
        keys = [f"{part}.{rung}.{metric}" for part in parts for metric in ("hit_rate@50", "mrr")]
        lines.append([rung, *(f"{figures[key]:.4f}" for key in keys)])
    means = [one for one in figures if " over " in one and one.endswith((".hit_rate@50", ".mrr"))]
    told = [["difference, mean over seeds", "value"], *([one, _with_interval(figures, one)] for one in means)]
    return "## PinSage's ladder\n\n" + table(lines) + (f"\n\n{table(told)}" if means else "")


def _with_interval(figures: Figures, key: str) -> str:
    if key not in figures:
        return ""
    return _interval({"value": figures[key], "low": figures[f"{key}.low"], "high": figures[f"{key}.high"]})


def plain_section(title: str) -> Callable[[str, Mapping[str, Any]], str]:
    """Return a renderer that lists every figure of a result file."""

    def render(name: str, result: Mapping[str, Any]) -> str:
        lines = [["figure", "value"]]
        lines += [[one["name"], f"{_plain(one['value'])} {one['unit']}".strip()] for one in result["figures"]]
        return f"## {title}\n\n{table(lines)}"

    return render


SECTIONS: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    **dict.fromkeys(FOLDERS, folder_section),
    "lightgcn_split": split_section,
    "leave_one_out": lists_section,
    "twhin": relations_section,
    "encode": plain_section("Encoding texts"),
    "replay": replay_section,
    "cold_start": cold_section,
    "ladder": ladder_section,
    "interests": plain_section("Actions to interests: users a second, beside what peers take for clusters alone"),
    "serving": plain_section("The service beside an echo of the same answer size, under the same server"),
    "ann": plain_section("Nearest neighbours, one query at a time on one thread"),
}


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _figures(result: Mapping[str, Any]) -> Figures:
    return {one["name"]: one["value"] for one in result["figures"]}


def _foot(name: str, result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    return (
        f"`python -m benchmarks.{name}`, {result['when'][:10]}, {machine['cores']} cores ({machine['cpu']}), "
        f"peak {result['peak_mb']:,} MB.\n"
    )


def _interval(row: Mapping[str, Any] | None) -> str:
    if row is None or row["value"] is None:
        return ""
    return f"{row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"


def table(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells, the head first, as Markdown."""
    head, *rest = lines
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rest))


if __name__ == "__main__":
    main()
