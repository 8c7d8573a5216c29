"""How well each way of recommending did: a table per data set or protocol."""

from collections.abc import Mapping
from typing import Any

from benchmarks.quality.cells import figures, interval, table, with_interval

FOLDERS = {
    "movielens": "MovieLens 1M: likes, plots and posters; films held out whole, and each user's last like",
    "deskdrop": "Deskdrop: five kinds of dated events, no content; a week held out",
    "lastfm": "Last.fm: listens with counts, friends, tag words (kept for artists whose listens are held out)",
}
LISTED = {
    "sgd": "dot product, log loss, settings as published",
    "mf": "dot product, softmax",
    "mlp": "an MLP over vectors as long",
    "pinsage_vectors": "graphrec: PinSage with plots, dot product of its vectors",
    "pinsage": "graphrec: as retrieval scores, with interests, factors and prior (seconds beyond the vectors)",
    "als": "iALS",
    "item_knn": "item neighbours",
    "walks": "walks (RP3β)",
    "popular": "popular",
}


def folder_section(name: str, result: Mapping[str, Any]) -> str:
    """Return the table of a run over a folder of public tables."""
    rows = next(one["rows"] for one in result["tables"] if one["title"] == "figures")
    known = figures(result)
    slices = [one for one in ("all", "warm", "cold") if any(row["slice"] == one for row in rows)]
    cells = {(row["method"], row["slice"], row["metric"], row["k"]): row for row in rows}
    lines = [["", *(f"Recall@50, {one}" for one in slices), "NDCG@50, all", "coverage@50"]]
    for method in dict.fromkeys(row["method"] for row in rows):
        kinds = [*((one, "recall") for one in slices), ("all", "ndcg")]
        shown = [interval(cells.get((method, part, metric, 50))) for part, metric in kinds]
        covered = cells.get((method, "all", "coverage", 50))
        lines.append([method, *shown, "" if covered is None else f"{covered['value']:.2f}"])
    facts = [
        f"{known['users']:,.0f} users, {known['events']:,.0f} held-out actions, {known['cold_share']:.0%} of "
        f"them on cold flits; the whole run {known['seconds']:.0f} s.",
    ]
    if "graphrec_cold_share_0.recall@50" in known:
        warm = known["graphrec_cold_share_0.recall@50.warm"]
        facts.append(f"Without places kept for cold flits graphrec's Recall@50 on warm ones is {warm:.3f}.")
    facts += _known_alone(result)
    if "not_there_share" in known:
        facts.append(
            f"{known['not_there_share']:.0%} of the week's new pairs are left out: nobody had met their flit before."
        )
    return f"## {FOLDERS[name]}\n\n{table(lines)}\n\n{' '.join(facts)}"


def _known_alone(result: Mapping[str, Any]) -> list[str]:
    """Return the sentence that sets graphrec beside iALS where lists hold warm flits alone."""
    return [
        f"Where lists hold warm flits alone, by the same weights, its Recall@{row['k']} is {row['own']:.3f}; iALS lies "
        f"{row['difference']:+.3f} from it, between {row['low']:+.3f} and {row['high']:+.3f}."
        for one in result["tables"]
        if one["title"] == "known alone"
        for row in one["rows"]
    ]


def split_section(name: str, result: Mapping[str, Any]) -> str:
    """Return the table of the LightGCN protocol."""
    known = figures(result)
    prefixes = {
        "": f"graphrec, id vectors, {known.get('dim', 0):.0f} dimensions",
        "seed1.": "the same, another seed",
        "seed2.": "the same, a third seed",
        "free.": f"graphrec, id vectors, {known.get('free.dim', 0):.0f} dimensions",
        "fused.": "the latter fused with walk scores (no inner product)",
        **{f"{one}.": one for one in ("als64", "als128", "svd64", "svd256", "item_knn", "walks", "popular")},
    }
    lines = [["", "Recall@20", "NDCG@20", "seconds to fit"]]
    for prefix, label in prefixes.items():
        untried = prefix == "fused." and not known.get("fused.walk_weight")  # nothing was fused
        if f"{prefix}recall@20" in known and not untried:
            cells = [
                interval({"value": known[key], "low": known[f"{key}.low"], "high": known[f"{key}.high"]})
                for key in (f"{prefix}recall@20", f"{prefix}ndcg@20")
            ]
            lines.append([label, *cells, f"{known[f'{prefix}train_seconds']:.0f}"])
    facts = (
        f"{known['users']:,.0f} users, {known['items']:,.0f} items, {known['train']:,.0f} training pairs, "
        f"{known['test']:,.0f} test pairs; no cold items. Published on Gowalla: LightGCN .1830/.1554, UltraGCN "
        ".1862/.1580, SimpleX .1872/.1557, BSPM .192/.160."
    )
    return f"## The LightGCN protocol on Gowalla\n\n{table(lines)}\n\n{facts}{_fused(known)}"


def _fused(known: Mapping[str, float]) -> str:
    """Return what walk scores add to the widest embedding, paired over users; nothing where they were not tried."""
    if known.get("fused.walk_weight") == 0:
        return (
            f" Beside the {known.get('free.dim', 0):.0f} dimensions, walk scores got no weight on the holdout: both "
            "fused, as retrieval fuses its sources, are the inner product alone."
        )
    if "fused.over_free.recall@20" not in known:
        return ""
    gains = [with_interval(known, f"fused.over_free.{metric}@20") for metric in ("recall", "ndcg")]
    return (
        f" Walk scores got a weight of {known['fused.walk_weight']:g} on the holdout; paired over users they add "
        f"{gains[0]} to the Recall@20 of the inner product and {gains[1]} to its NDCG@20."
    )


def lists_section(name: str, result: Mapping[str, Any]) -> str:
    """Return the table of the leave-one-out protocol, the best first."""
    known = figures(result)
    there = [method for method in LISTED if f"{method}.hr@10" in known]
    lines = [["", "HR@10", "NDCG@10", "seconds"]]
    for method in sorted(there, key=lambda one: -known[f"{one}.hr@10"]):
        cells = [with_interval(known, f"{method}.{metric}@10") for metric in ("hr", "ndcg")]
        lines.append([LISTED[method], *cells, f"{known[f'{method}.seconds']:,.1f}"])
    facts = (
        f"{known['users']:,.0f} users, {known['train']:,.0f} training pairs, a held-out rating of each user among "
        "99 drawn films; no cold films. Published (Rendle et al.): matrix factorization .7294/.4523, NeuMF "
        ".7093/.4349, iALS .7111/.4383. Seconds include choosing settings, where any are chosen. "
        "graphrec's weights were chosen for the first 50 of all films."
    )
    return f"## Dot product against MLP: the leave-one-out protocol on MovieLens 1M\n\n{table(lines)}\n\n{facts}"
