"""Schemathesis on the service's own description: whatever it makes of the schema, no answer is a 5xx.

    pip install -e '.[bench]' -c constraints.txt

Half of the cases come from the description as it is served, where most ids are unknown; the other half from the same
description with ids of the store named in it, so that they reach what lies behind.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.common import Result
from benchmarks.reliability.options import Options
from benchmarks.serving.servers import service
from graphrec.retrieval.retriever import Retriever

CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
PHASES = ("coverage", "fuzzing")
EXAMPLES = 400
"""Cases per operation and round at most; some operations have no more than one."""
NAMED = 5
"""Ids of each type named in the second half."""
TEXT_ID = {"maxLength": 256, "minLength": 1, "type": "string"}
"""How the description says that something is an id."""


def run(result: Result, options: Options) -> None:
    """Send cases until there are enough, each round with a seed of its own."""
    if find_spec("schemathesis") is None:
        raise SystemExit("schemathesis must be there (got none); pip install -e '.[bench]' -c constraints.txt")
    with service(options.store) as (port, _, _), tempfile.TemporaryDirectory() as folder:
        described = httpx2.get(f"http://127.0.0.1:{port}/openapi.json").json()
        known = Path(folder) / "known.json"
        known.write_text(json.dumps(with_known_ids(described, _ids(options.store))))
        cases, found = Counter[str](), list[dict[str, Any]]()
        for name, schema in (("plain", f"http://127.0.0.1:{port}/openapi.json"), ("known", str(known))):
            while cases[name] < options.count / 2:
                report = _round(schema, port, options.seed + len(found), Path(folder))
                cases[name] += report["test_cases"]["generated"]
                found.append(report)
        statuses = _statuses(port)
    result.add("api.operations", found[0]["operations"]["tested"])
    result.add("api.cases", cases.total(), goal=options.count)
    result.add("api.cases_with_known_ids", cases["known"])
    failed = sum(one["test_cases"]["with_failures"] for one in found)
    result.add("api.failed_cases", failed, better="lower", goal=0)
    result.add("api.unanswered", sum(one["test_cases"]["errored"] for one in found), better="lower", goal=0)
    result.add("api.answered_200", statuses["200"])
    result.add("api.answered_503", statuses["503"], better="lower", goal=0)
    other = sum(number for status, number in statuses.items() if status >= "500" and status != "503")
    result.add("api.answered_5xx", other, better="lower", goal=0)


def with_known_ids(described: dict[str, Any], ids: dict[str, list[Any]]) -> dict[str, Any]:
    """Return a description in which ids of the store stand beside any others.

    Args:
        described: The service's description.
        ids: Of users, for the paths, and of all types, for the bodies.
    """

    def named(value: Any) -> Any:
        if value == TEXT_ID:
            return {"anyOf": [{"enum": ids["all"]}, TEXT_ID]}
        if isinstance(value, dict):
            return {name: named(one) for name, one in value.items()}
        return [named(one) for one in value] if isinstance(value, list) else value

    found: dict[str, Any] = named(described)
    for operations in found["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "user":
                    parameter["schema"] = {"enum": ids["user"]}
    return found


def _ids(store: str) -> dict[str, list[Any]]:
    """Return a few users and flits of the newest version."""
    bundle = Retriever.open(store).bundle
    types = {"user": bundle.settings.user_type, "flit": bundle.settings.flit_type}
    found = {name: bundle.ids[node_type].series.to_list()[:NAMED] for name, node_type in types.items()}
    return {**found, "all": [*found["flit"], *found["user"]]}


def _round(schema: str, port: int, seed: int, folder: Path) -> dict[str, Any]:
    """Run schemathesis once and return its report."""
    report = folder / f"{seed}.json"
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", schema, "--url", f"http://127.0.0.1:{port}",
        "--seed", str(seed), "--phases", ",".join(PHASES), "--max-examples", str(EXAMPLES), "--checks",
        ",".join(CHECKS), "--continue-on-failure", "--report", "json", "--report-json-path", str(report),
        "--output-sanitize", "false", "--warnings", "off", "--suppress-health-check", "all", "--request-timeout", "60",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)  # noqa: S603
    if not report.is_file():
        raise SystemExit(f"schemathesis must run (got exit code {done.returncode}): {done.stdout}{done.stderr}")
    if done.returncode:
        print(done.stdout[-6000:])
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def _statuses(port: int) -> Counter[str]:
    """Return how many answers of each status the service says it gave."""
    found = Counter[str]()
    for line in httpx2.get(f"http://127.0.0.1:{port}/metrics").text.splitlines():
        if line.startswith("graphrec_requests_total{"):
            labels, _, number = line.rpartition(" ")
            found[labels.rpartition('status="')[2][:3]] += int(float(number))
    return found
