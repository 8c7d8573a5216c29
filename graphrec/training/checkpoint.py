"""Models on disk, and checkpoints from which a killed training goes on to the same result."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from graphrec.errors import ArtifactError
from graphrec.graph.graph import Triplet
from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.config.two_tower import TwoTowerConfig
from graphrec.models.lookup import Fitted, Lookup
from graphrec.models.pinsage import PinSage
from graphrec.models.two_tower import TowerShape, TwoTower
from graphrec.regression import ContentMap

FITTED = ("vectors", "known", "lengths")
"""What a fit holds of each node type."""
TRANSLATIONS, START = "translations", "start/"
Trained = PinSage | Lookup | TwoTower
"""A trained model of any preset."""


def save_model(model: Trained, folder: Path) -> None:
    """Write ``model.safetensors`` and ``model.json`` into ``folder``."""
    shape: dict[str, Any] = {"config": model.config.model_dump(mode="json")}
    if isinstance(model, PinSage):
        shape["input_dims"] = {t: layer.in_features for t, layer in _linears(model).items()}
        shape |= {"num_nodes": model.num_nodes, "biased": list(model.bias)}
        tensors = dict(model.state_dict())
    elif isinstance(model, TwoTower):
        shape |= asdict(model.shape)
        tensors = dict(model.state_dict())
    else:
        shape |= {"actions": model.actions, "until_s": model.until_s}
        shape["relations"] = [list(one) for one in model.fitted.translations]
        tensors = _lookup_tensors(model)
    (folder / "model.json").write_text(json.dumps(shape, indent=1))
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors")


def load_model(folder: Path) -> Trained:
    """Read what :func:`save_model` wrote."""
    shape = json.loads((folder / "model.json").read_text())
    tensors = load_file(folder / "model.safetensors")
    settings = shape["config"]
    if settings["preset"] == "pinsage":
        biased = shape.get("biased", ())  # versions from before a bias was learnt name none
        model = PinSage(PinSageConfig.parse(settings), shape["input_dims"], shape["num_nodes"], biased)
        model.load_state_dict(tensors)
        return model
    actions: list[Triplet] = [(one[0], one[1], one[2]) for one in shape["actions"]]
    if settings["preset"] == "two_tower":
        stood = TowerShape(tuple(actions), shape["widths"], shape["num_flits"])
        towers = TwoTower(TwoTowerConfig.parse(settings), stood)
        towers.load_state_dict(tensors)
        return towers
    config = (TwhinConfig if settings["preset"] == "twhin" else LightGCNConfig).parse(settings)
    relations: list[Triplet] = [(one[0], one[1], one[2]) for one in shape["relations"]]
    return _lookup(Lookup(config, tuple(actions), Fitted({}, {}), {}, shape["until_s"]), relations, tensors)


def _lookup_tensors(model: Lookup) -> dict[str, Tensor]:
    """Return what a lookup model learned, and what it started from, as named tensors."""
    arrays = _fitted_arrays(model.fitted, list(model.content))
    for node_type, content in model.content.items():
        arrays |= {f"{node_type}/weight": content.weight, f"{node_type}/shift": content.shift}
    if model.start is not None:
        started = _fitted_arrays(model.start, list(model.start.vectors))
        arrays |= {f"{START}{name}": array for name, array in started.items()}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _fitted_arrays(fitted: Fitted, types: Sequence[str]) -> dict[str, Any]:
    """Return the vectors of some node types, and all translations one below the other, as named arrays."""
    arrays = {f"{t}/{name}": getattr(fitted, name)[t] for t in types for name in FITTED if t in getattr(fitted, name)}
    if fitted.translations:
        arrays[TRANSLATIONS] = np.stack(list(fitted.translations.values()))
    return arrays


def _lookup(empty: Lookup, relations: Sequence[Triplet], tensors: Mapping[str, Tensor]) -> Lookup:
    """Fill a lookup model with what :func:`_lookup_tensors` gave."""
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    started = {name.removeprefix(START): one for name, one in arrays.items() if name.startswith(START)}
    learnt = {name: one for name, one in arrays.items() if not name.startswith(START)}
    types = sorted({name.rsplit("/", 1)[0] for name in learnt if name != TRANSLATIONS})
    maps = {t: ContentMap(learnt[f"{t}/weight"], learnt[f"{t}/shift"]) for t in types}
    start = _fitted_of(started, relations) if started else None
    return replace(empty, fitted=_fitted_of(learnt, relations), content=maps, start=start)


def _fitted_of(arrays: Mapping[str, Any], relations: Sequence[Triplet]) -> Fitted:
    """Return what :func:`_fitted_arrays` gave."""
    vectors, known, lengths = (
        {name.rsplit("/", 1)[0]: one for name, one in arrays.items() if name.endswith(f"/{part}")} for part in FITTED
    )
    return Fitted(vectors, known, lengths, dict(zip(relations, arrays.get(TRANSLATIONS, ()), strict=True)))


def _linears(model: PinSage) -> dict[str, torch.nn.Linear]:
    """Return the projections, whose input widths are the model's."""
    return {t: layer for t, layer in model.project.items() if isinstance(layer, torch.nn.Linear)}


@dataclass
class Checkpoint:
    """Everything a training needs to go on: weights, optimiser moments, the best weights so far and the log."""

    epoch: int
    weights: Mapping[str, Tensor]
    best: Mapping[str, Tensor]
    moments: Mapping[str, Tensor]
    log: list[dict[str, float]]

    def save(self, path: Path) -> None:
        """Replace ``path`` at once: a reader sees the old checkpoint or the new one, never half of one."""
        tensors = {}
        for part in ("weights", "best", "moments"):
            tensors.update({f"{part}/{name}": t.contiguous().clone() for name, t in getattr(self, part).items()})
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        save_file(tensors, temporary, metadata={"epoch": str(self.epoch), "log": json.dumps(self.log)})
        os.replace(temporary, path)

    @classmethod
    def open(cls, path: Path) -> "Checkpoint":
        """Read what :meth:`save` wrote.

        Raises:
            ArtifactError: If the file is not a checkpoint.
        """
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "moments": {}}
        try:
            with safe_open(path, framework="pt") as file:
                meta = file.metadata()
                for key in file.keys():  # noqa: SIM118 - a safetensors file is no mapping
                    part, name = key.split("/", 1)
                    parts[part][name] = file.get_tensor(key)
            return cls(int(meta["epoch"]), parts["weights"], parts["best"], parts["moments"], json.loads(meta["log"]))
        except Exception as error:  # safetensors raises its own kinds for a torn or foreign file
            raise ArtifactError(
                f"checkpoint {path.name} must be whole (got {error}); delete it to start over"
            ) from error


def moments_of(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return Adam's moments and step counters as named tensors."""
    state = optimiser.state_dict()["state"]
    named = {f"{place}/{name}": value for place, entry in state.items() for name, value in entry.items()}
    return {name: torch.as_tensor(value).cpu() for name, value in named.items()}


def restore_moments(optimiser: torch.optim.Optimizer, moments: Mapping[str, Tensor]) -> None:
    """Put back what :func:`moments_of` took."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        place, name = key.split("/", 1)
        state.setdefault(int(place), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
