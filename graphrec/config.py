"""The config file: YAML read into frozen sections, with overrides, before anything runs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import model_validator

from graphrec.engine.config import RuntimeConfig
from graphrec.errors import ConfigError
from graphrec.evaluation.config import EvaluationConfig, SearchConfig
from graphrec.features.config import FeatureConfig, FinetuneConfig
from graphrec.graph.neighbourhoods import NeighbourhoodConfig
from graphrec.index.config import IndexConfig
from graphrec.interests.config import InterestConfig
from graphrec.models.config.factors import FactorConfig
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.config.preset import PresetConfig
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.config.two_tower import TwoTowerConfig
from graphrec.projection.config import ProjectionConfig
from graphrec.retrieval.config import ListsConfig, RetrievalConfig
from graphrec.tables.config import InputConfig
from graphrec.training.config import TrainingConfig


class RunConfig(InputConfig):
    """Everything a run reads."""

    data: str = "./data"
    """Root of the tables; relative to the config file (from ``--set``: to the working directory), or a URI such as
    ``s3://bucket/tables``."""
    store: str = "./store"
    """Where artifacts and versions go; relative like ``data``."""
    as_of: datetime | None = None
    """"Now" in UTC; ``None`` takes the instant after the newest event."""
    features: FeatureConfig = FeatureConfig()
    """Text, image and column encoders."""
    neighbourhoods: NeighbourhoodConfig = NeighbourhoodConfig()
    """Random walks."""
    model: PresetConfig = PinSageConfig()
    """Encoder and objective: the settings of one preset, ``pinsage`` unless it says otherwise."""
    training: TrainingConfig = TrainingConfig()
    """Epochs, batches, windows."""
    factors: FactorConfig = FactorConfig()
    """Collaborative factors."""
    interests: InterestConfig = InterestConfig()
    """PinnerSage."""
    index: IndexConfig = IndexConfig()
    """HNSW."""
    retrieval: RetrievalConfig = RetrievalConfig()
    """Merging and the prior."""
    lists: ListsConfig = ListsConfig()
    """What is answered ahead."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """Split, metrics, baselines."""
    projection: ProjectionConfig = ProjectionConfig()
    """The map of the space."""
    finetune: FinetuneConfig = FinetuneConfig()
    """What ``graphrec finetune-text`` does."""
    search: SearchConfig = SearchConfig()
    """What ``graphrec tune`` tries."""
    runtime: RuntimeConfig = RuntimeConfig()
    """Where work runs."""

    @model_validator(mode="after")
    def _model_reads_what_is_there(self) -> Self:
        made = self.features.blocks(self.nodes)
        named = self.model.blocks if isinstance(self.model, PinSageConfig) else None
        missing = [name for name in named or () if name not in made]
        if missing:
            raise ValueError(
                f"RunConfig.model.blocks must name content that the features hold (got {missing[0]!r}, have "
                f"{', '.join(made) or 'none'}); declare its columns in nodes, switch its encoder on, or leave it out"
            )
        if self.features.image.encoder == "transformer" and "image" not in made:
            raise ValueError(
                "RunConfig.features.image.encoder must be 'none' where no node type declares an `image` column (got "
                "'transformer'); declare one, or set none"
            )
        return self

    @model_validator(mode="after")
    def _lengths_are_there(self) -> Self:
        if not self.model.lengths and self.index.length_exponent not in (0, "auto"):
            raise ValueError(
                f"RunConfig.index.length_exponent must be 0 or 'auto' with preset {self.model.preset}, whose vectors "
                f"are compared by cosine and have no lengths (got {self.index.length_exponent})"
            )
        return self

    @model_validator(mode="after")
    def _actions_join_what_the_model_tells_apart(self) -> Self:
        within = [one for one in self.edges if one.role == "action" and one.source == one.target]
        if within and not isinstance(self.model, TwhinConfig) and self._reader != "preset pinsage":
            raise ValueError(
                f"RunConfig.edges must lead actions to another node type with {self._reader}, which learns users and "
                f"what they act on apart (got {within[0].relation} from {within[0].source} to {within[0].target}); "
                "declare the same table as a second node type and make it the target, or take pinsage by windows"
            )
        return self

    @model_validator(mode="after")
    def _every_setting_is_read(self) -> Self:
        for section, names in self.unread.items():
            given = sorted(names & getattr(self, section).model_fields_set)
            if given:
                raise ValueError(
                    f"RunConfig.{section}.{given[0]} must not be set with {self._reader}, which does not read it; take "
                    f"{', '.join(given)} out of {section}"
                )
        return self

    @property
    def _reader(self) -> str:
        past = isinstance(self.model, PinSageConfig) and self.model.by_past
        return "model.positives past" if past else f"preset {self.model.preset}"

    @property
    def walks(self) -> bool:
        """Whether the preset reads neighbourhoods."""
        return isinstance(self.model, PinSageConfig)

    @property
    def trains(self) -> bool:
        """Whether the preset learns an encoder by the section ``training``, and not vectors per node by its own."""
        return isinstance(self.model, PinSageConfig | TwoTowerConfig)

    @property
    def unread(self) -> dict[str, set[str]]:
        """Section to its settings that the preset does not read: vectors per node need no walks and no snapshots."""
        if isinstance(self.model, PinSageConfig):
            return {"training": {"windows"}} if self.model.by_past else {}
        walks = {"neighbourhoods": set(NeighbourhoodConfig.model_fields)}
        if self.trains:
            return walks
        training = set(TrainingConfig.model_fields) - {"window_days", "hidden_share", "seed"}
        return {"training": training, **walks, "runtime": {"training_workers"}}

    def settings(self) -> dict[str, Any]:
        """Return every setting that the run reads as plain values, which a config file may hold."""
        return self.model_dump(mode="json", exclude=dict(self.unread))

    @property
    def as_of_s(self) -> int | None:
        """``as_of`` in seconds since 1970; a time without a zone is UTC, whatever zone the machine lives in."""
        if self.as_of is None:
            return None
        return round((self.as_of if self.as_of.tzinfo else self.as_of.replace(tzinfo=UTC)).timestamp())

    @property
    def input(self) -> InputConfig:
        """The declared schema alone."""
        return InputConfig(**{name: getattr(self, name) for name in InputConfig.model_fields})


def load_config(path: Path | str, overrides: Sequence[str] = (), *, absolute: bool = False) -> RunConfig:
    """Read a config file.

    Args:
        path: A YAML file.
        overrides: ``a.b=value`` settings, each value read as YAML.
        absolute: Refuse relative paths: a job's working directory is a copy that goes away.

    Raises:
        ConfigError: If the file is missing, is no mapping, or a setting breaks a rule.
    """
    path = Path(path)
    values = read_values(path)
    places = dict.fromkeys(("data", "store"), path.parent)
    for name in places:
        values.setdefault(name, RunConfig.model_fields[name].default)
    for override in overrides:
        places |= dict.fromkeys({_apply(values, override)} & places.keys(), Path.cwd())
    for name, base in places.items():
        if isinstance(values[name], str):
            values[name] = _located(name, values[name], base, absolute)
    warm = values["model"].get("warm_start") if isinstance(values.get("model"), dict) else None
    if isinstance(warm, dict) and isinstance(warm.get("store"), str):
        told = any(one.startswith("model") and "store" in one for one in overrides)
        warm["store"] = _located("model.warm_start.store", warm["store"], Path.cwd() if told else path.parent, absolute)
    return RunConfig.parse(values)


def read_values(path: Path | str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Read a config file as it stands, unchecked but for being a mapping.

    Args:
        path: A YAML file.
        overrides: ``a.b=value`` settings to put in.

    Raises:
        ConfigError: If the file is missing or is no mapping.
    """
    path = Path(path)
    try:
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} must be UTF-8 text (got byte {error.start} that is not)") from error
    except OSError as error:
        raise ConfigError(f"config must be a readable file (got {str(path)!r}: {error.strerror})") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} must be YAML (got {str(error).splitlines()[0]})") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must hold a mapping of settings (got {type(values).__name__})")
    for override in overrides:
        _apply(values, override)
    return values


def _located(name: str, value: str, base: Path, absolute: bool) -> str:
    """Return a path relative to ``base`` as an absolute one; URIs stay."""
    if "://" in value:
        return value
    path = Path(value).expanduser()
    if absolute and not path.is_absolute():
        raise ConfigError(
            f"{name} must be an absolute path or a URI in a job (got {value!r}): its working directory is a copy that "
            f"goes away; give one that every machine can reach: --set {name}=/shared/{name} or s3://bucket/{name}"
        )
    return str((base / path).resolve())


def _apply(values: dict[str, Any], override: str) -> str:
    """Put one ``a.b=value`` into ``values`` and return its key."""
    key, sign, text = override.partition("=")
    if not sign or not key:
        raise ConfigError(f"--set must read name=value (got {override!r})")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {key} must be given a YAML value (got {text!r})") from error
    if key in ("data", "store"):
        value = str(value)
    *parents, last = key.split(".")
    target: Any = values
    for parent in parents:
        inner = target.setdefault(parent, {}) if isinstance(target, dict) else None
        if not isinstance(inner, Mapping):
            raise ConfigError(f"--set {key} must name a setting inside sections (got {parent!r}, which holds a value)")
        target = inner
    target[last] = value
    return key
