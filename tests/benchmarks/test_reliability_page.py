"""docs/reliability.md is what its result file says."""

import json

from benchmarks.reliability import page
from benchmarks.reliability.__main__ import PARTS


def test_the_page_is_current_and_has_every_part() -> None:
    text = page.PAGE.read_text()
    assert text == page.rendered(text, json.loads(page.RESULT.read_text())), "run python -m benchmarks.reliability.page"
    assert sorted(page.BLOCK.findall(text)) == sorted(PARTS)


def figure(
    name: str, value: float, better: str = "lower", goal: float | None = None, unit: str = ""
) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit, "better": better, "goal": goal}


def test_ways_stand_side_by_side_and_what_missed_its_goal_is_marked() -> None:
    figures = [
        figure("swaps.users", 200),
        figure("swaps.computed.failed", 0, goal=0), figure("swaps.remembered.failed", 3, goal=0),
        figure("swaps.computed.ratio", 1.25, goal=2), figure("swaps.remembered.ratio", 12.5, goal=2),
        figure("swaps.computed.p99_ms", 8.25, unit="ms"), figure("kills.kills", 1200, "higher", 1000),
    ]  # fmt: skip
    result = {"figures": figures, "machine": {"cores": 2, "cpu": "x"}}
    blocks = [f"<!-- figures:{part} -->\nold\n<!-- /figures:{part} -->\n" for part in ("swaps", "names")]
    found = page.rendered(f"before\n{''.join(blocks)}after", result)
    assert found.startswith("before\n<!-- figures:swaps -->\n|")
    assert found.endswith("<!-- figures:names -->\nNot measured yet.\n<!-- /figures:names -->\nafter")
    assert "old" not in found
    assert "| users | 200 |  |" in found
    assert "|  | computed | remembered | goal |" in found
    assert "| failed | 0 | 3 ✗ | 0 |" in found
    assert "| ratio | 1.25 | 12.5 ✗ | ≤ 2 |" in found
    assert "| p99 | 8.25 ms |  |  |" in found
    assert "| kills | 1,200 | ≥ 1000 |" in page.section("kills", result)
    assert page.rendered(found, result) == found
