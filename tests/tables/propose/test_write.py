import yaml

from graphrec.tables.propose.guess import Guess
from graphrec.tables.propose.write import flow, written


def test_reasons_stand_as_comments_and_values_survive_yaml() -> None:
    node = Guess()
    node.set("table", "a b: c.csv", "because " + "of it " * 40)
    node.set("id", "on")
    node.set("join", [{"table": "x", "on": {"a": "b"}}])
    edge = Guess(unsure=["look here"])
    edge.set("source", "user")
    edge.set("where", {"kind": "yes"}, "three rows")
    edge.note("one")
    edge.note("two")
    text = written("./data: x", {"no": node}, [edge], {"model": Guess({"dim": 3})})
    assert max(map(len, text.splitlines())) <= 120
    assert "# UNSURE: look here" in text
    assert "# one; two" in text
    read = yaml.safe_load(text)
    assert read["data"] == "./data: x"
    assert read["nodes"]["no"] == {"table": "a b: c.csv", "id": "on", "join": [{"table": "x", "on": {"a": "b"}}]}
    assert read["edges"] == [{"source": "user", "where": {"kind": "yes"}}]
    assert read["model"] == {"dim": 3}


def test_flow_is_one_line_of_yaml() -> None:
    for value in ("no", "1", None, 0.5, ["a, b", "c"], {"a": {"b": "x" * 300}}, "\u00e9t\u00e9"):
        assert "\n" not in flow(value)
        assert yaml.safe_load(flow(value)) == value
