"""The bundle: everything retrieval needs, in one artifact, so that an answer never mixes versions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import BoolVector, FloatVector, RowVector
from graphrec.history import DAY_S, Actions, History
from graphrec.ids import IdMap
from graphrec.index import CachedIndex, IndexConfig, VectorIndex, build_index, open_index
from graphrec.interests import InterestConfig, Interests, ServedInterests, UserInterests
from graphrec.retrieval.factors import FactorSource
from graphrec.retrieval.paths import Actors
from graphrec.retrieval.scored import order_of
from graphrec.retrieval.shelf import Query, Shelf, Weights
from graphrec.vectors import Embeddings

DISPLAY = "catalogue.parquet"
PLAIN = ("user_type", "flit_type", "as_of_s", "budget", "cold_share", "author")


@dataclass(frozen=True)
class Settings:
    """The resolved numbers that retrieval runs by.

    Attributes:
        user_type: Node type of those who act.
        flit_type: Node type of what is recommended.
        as_of_s: "Now" of the bundle, seconds since 1970 UTC; ``None`` for undated data.
        weights: How similarity, importance, factors and prior add up.
        cold_weights: The same among flits nobody has acted on yet.
        budget: Neighbours drawn in all per answer.
        cold_share: Share of the places kept for flits nobody has acted on yet.
        interests: Clustering and serving, with a resolved ``merge_cosine``.
        text_columns: Columns of the catalogue shown as a flit's text.
        flags: Columns of the catalogue that say a flit is not for everybody.
        author: Column of the catalogue that names who wrote a flit; ``None`` where nothing does.
    """

    user_type: str
    flit_type: str
    as_of_s: int | None
    weights: Weights
    cold_weights: Weights
    budget: int
    cold_share: float
    interests: InterestConfig
    text_columns: tuple[str, ...]
    flags: tuple[str, ...] = ()
    author: str | None = None

    def served(self, own: UserInterests, user: int, worth: FloatVector | None = None) -> ServedInterests:
        """Return the interests that answer for a user row; a sampled draw is that of the day of ``as_of_s``.

        Args:
            own: All of his interests.
            user: His row.
            worth: What the importance of each is multiplied by, float32 ``[interests]``; 0 mutes one.
        """
        day = 0 if self.as_of_s is None else self.as_of_s // DAY_S
        return own.served(self.interests.served, self.interests.mode, (user, day), worth)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            **{name: getattr(self, name) for name in PLAIN},
            "weights": vars(self.weights),
            "cold_weights": vars(self.cold_weights),
            "interests": self.interests.model_dump(mode="json"),
            "text_columns": list(self.text_columns),
            "flags": list(self.flags),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Settings":
        """Build from what :meth:`to_dict` gave."""
        return cls(
            **{name: values[name] for name in PLAIN},
            weights=Weights(**values["weights"]),
            cold_weights=Weights(**values["cold_weights"]),
            interests=InterestConfig.parse(values["interests"]),
            text_columns=tuple(values["text_columns"]),
            flags=tuple(values["flags"]),
        )


@dataclass(frozen=True)
class Bundle:
    """One version's everything.

    Attributes:
        settings: Resolved numbers.
        ids: Id map per node type.
        embeddings: Vectors per node type.
        indexes: Index per node type.
        interests: Interests of all users.
        history: Actions of all users, in time order: what they have seen.
        hidden: Flits each user hid, as a history.
        prior: Recency-popularity of each flit, float32 ``[num_flits]``.
        allowed: Flits that may be shown, bool ``[num_flits]``.
        catalogue: Display columns of the flits in row order, ``id`` first.
        factors: The collaborative source; ``None`` where it is switched off.
    """

    settings: Settings
    ids: Mapping[str, IdMap]
    embeddings: Embeddings
    indexes: Mapping[str, VectorIndex]
    interests: Interests
    history: History
    hidden: History
    prior: FloatVector
    allowed: BoolVector
    catalogue: pl.DataFrame
    factors: FactorSource | None = None

    @cached_property
    def flit_vectors(self) -> Any:
        """Vectors of the flits, float32 ``[num_flits, dim]``."""
        return np.asarray(self.embeddings.vectors[self.settings.flit_type])

    @cached_property
    def cold(self) -> BoolVector:
        """Which flits nobody has acted on yet, bool ``[num_flits]``."""
        return np.asarray(self.history.actions_per_flit(len(self.allowed)) == 0)

    @cached_property
    def actors(self) -> Actors:
        """Who acted on each flit."""
        return Actors(self.history, len(self.allowed))

    @cached_property
    def shelf(self) -> Shelf:
        """What candidates are drawn from."""
        settings = self.settings
        return Shelf(
            index=CachedIndex(self.indexes[settings.flit_type]),
            cold_index=CachedIndex(build_index(self.flit_vectors, IndexConfig(), self.allowed & self.cold)),
            vectors=self.flit_vectors,
            prior=self.prior,
            by_prior=order_of(self.prior),
            allowed=self.allowed,
            weights=settings.weights,
            cold_weights=settings.cold_weights,
            budget=settings.budget,
            cold_share=settings.cold_share,
            cold=self.cold,
            factors=self.factors,
        )

    def query(self, medoids: RowVector, importance: FloatVector, actions: Actions, excluded: RowVector) -> Query:
        """Return what is known of whoever asks.

        Args:
            medoids: Flit rows of the served interests, int32 ``[interests]``.
            importance: Of each, float32 ``[interests]``.
            actions: What he did.
            excluded: Flits that must not come back to him, int32.
        """
        source = self.shelf.factors
        taste = None if source is None else source.taste(actions.rows, actions.weight)
        return Query(self.flit_vectors[medoids], np.asarray(importance), taste, excluded)

    def query_of(self, user_row: int) -> Query:
        """Return what is known of a user."""
        medoids, importance = self.settings.served(self.interests.of(user_row), user_row)
        return self.query(medoids, importance, self.history.of(user_row), self.excluded(user_row))

    def excluded(self, user_row: int) -> RowVector:
        """Return the flits that must not come back to a user: acted on or hidden, int32."""
        return np.unique(np.concatenate([self.history.of(user_row).rows, self.hidden.of(user_row).rows]))

    def save(self, folder: Path) -> None:
        """Write everything into ``folder``."""
        (folder / "settings.json").write_text(json.dumps(self.settings.to_dict(), indent=1))
        for node_type, id_map in self.ids.items():
            id_map.save(folder / f"ids_{node_type}.parquet")
        for name, part in (
            ("embeddings", self.embeddings), ("interests", self.interests),
            ("history", self.history), ("hidden", self.hidden),
        ):  # fmt: skip
            (folder / name).mkdir()
            part.save(folder / name)
        for node_type, index in self.indexes.items():
            (folder / f"index_{node_type}").mkdir()
            index.save(folder / f"index_{node_type}")
        if self.factors is not None:
            (folder / "factors").mkdir()
            self.factors.save(folder / "factors")
        np.save(folder / "prior.npy", self.prior)
        np.save(folder / "allowed.npy", self.allowed)
        self.catalogue.write_parquet(folder / DISPLAY)

    @classmethod
    def open(cls, folder: Path) -> "Bundle":
        """Open what :meth:`save` wrote; vectors stay memory-mapped."""
        embeddings = Embeddings.open(folder / "embeddings")
        return cls(
            settings=Settings.from_dict(json.loads((folder / "settings.json").read_text())),
            ids={t: IdMap.open(folder / f"ids_{t}.parquet") for t in embeddings.vectors},
            embeddings=embeddings,
            indexes={t: open_index(folder / f"index_{t}") for t in embeddings.vectors},
            interests=Interests.open(folder / "interests"),
            history=History.open(folder / "history"),
            hidden=History.open(folder / "hidden"),
            prior=np.load(folder / "prior.npy", mmap_mode="r"),
            allowed=np.load(folder / "allowed.npy"),
            catalogue=pl.read_parquet(folder / DISPLAY),
            factors=FactorSource.open(folder / "factors") if (folder / "factors").is_dir() else None,
        )
