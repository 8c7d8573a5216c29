"""The same application as a Ray Serve deployment."""

from pathlib import Path

import pytest
import yaml

from graphrec.errors import ConfigError
from graphrec.serving.config import ServingConfig
from tests.serving.world import TOKENS

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_a_cluster_needs_tokens(tmp_path: Path) -> None:
    pytest.importorskip("ray.serve")
    from graphrec.serving import app

    with pytest.raises(ConfigError, match="tokens must be given on a cluster"):
        app(ServingConfig(store=str(tmp_path)))


def test_the_shipped_manifest_gives_settings_that_exist() -> None:
    service = yaml.safe_load((DEPLOY / "kuberay" / "rayservice.yaml").read_text())
    (application,) = yaml.safe_load(service["spec"]["serveConfigV2"])["applications"]
    assert application["import_path"] == "graphrec.serving:app"
    config = ServingConfig.parse(application["args"])
    volumes = service["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]
    mounted = [one["mountPath"] for one in volumes["volumeMounts"]]
    for path in (config.store, str(config.state_path), str(config.tokens)):
        assert any(path.startswith(f"{one}/") for one in mounted)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_replica_answers_as_a_worker_does(planted_store: Path, tmp_path: Path) -> None:
    ray = pytest.importorskip("ray")
    from ray import serve

    import graphrec as gr
    from graphrec.retrieval.retriever import Retriever
    from graphrec.serving import app

    (tmp_path / "tokens").write_text(f"admin {TOKENS['admin']}\n")
    settings = {"store": str(planted_store), "state": str(tmp_path / "s"), "tokens": str(tmp_path / "tokens")}
    ray.init("local", num_cpus=2, include_dashboard=False, configure_logging=False)  # whatever cluster others started
    try:
        serve.start(http_options={"port": 8765})
        serve.run(app(ServingConfig.parse(settings)))
        with gr.Client("http://127.0.0.1:8765", TOKENS["admin"]) as client:
            expected = Retriever.open(planted_store).recommend("u1", 5).ids
            assert [one.id for one in client.recommend("u1", 5).candidates] == expected
            assert client.act("u1", expected[0], "like").stored == 1
            assert expected[0] not in [one.id for one in client.recommend("u1", 5).candidates]
            assert client.forget("a/b").forgotten
            assert client.act("a/b", expected[0], "like").forgotten == 1
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]
        ray.shutdown()
