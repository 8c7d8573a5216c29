"""docs/quality.md is what its result files say."""

import json
from pathlib import Path

from benchmarks.quality import page as quality


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
    text = quality.page(tmp_path)
    assert "| als | 0.2500 [0.2000, 0.3000] |" in text
    assert "300 users, 900 held-out actions, 25% of them on cold flits" in text
    assert "`python -m benchmarks.lastfm`, 2026-01-02" in text


def test_relations_are_marked_where_they_are_apart_from_joint_training(tmp_path: Path) -> None:
    def row(method: str, metric: str, k: int, **verdict: str) -> dict[str, object]:
        found = {"method": method, "metric": metric, "k": k, "value": 0.5, "low": 0.4, "high": 0.6, "seconds": 3.2}
        return {**found, **verdict}

    asked = (("recall", 10), ("recall", 50), ("ndcg", 50))
    rows = [row("als", *one, verdict="below") for one in asked] + [row("joint", *one) for one in asked]
    facts = {"friends.users": 300, "friends.events": 900, "friends.cold_share": 0.0, "friends.edges_per_s": 12_345.0}
    result = {
        "benchmark": "twhin", "when": "2026-01-02T00:00:00", "machine": {"cores": 2, "cpu": "x"}, "peak_mb": 1234,
        "figures": [{"name": name, "value": value, "unit": ""} for name, value in facts.items()],
        "tables": [{"title": "friends", "rows": rows}, {"title": "friends: settings tried", "rows": []}],
    }  # fmt: skip
    (tmp_path / "twhin.json").write_text(json.dumps(result))
    text = quality.page(tmp_path)
    cell = "0.5000 [0.4000, 0.6000]"
    assert f"| iALS, the asked relation | {cell} ▼ | {cell} ▼ | {cell} ▼ | 3 |" in text
    assert f"| TwHIN, all relations together | {cell} | {cell} | {cell} | 3 |" in text
    assert "300 users, 900 held-out edges, 0% of them" in text
    assert "12,345 edges a second" in text


def test_speeds_stand_in_a_grid_and_what_is_short_of_its_goal_is_marked(tmp_path: Path) -> None:
    told = [
        ("ours.users_per_s.n100", 2000, None),
        ("ours.users_per_s.n20", 9.5, None),
        ("peer.users_per_s.n20", 5, None),
    ]
    short = [("ratio_to_best_peer.n20", 1.9, 3.0), ("left", 7.0, 3.0)]
    figures = [
        {"name": name, "value": value, "unit": "", "better": "higher", "goal": goal}
        for name, value, goal in [*told, *short]
    ]
    result = {
        "benchmark": "interests", "when": "2026-01-02T00:00:00", "machine": {"cores": 2, "cpu": "x"}, "peak_mb": 1234,
        "figures": figures, "tables": [],
    }  # fmt: skip
    (tmp_path / "interests.json").write_text(json.dumps(result))
    text = quality.page(tmp_path)
    assert "| 20 actions | 100 actions |" in text
    assert "| ours | 9.5 | 2,000 |\n| peer | 5 |  |" in text
    assert "| left | 7 (goal 3) |\n| ratio_to_best_peer.n20 | 1.9 (goal 3) ✗ |" in text
    assert text.count("✗: short of the goal.") == 1


def test_ways_of_serving_stand_in_one_table(tmp_path: Path) -> None:
    told = {
        "uvicorn.computed.c16.rps": 700.0,
        "ray.haproxy.computed.c16.rps": 300.0,
        "ray.haproxy.computed.c2.rps": 1.0,
    }
    told |= {"uvicorn.start_to_ready_s": 2.0, "ray.haproxy.start_to_ready_s": 9.0, "ray.haproxy.worker_pss_mb": 300.0}
    figures = [
        {"name": name, "value": value, "unit": "", "better": "higher", "goal": None} for name, value in told.items()
    ]
    result = {
        "benchmark": "serving", "when": "2026-01-02T00:00:00", "machine": {"cores": 2, "cpu": "x"}, "peak_mb": 1234,
        "figures": figures, "tables": [],
    }  # fmt: skip
    (tmp_path / "serving.json").write_text(json.dumps(result))
    text = quality.page(tmp_path)
    assert "| ray.haproxy.computed.c2 | 1 |\n| ray.haproxy.computed.c16 | 300 |\n| uvicorn.computed.c16 | 700 |" in text
    assert "| ray.haproxy | 9 | 300 |\n| uvicorn | 2 |  |" in text
