"""The shipped Grafana dashboard asks for what a running service tells."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from graphrec.store import Store
from tests.serving.world import publish, serving, until

FILE = Path(__file__).parents[2] / "deploy" / "grafana" / "graphrec.json"
PANELS = json.loads(FILE.read_text())["panels"]
QUERIES = [(one["expr"], one["legendFormat"]) for panel in PANELS for one in panel["targets"]]
SERIES = re.compile(r"(graphrec_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=|!=)"([^"]*)"')
Samples = Mapping[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Labels of each sample, by name, after one of everything that is counted."""
    folder = tmp_path_factory.mktemp("dashboard")
    store = Store(folder / "store")
    publish(store, 0)
    with serving(store.root, folder) as running:
        assert running.candidates() == running.candidates()  # the second from memory
        running.post("/v1/events", events=[{"event_id": "1", "user": "u2", "flit": "f7", "kind": "like"}])
        running.post("/v1/recommend", scope=None)
        name = publish(store, 20)
        until(lambda: running.ask("GET", "/version").json()["version"] == name)
        text = running.ask("GET", "/metrics").text
    found = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name].append(sample.labels)
    return found


@pytest.mark.parametrize(("query", "legend"), QUERIES)
def test_a_query_finds_its_series(query: str, legend: str, told: Samples) -> None:
    series = SERIES.findall(query)
    assert series
    shared = set.intersection(*({label for one in told[name] for label in one} for name, _ in series))
    by = {label for group in re.findall(r"by \(([^)]*)\)", query) for label in re.split(r",\s*", group)}
    assert by <= shared
    assert set(re.findall(r"{{(\w+)}}", legend)) <= by
    for name, matchers in series:
        wanted = MATCHER.findall(matchers)
        assert any(all((one[label] == value) == (sign == "=") for label, sign, value in wanted) for one in told[name])


def test_every_count_is_shown(told: Samples) -> None:
    shown = {name for query, _ in QUERIES for name, _ in SERIES.findall(query)}
    assert shown == {name for name in told if not name.endswith(("_count", "_sum", "_created"))}
