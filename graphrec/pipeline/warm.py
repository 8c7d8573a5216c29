"""An earlier version that TwHIN's vectors start from: whether it fits, and its vectors in the rows of this run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from graphrec.arrays import RowVector
from graphrec.errors import ArtifactError, ConfigError, DataError
from graphrec.graph.graph import Triplet
from graphrec.ids import IdMap
from graphrec.models.config.preset import PresetConfig
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.lookup import Fitted, Lookup
from graphrec.store import Artifact, Store
from graphrec.training.checkpoint import load_model

NAME = "model.warm_start.version"


@dataclass(frozen=True)
class Earlier:
    """An earlier version.

    Attributes:
        version: Its name.
        model: Its model.
        tables: Its tables, which hold the ids.
    """

    version: str
    model: Artifact
    tables: Artifact

    @property
    def inputs(self) -> dict[str, Artifact]:
        """What a stage reads of it."""
        return {"earlier_model": self.model, "earlier_tables": self.tables}


def earlier_of(model: PresetConfig, store: Store) -> Earlier | None:
    """Return the version that a preset shall start from; ``None`` where it starts from noise.

    Raises:
        ConfigError: If there is no such version.
    """
    if not isinstance(model, TwhinConfig) or model.warm_start is None:
        return None
    told = model.warm_start
    opened = store if told.store is None else Store(told.store)
    try:
        found = opened.resolve(told.version)
        return Earlier(found.name, opened.artifact(found, "model"), opened.artifact(found, "tables"))
    except ArtifactError as error:
        raise ConfigError(
            f"{NAME} must name a version to start from (got {told.version!r}: {error}); leave warm_start out of the "
            "first run"
        ) from error


def start_of(
    earlier: Earlier, ids: Mapping[str, IdMap], config: TwhinConfig, relations: Sequence[Triplet], *, at_s: int | None
) -> Fitted:
    """Return the vectors of an earlier version in the rows of this run.

    Args:
        earlier: The version.
        ids: Id map per node type of this run.
        config: Settings of this run.
        relations: What it learns from.
        at_s: Where its validation window begins; ``None`` where actions are undated.

    Raises:
        ConfigError: If the version is of another preset, width or relations.
        DataError: If it may know what this run validates on.
    """
    model = load_model(earlier.model.path)
    _check_kind(earlier.version, model.config.preset, model.config.dim, config)
    assert isinstance(model, Lookup)
    before, now = set(model.fitted.translations), set(relations)
    if before != now:
        more, less = (_named(one) for one in (now - before, before - now))
        raise ConfigError(
            f"{NAME} must name a version with the relations of this run (got {earlier.version}, which lacks {more} and "
            f"has beside them {less}); set model.relations alike, or leave warm_start out"
        )
    if at_s is None or model.until_s is None:
        raise DataError(
            "model.warm_start must be left out where actions are undated: an earlier version may know those that are "
            "hidden to validate on"
        )
    if model.until_s > at_s:
        raise DataError(
            f"{NAME} must name a version whose model knows nothing of this run's validation window, which begins at "
            f"{at_s} (got {earlier.version}, whose model knows all until {model.until_s}); name an older one"
        )
    return model.fitted.found({t: _rows(earlier, t, own) for t, own in ids.items() if t in model.fitted.vectors})


def _named(relations: set[Triplet]) -> str:
    return ", ".join("-".join(one) for one in sorted(relations)) or "none"


def _check_kind(version: str, preset: str, dim: int, config: TwhinConfig) -> None:
    if preset != config.preset:
        raise ConfigError(f"{NAME} must name a version of preset {config.preset} (got {version}, of {preset})")
    if dim != config.dim:
        raise ConfigError(f"{NAME} must name a version of model.dim {config.dim} (got {version}, of {dim})")


def _rows(earlier: Earlier, node_type: str, ids: IdMap) -> RowVector:
    """Return the row that each node had in the earlier version, -1 where it is new."""
    known = pl.read_parquet(earlier.tables.path / f"nodes_{node_type}.parquet", columns=["id"])["id"]
    if known.dtype != ids.series.dtype:
        raise ConfigError(
            f"{NAME} must name a version whose {node_type} ids are {ids.series.dtype} (got {earlier.version}, with "
            f"{known.dtype})"
        )
    return IdMap(known).rows(ids.series, missing=-1)
