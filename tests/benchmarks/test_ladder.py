"""The ladder: ranks worked by hand, means and differences over seeds, and the page they land in."""

import numpy as np
import pytest

from benchmarks.common import Result
from benchmarks.ladder import KINDS, PAIRS, PLAIN, RUNGS, Asked, summarise
from benchmarks.quality.ladder import ladder_section

VECTORS = np.array([[1, 0], [0.9, 0.1], [0.8, 0.2], [0, 1], [1, 0.01]], dtype=np.float32)


def asked(answers: list[int]) -> Asked:
    rows = np.array(answers, np.int32)
    available = np.array([True, True, True, True, False])
    return Asked(np.arange(len(rows), dtype=np.int32), np.zeros(len(rows), np.int32), rows, available)


def figures(result: Result) -> dict[str, float]:
    return {one["name"]: one["value"] for one in result.figures}


def test_ranks_leave_out_the_query_and_flits_that_are_not_there() -> None:
    """From flit 0: flit 1 is nearest, then 2, then 3; flit 4, nearer than all, does not exist yet."""
    result = Result("ladder", 0)
    asked([1, 2, 3]).add(result, "x", VECTORS)
    assert figures(result) == {"x.hit_rate@50": 1.0, "x.mrr": pytest.approx((1 + 1 / 2 + 1 / 3) / 3)}


def test_equal_scores_count_as_the_middle() -> None:
    result = Result("ladder", 0)
    asked([1]).add(result, "x", np.ones((5, 2), np.float32))
    assert figures(result)["x.mrr"] == pytest.approx(
        1 / 2
    )  # flits 2 and 3 are equal to it: one of them counts as ahead


@pytest.mark.parametrize(("kind", "begins"), KINDS.items())
def test_means_and_paired_differences_over_seeds(kind: str, begins: str) -> None:
    known = {
        f"{begins}{seed}.{rung}.{metric}": 0.1 * number + 0.01 * seed + 0.001 * (seed - 92) * (rung == "pinsage")
        for seed in (91, 92, 93)
        for number, rung in enumerate((*PLAIN, *RUNGS))
        for metric in ("hit_rate@50", "mrr")
    }
    result = Result("ladder", 0)
    summarise(result, known)
    summarise(result, known | figures(result))  # what is summarised already is no part of its own
    found = figures(result)
    assert found[f"{kind}.visual.mrr"] == pytest.approx(0.1 * PLAIN.index("visual") + 0.92)
    half = 4.302653 * 0.01 / 3**0.5  # Student's t, two degrees of freedom
    assert found[f"{kind}.visual.mrr.high"] - found[f"{kind}.visual.mrr"] == pytest.approx(half, rel=1e-5)
    better, worse = PAIRS[0]
    assert found[f"{kind}.{better} over {worse}.mrr"] == pytest.approx(0.1)
    assert found[f"{kind}.{better} over {worse}.mrr.low"] == pytest.approx(0.1)  # the same on every seed
    page = ladder_section(
        "ladder", {"figures": [{"name": one, "value": value} for one, value in (known | found).items()]}
    )
    assert f"| {kind}, 3 seeds | hit-rate@50 | MRR | seconds (goal 30) |" in page
    assert f"| visual | {found[f'{kind}.visual.mrr']:.4f} [" in page
    assert f"| steps, {kind} | hit-rate@50 | MRR |" in page
    assert "| text over visual | 0.1000 | 0.1000 |" in page  # all seeds say the same
    assert "| pinsage over pinsage, T=20 | -0.1000 [-0.1025, -0.0975] ▼ | -0.1000 [-0.1025, -0.0975] ▼ |" in page
