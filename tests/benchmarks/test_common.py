"""A result file holds what was measured where, part by part."""

import json
from pathlib import Path

from benchmarks.common import Result


def measured(part: str, value: float, out: Path) -> None:
    result = Result("made_up", 1)
    result.add(f"{part}.figure", value)
    result.save(out)


def test_parts_not_run_this_time_keep_figures_and_machine(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    measured("first", 1, out)
    before = json.loads(out.read_text())
    elsewhere = {"cpu": "another", "cores": 64, "gpu": None}
    out.write_text(json.dumps(before | {"machine": elsewhere, "machines": {"first": elsewhere}}))
    measured("second", 2, out)
    measured("second", 3, out)
    after = json.loads(out.read_text())
    assert after["machine"] == before["machine"]
    assert after["machines"] == {"first": elsewhere, "second": before["machine"]}
    assert {one["name"]: one["value"] for one in after["figures"]} == {"first.figure": 1, "second.figure": 3}


def test_a_file_of_old_names_one_machine_for_all_its_parts(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    measured("first", 1, out)
    elsewhere = {"cpu": "another", "cores": 64, "gpu": None}
    old = json.loads(out.read_text()) | {"machine": elsewhere}
    del old["machines"]
    out.write_text(json.dumps(old))
    measured("second", 2, out)
    after = json.loads(out.read_text())
    assert after["machines"] == {"first": elsewhere, "second": after["machine"]}
