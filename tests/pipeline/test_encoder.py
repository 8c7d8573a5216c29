from graphrec.config import load_config
from graphrec.models.config.twhin import TwhinConfig
from graphrec.pipeline.encoder import weighed
from tests.pipeline.conftest import FLUTTER
from tests.training.test_twhin import graph_of


def test_relations_count_as_their_edges_are_declared() -> None:
    edges = load_config(FLUTTER).edges
    relations = {("user", name, "flit"): [(0, 0)] for name in ("likes", "shares", "views")}
    graph = graph_of({"user": 1, "flit": 1}, {**relations, ("user", "clicks", "flit"): []})
    found = weighed(TwhinConfig(), edges, graph)
    assert found.relations == {"likes": 1.0, "shares": 1.5, "views": 0.1}
    named = TwhinConfig(relations={"likes": 3.0})
    assert weighed(named, edges, graph) == named


def test_a_weight_in_a_column_counts_one() -> None:
    edges = [one.model_copy(update={"weight": "plays"}) for one in load_config(FLUTTER).edges]
    graph = graph_of({"user": 1, "flit": 1}, {("user", "likes", "flit"): [(0, 0)]})
    assert weighed(TwhinConfig(), edges, graph).relations == {"likes": 1.0}
