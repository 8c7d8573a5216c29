"""docs/quality.md is what its result files say."""

import json
from pathlib import Path

from benchmarks import quality


def test_the_page_is_current() -> None:
    assert quality.PAGE.read_text() == quality.page()


def test_a_figure_is_shown_with_its_interval(tmp_path: Path) -> None:
    row = {"method": "als", "slice": "all", "metric": "recall", "k": 50, "value": 0.25, "low": 0.2, "high": 0.3}
    facts = {"users": 300, "events": 900, "cold_share": 0.25, "seconds": 12.0}
    result = {
        "benchmark": "lastfm", "when": "2026-01-02T00:00:00", "machine": {"cores": 2, "cpu": "x"}, "peak_mb": 1234,
        "figures": [{"name": name, "value": value, "unit": ""} for name, value in facts.items()],
        "tables": [{"title": "figures", "rows": [row]}],
    }  # fmt: skip
    (tmp_path / "lastfm.json").write_text(json.dumps(result))
    page = quality.page(tmp_path)
    assert "| als | 0.2500 [0.2000, 0.3000] |" in page
    assert "300 users, 900 held-out actions, 25% of them on cold flits" in page
    assert "`python -m benchmarks.lastfm`, 2026-01-02" in page
