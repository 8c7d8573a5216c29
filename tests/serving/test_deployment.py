"""The same application as a Ray Serve deployment, and the settings that are shipped for it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from graphrec.errors import ConfigError
from graphrec.serving.config import ServingConfig

pytest.importorskip("ray.serve")
DEPLOY = Path(__file__).parents[2] / "deploy"
MANIFEST = yaml.safe_load((DEPLOY / "kuberay" / "rayservice.yaml").read_text())
CONFIGS = {
    "kuberay": yaml.safe_load(MANIFEST["spec"]["serveConfigV2"]),
    "one machine": yaml.safe_load((DEPLOY / "serve.yaml").read_text()),
}


def test_a_cluster_needs_tokens(tmp_path: Path) -> None:
    from graphrec.serving.deployment import Replica, app

    with pytest.raises(ConfigError, match="tokens must be given on a cluster"):
        app(ServingConfig(store=str(tmp_path)))
    with pytest.raises(ConfigError, match="tokens must be given on a cluster"):
        Replica({"store": str(tmp_path)})


@pytest.mark.parametrize("name", ["store", "state", "tokens"])
def test_a_cluster_needs_absolute_paths(name: str, tmp_path: Path) -> None:
    from graphrec.serving.deployment import app

    places = dict.fromkeys(("store", "state", "tokens"), str(tmp_path)) | {name: "here"}
    with pytest.raises(ConfigError, match=f"{name} must be an absolute path on a cluster"):
        app(ServingConfig.parse(places))


def test_what_the_manifest_names_is_mounted() -> None:
    config = ServingConfig.parse(CONFIGS["kuberay"]["applications"][0]["args"])
    (container,) = MANIFEST["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["template"]["spec"]["containers"]
    mounted = [one["mountPath"] for one in container["volumeMounts"]]
    for path in (config.store, str(config.state_path), str(config.tokens)):
        assert any(path.startswith(f"{one}/") for one in mounted)


@pytest.mark.parametrize(("name", "value"), [("host", "0.0.0.0"), ("port", 80), ("workers", 2)])
def test_a_cluster_takes_no_setting_that_is_rays(name: str, value: object) -> None:
    from graphrec.serving.deployment import app

    with pytest.raises(ConfigError, match=f"{name} must be left to Ray on a cluster"):
        app(ServingConfig.parse({"store": "/s", "tokens": "/t", name: value}))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_shipped_config_is_one_that_ray_takes(config: dict[str, Any]) -> None:
    """All of it: what Ray does not know, it passes over without a word."""
    from ray.serve.config import AutoscalingConfig
    from ray.serve.schema import ServeDeploySchema

    from graphrec.serving.deployment import NAME, app

    taken = ServeDeploySchema.model_validate(config)
    assert told(config) == told(taken.model_dump(exclude_unset=True))
    (application,) = config["applications"]
    assert application["import_path"] == "graphrec.serving:app"
    app(ServingConfig.parse(application["args"]))
    (deployment,) = application["deployments"]
    assert deployment["name"] == NAME
    scaling = deployment.get("autoscaling_config", {})
    assert set(scaling) <= set(AutoscalingConfig(**scaling).model_dump())


def told(value: object, place: str = "") -> set[str]:
    """Return the places of a tree's leaves."""
    if isinstance(value, dict) and value and not place.endswith(".args"):
        return {leaf for name, inner in value.items() for leaf in told(inner, f"{place}.{name}")}
    if isinstance(value, list):
        return {leaf for inner in value for leaf in told(inner, f"{place}[]")}
    return {place}
