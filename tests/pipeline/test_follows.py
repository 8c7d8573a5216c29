"""Accounts to follow as the whole product: actions from users to users, on tables that were simulated for another."""

from pathlib import Path

import pytest
import yaml

from graphrec.config import load_config
from graphrec.evaluation import Evaluation
from graphrec.retrieval.retriever import Retriever
from tests.pipeline.conftest import finished

FOLLOWS = {
    "source": "user", "relation": "follows", "target": "user", "table": "follows.parquet", "source_id": "follower_id",
    "target_id": "followed_id", "time": {"column": "timestamp"}, "role": "action",
}  # fmt: skip
USERS = {"table": "users.parquet", "id": "user_id", "numeric": ["age_days"]}
BY_PAST = "model={hidden_dim: 16, dim: 16, id_vectors: true, svd_start: true, positives: {past: 1}}"


@pytest.mark.parametrize(("nodes", "changes"), [({"user": USERS}, ()), ({"user": USERS, "account": USERS}, (BY_PAST,))])
def test_accounts_are_recommended(
    nodes: dict[str, object], changes: tuple[str, ...], network: Path, tmp_path: Path
) -> None:
    edges = [{**FOLLOWS, "target": list(nodes)[-1]}]
    written = {
        "data": str(network), "store": str(tmp_path / "store"), "nodes": nodes, "edges": edges,
        "features": {"text": {"encoder": "none"}, "image": {"encoder": "none"}},
        "model": {"hidden_dim": 16, "dim": 16, "id_vectors": True}, "training": {"epochs": 2},
        "evaluation": {"baselines": ["popular"]}, "projection": {"method": "pca"},
    }  # fmt: skip
    (tmp_path / "follows.yaml").write_text(yaml.safe_dump(written))
    done = finished(load_config(tmp_path / "follows.yaml", changes))
    evaluation = Evaluation.open(done.store.artifact("latest", "evaluation").path)
    assert set(evaluation.settings) == {"graphrec", "popular"}  # the network's oracle knows flits, and here are none
    found = Retriever.open(Path(done.config.store)).recommend("bird_0007", k=5).ids
    assert len(set(found)) == 5
