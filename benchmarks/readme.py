"""Write the README's figures from the result files: between its markers nothing is typed by hand.

python -m benchmarks.readme
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS

README = Path(__file__).parent.parent / "README.md"
METHODS = ("graphrec", "als", "walks", "content_knn", "decayed_average", "last_action", "recent_popular", "popular")


def main() -> None:
    """Rewrite the marked parts of the README."""
    README.write_text(rendered(README.read_text()))


def rendered(text: str) -> str:
    """Return the README's text with every marked part made anew from its result file, where there is one."""
    for name, render in (("demo", demo), ("movielens", movielens)):
        path = RESULTS / f"{name}.json"
        if path.is_file():
            start, end = f"<!-- figures:{name} -->", f"<!-- /figures:{name} -->"
            head, _, rest = text.partition(start)
            tail = rest.partition(end)[2]
            text = f"{head}{start}\n{render(json.loads(path.read_text()))}\n{end}{tail}"
    return text


def demo(result: dict[str, Any]) -> str:
    """Return the table of the demo's network."""
    figures = {one["name"]: one["value"] for one in result["figures"]}
    seeds = sorted({name.split(".")[0] for name in figures}, key=lambda seed: int(seed.removeprefix("seed")))
    head = ["Recall@50", *(seed.replace("seed", "seed ") for seed in seeds), "cold flits, mean"]
    lines = [_row(head), _row(["---", *["---:"] * (len(head) - 1)])]
    for method in (*METHODS, "oracle"):
        cells = [figures.get(f"{seed}.{method}.recall@50") for seed in seeds]
        cold = [figures.get(f"{seed}.{method}.recall@50.cold") for seed in seeds]
        if all(cell is not None for cell in cells):
            values = [f"{cell:.3f}" for cell in cells] + [_mean(cold)]
            lines.append(
                _row([f"**{method}**", *(f"**{v}**" for v in values)] if method == "graphrec" else [method, *values])
            )
    lines.append(_row(["share of the oracle", *(f"{figures[f'{s}.share_of_oracle']:.0%}" for s in seeds), ""]))
    low = min(figures[f"{seed}.margin.low"] for seed in seeds)
    cold_low = min(figures[f"{seed}.cold_margin.low"] for seed in seeds)
    ari, content = (_mean([figures[f"{seed}.{kind}_ari"] for seed in seeds]) for kind in ("interest", "content"))
    seconds = max(figures[f"{seed}.seconds"] for seed in seeds)
    return "\n".join(
        [
            "The demo's network (2,000 users, 6,000 flits, 90 days, newest 7 held out), seeds never used while",
            "tuning, one config for all, every baseline tuned on the newest training actions:",
            "",
            *lines,
            "",
            "Lower ends of the paired 95 % intervals, the worst seed: over the best baseline "
            f"{low:+.3f}; on flits without",
            f"any interaction over content kNN {cold_low:+.3f}. Recovered interests: mean adjusted Rand index",
            f"{ari} (clustering the text vectors alone: {content}). At most {seconds:.0f} s a run on",
            f"{result['machine']['cores']} cores, `python -m benchmarks.demo`, {result['when'][:10]}.",
        ]
    )


def movielens(result: dict[str, Any]) -> str:
    """Return the table of MovieLens 1M."""
    figures = {one["name"]: one["value"] for one in result["figures"]}
    lines = [_row(["Recall@50", "all", "warm films", "cold films", "coverage@50"]), _row(["---", *["---:"] * 4])]
    for method in METHODS:
        if f"{method}.recall@50" in figures:
            cells = [figures[f"{method}.recall@50{part}"] for part in ("", ".warm", ".cold")]
            values = [*(f"{cell:.3f}" for cell in cells), f"{figures[f'{method}.coverage@50']:.2f}"]
            lines.append(
                _row([f"**{method}**", *(f"**{v}**" for v in values)] if method == "graphrec" else [method, *values])
            )
    other = [figures.get(f"graphrec_cold_share_0.recall@50{part}") for part in ("", ".warm", ".cold")]
    if all(cell is not None for cell in other):
        coverage = f"{figures['graphrec_cold_share_0.coverage@50']:.2f}"
        lines.insert(3, _row(["graphrec, no places kept for cold films", *(f"{cell:.3f}" for cell in other), coverage]))
    facts = {name: figures[name] for name in ("users", "events", "cold_share")}
    return "\n".join(
        [
            "MovieLens 1M (ratings of 4 or 5 as likes; title, genres and plot through MiniLM; no times): each user's",
            "last like held out, and all likes of a random tenth of the films, win or lose:",
            "",
            *lines,
            "",
            f"{facts['users']:,.0f} users, {facts['events']:,.0f} held-out likes, {facts['cold_share']:.0%} of them",
            f"on cold films; {figures['seconds']:.0f} s on {result['machine']['cores']} cores,",
            f"`python -m benchmarks.movielens`, {result['when'][:10]}.",
        ]
    )


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _mean(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.3f}" if known else ""


if __name__ == "__main__":
    main()
