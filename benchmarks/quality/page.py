"""docs/quality.md from the result files: nothing in it is typed by hand."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS
from benchmarks.quality.cold import cold_section
from benchmarks.quality.ladder import ladder_section
from benchmarks.quality.parts import relations_section, sources_section, together_section
from benchmarks.quality.recommending import FOLDERS, folder_section, lists_section, split_section
from benchmarks.quality.replay import replay_section
from benchmarks.quality.speed import ann_section, devices_section, encode_section, interests_section, serving_section

PAGE = Path(__file__).parents[2] / "docs" / "quality.md"
HEAD = """# Measured quality

Written by `python -m benchmarks.quality` from `benchmarks/results/`; every section names the command that made it.
Recall and NDCG are means over users, with 95 % intervals over resampled users in brackets. Every method knows the same
past and never recommends what a user has acted on. Settings were chosen on data before the test rows. The method that
wins on your kind of data is the one to take, whoever made it.
"""
SECTIONS: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    **dict.fromkeys(FOLDERS, folder_section),
    "lightgcn_split": split_section,
    "leave_one_out": lists_section,
    "together": together_section,
    "twhin": relations_section,
    "replay": replay_section,
    "cold_start": cold_section,
    "ladder": ladder_section,
    "sources": sources_section,
    "encode": encode_section,
    "devices": devices_section,
    "interests": interests_section,
    "ann": ann_section,
    "serving": serving_section,
}


def page(results: Path = RESULTS) -> str:
    """Return the page, a section per result file that is there."""
    sections = []
    for name, render in SECTIONS.items():
        path = results / f"{name}.json"
        if path.is_file():
            result = json.loads(path.read_text())
            sections.append(f"{render(name, result)}\n\n{_foot(name, result)}")
    return HEAD + "".join(f"\n{section}" for section in sections)


def _foot(name: str, result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    processors = dict.fromkeys(one["cpu"] for one in result.get("machines", {"all": machine}).values())
    return (
        f"`python -m benchmarks.{name}`, {result['when'][:10]}, {machine['cores']} cores ({', '.join(processors)}), "
        f"peak {result['peak_mb']:,} MB.\n"
    )
