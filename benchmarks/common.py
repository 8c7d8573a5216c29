"""What every benchmark shares: arguments, the machine, the result file, the printed table."""

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = ("torch", "numpy", "polars", "numba", "scipy", "hnswlib", "implicit", "transformers")
RESULTS = Path(__file__).parent / "results"


def arguments(name: str, doc: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks take."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=RESULTS / f"{name}.json", help="result file")
    parser.add_argument("--only", default=None, help="run one part and merge it into the result file")
    return parser


def stoppable() -> None:
    """Let a kill (SIGTERM) end a benchmark as Ctrl-C does: together with the servers it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@dataclass
class Result:
    """Figures and tables of one run.

    Attributes:
        name: The benchmark.
        seed: What chance was rooted in.
        figures: ``name``, ``value``, ``unit``, ``better``, ``goal`` each.
        tables: Titles to rows.
    """

    name: str
    seed: int | Sequence[int]
    figures: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def add(
        self, name: str, value: float, *, unit: str = "", better: str = "higher", goal: float | None = None
    ) -> None:
        """Add one figure and print it."""
        self.figures.append({"name": name, "value": value, "unit": unit, "better": better, "goal": goal})
        print(f"{name:48} {value:12.4f} {unit:8}" + ("" if goal is None else f" goal {goal:g}"), flush=True)

    def save(self, out: Path) -> None:
        """Write the result file; figures of parts not run this time are kept, with the machine that measured them."""
        kept: Mapping[str, Any] = json.loads(out.read_text()) if out.is_file() else {}
        names, titles = {one["name"] for one in self.figures}, {one["title"] for one in self.tables}
        figures: list[dict[str, Any]] = [one for one in kept.get("figures", []) if one["name"] not in names]
        tables: list[dict[str, Any]] = [one for one in kept.get("tables", []) if one["title"] not in titles]
        machine = {"cpu": _cpu(), "cores": os.cpu_count(), "gpu": _gpu()}
        value = {
            "benchmark": self.name,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "git": _git(),
            "machine": machine,
            "machines": _machines(kept) | {_part(one): machine for one in self.figures},
            "versions": {name: metadata.version(name) for name in LIBRARIES},
            "seed": self.seed,
            "seconds": round(time.perf_counter() - self.started, 1),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "figures": sorted(figures + self.figures, key=lambda one: str(one["name"])),
            "tables": tables + self.tables,
        }
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(value, indent=1) + "\n")


def _machines(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the machine of each part of a result file; files of old name one for all."""
    parts = {_part(one): kept["machine"] for one in kept.get("figures", [])}
    return parts | dict(kept.get("machines", {}))


def _part(figure: Mapping[str, Any]) -> str:
    return str(figure["name"]).split(".")[0]


def _git() -> str:
    """Return the commit, marked where the tree has changes."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    done = subprocess.run([git, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() or "unknown"


def _gpu() -> str | None:
    """Return the name of the GPU that torch sees."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def _cpu() -> str:
    """Return the processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
