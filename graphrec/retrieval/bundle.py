"""The bundle: everything retrieval needs, in one artifact, so that an answer never mixes versions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphrec.arrays import BoolVector, FloatVector, RowVector, mapped, normalise_rows
from graphrec.errors import ConfigError
from graphrec.history import Actions, History
from graphrec.ids import IdMap
from graphrec.index import CachedIndex, IndexConfig, VectorIndex, open_index
from graphrec.interests import Interests
from graphrec.retrieval.ads import Campaigns
from graphrec.retrieval.factors import FactorSource
from graphrec.retrieval.keywords import Keywords
from graphrec.retrieval.kinds import LINKED, Kind
from graphrec.retrieval.lengths import build_scaled, scale_of
from graphrec.retrieval.paths import Actors
from graphrec.retrieval.scored import order_of
from graphrec.retrieval.segments import Segments
from graphrec.retrieval.settings import Settings
from graphrec.retrieval.shelf import Query, Shelf, Source
from graphrec.retrieval.sources import Follows, Mixture, Walks
from graphrec.vectors import Embeddings

DISPLAY = "catalogue.parquet"
WORDS = "keywords.parquet"
OPTIONAL = ("standing", "content_cosine", "cluster")
SCALED = "scaled_index"


@dataclass(frozen=True)
class Bundle:
    """One version's everything.

    Attributes:
        settings: Resolved numbers.
        ids: Id map per node type, of those without vectors too.
        embeddings: Vectors per node type.
        indexes: Index per node type.
        interests: Interests of all users.
        history: Actions of all users, in time order: what they have seen.
        hidden: Flits each user hid, as a history.
        prior: Recency-popularity of each flit, float32 ``[num_flits]``.
        allowed: Flits that may be shown, bool ``[num_flits]``.
        catalogue: Display columns of the flits in row order, ``id`` first.
        factors: The collaborative source; ``None`` where it is switched off.
        kinds: Node types beside the flits that users are pointed to.
        campaigns: Promoted flits; ``None`` where there are no ads.
        standing: The near-duplicate that stands for each flit, mostly itself, int32 ``[num_flits]``; ``None`` where
            every flit stands for itself.
        content_cosine: Cosine of each flit's vector to that of its content alone, float32 ``[num_flits]``; ``None``
            where it was not measured.
        segments: Popularity by segment of the users; ``None`` where none is declared.
        scaled_index: Index of the flits with their vectors scaled to a power of their length, by inner product;
            ``None`` where that power is 0. What lies near what is still asked of ``indexes``.
        keywords: Words of the flits' texts and their weights; ``None`` in versions from before they were kept.
        cluster: Cluster of each flit, int32 ``[num_flits]``; ``None`` without the source that goes by it.
        follows: Accounts that each user follows; ``None`` without the source that goes by them.
        written: Flits that each user wrote; likewise.
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
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    campaigns: Campaigns | None = None
    standing: RowVector | None = None
    content_cosine: FloatVector | None = None
    segments: Segments | None = None
    scaled_index: VectorIndex | None = None
    keywords: Keywords | None = None
    cluster: RowVector | None = None
    follows: History | None = None
    written: History | None = None

    @cached_property
    def flit_vectors(self) -> Any:
        """Vectors of the flits, float32 ``[num_flits, dim]``."""
        return np.asarray(self.embeddings.vectors[self.settings.flit_type])

    @cached_property
    def scale(self) -> FloatVector | None:
        """What each flit's length multiplies its cosines by, float32 ``[num_flits]``; ``None`` where it does not."""
        if not self.settings.length_exponent:
            return None
        return scale_of(self.embeddings.lengths[self.settings.flit_type], self.settings.length_exponent)

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
        settings, unmet = self.settings, self.allowed & self.cold
        index = self.indexes[settings.flit_type] if self.scaled_index is None else self.scaled_index
        return Shelf(
            index=CachedIndex(index),
            cold_index=CachedIndex(build_scaled(self.flit_vectors, self.scale, IndexConfig(), unmet)),
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
            sources=tuple((self._source(name, index), most) for name, most in self.settings.sources.items()),
            scale=self.scale,
        )

    def _source(self, name: str, index: VectorIndex) -> Source:
        """Return a source of candidates by its name."""
        if name == "walks":
            return Walks(self.history, self.actors)
        if name == "follows":
            assert self.follows is not None, "a bundle holds what its sources go by"
            assert self.written is not None, "a bundle holds what its sources go by"
            return Follows(self.follows, self.history, self.written)
        assert self.cluster is not None, "a bundle holds what its sources go by"
        users = self.settings.user_type
        return Mixture(
            self.cluster, self.flit_vectors, index, self.indexes[users], self.embeddings.vectors[users], self.history
        )

    def shelf_of(self, kind: str) -> Shelf:
        """Return what candidates of a node type are drawn from.

        Raises:
            ConfigError: If users are not pointed to nodes of this type.
        """
        if kind == self.settings.flit_type:
            return self.shelf
        if kind not in self._shelves:
            raise ConfigError(
                f"kind must be one of {', '.join([self.settings.flit_type, *self._shelves])} (got {kind!r}); declare "
                f"an edge from {self.settings.user_type} to what else is to be recommended, and run again"
            )
        return self._shelves[kind]

    @cached_property
    def _shelves(self) -> dict[str, Shelf]:
        """Node types beside the flits to what is drawn from: neither factors nor places for cold ones."""
        weights, budget = self.settings.weights, self.settings.budget
        return {
            name: kind.shelf(self.indexes[name], np.asarray(self.embeddings.vectors[name]), weights, budget)
            for name, kind in self.kinds.items()
        }

    def query(
        self,
        medoids: RowVector,
        importance: FloatVector,
        actions: Actions,
        excluded: RowVector,
        user: int | None = None,
    ) -> Query:
        """Return what is known of whoever asks.

        Args:
            medoids: Flit rows of the served interests, int32 ``[interests]``.
            importance: Of each, float32 ``[interests]``.
            actions: What he did.
            excluded: Flits that must not come back to him, int32.
            user: His row; ``None`` for somebody unknown.
        """
        source = self.shelf.factors
        taste = None if source is None else source.taste(actions.rows, actions.weight)
        vectors = self.flit_vectors[medoids]
        return Query(vectors, np.asarray(importance), taste, excluded, user=user, actions=np.asarray(actions.rows))

    def query_nodes(self, kind: str, medoids: RowVector, importance: FloatVector, user: int | None) -> Query:
        """Return what finds nodes of another type: each interest, seen from where the user himself stands.

        A user without interests asks by his own vector alone, which his links and his content made.

        Args:
            kind: The node type.
            medoids: Flit rows of the served interests, int32 ``[interests]``.
            importance: Of each, float32 ``[interests]``.
            user: His row; ``None`` for somebody unknown, who has no vector.
        """
        vectors, share = self.flit_vectors[medoids], np.asarray(importance)
        if user is None:
            return Query(vectors, share, None, np.zeros(0, np.int32), LINKED)
        own = np.asarray(self.embeddings.vectors[self.settings.user_type][user : user + 1])
        vectors = normalise_rows(vectors + own) if len(medoids) else own
        share = share if len(medoids) else np.ones(1, np.float32)
        return Query(vectors, share, None, self.kinds[kind].known.of(user).rows, LINKED)

    def query_of(self, user_row: int) -> Query:
        """Return what is known of a user."""
        medoids, importance, _ = self.settings.served(self.interests.of(user_row), user_row)
        return self.query(medoids, importance, self.history.of(user_row), self.excluded(user_row), user_row)

    def excluded(self, user_row: int) -> RowVector:
        """Return the flits that must not come back to a user: acted on or hidden, int32."""
        return self.stood_for(np.concatenate([self.history.of(user_row).rows, self.hidden.of(user_row).rows]))

    def stood_for(self, rows: RowVector) -> RowVector:
        """Return flits and those that stand for them, each once, ascending, int32."""
        return np.unique(rows if self.standing is None else np.concatenate([rows, self.standing[rows]]))

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
        for name, kind in self.kinds.items():
            (folder / f"kind_{name}").mkdir()
            kind.save(folder / f"kind_{name}")
        for name in OPTIONAL:
            if getattr(self, name) is not None:
                np.save(folder / f"{name}.npy", getattr(self, name))
        for name, extra in (
            (SCALED, self.scaled_index), ("segments", self.segments), ("ads", self.campaigns),
            ("factors", self.factors), ("follows", self.follows), ("written", self.written),
        ):  # fmt: skip
            if extra is not None:
                (folder / name).mkdir()
                extra.save(folder / name)
        np.save(folder / "prior.npy", self.prior)
        np.save(folder / "allowed.npy", self.allowed)
        self.catalogue.write_parquet(folder / DISPLAY)
        if self.keywords is not None:
            self.keywords.save(folder / WORDS)

    @classmethod
    def open(cls, folder: Path) -> "Bundle":
        """Open what :meth:`save` wrote; vectors stay memory-mapped."""
        embeddings = Embeddings.open(folder / "embeddings")
        return cls(
            settings=Settings.from_dict(json.loads((folder / "settings.json").read_text())),
            ids={one.stem.removeprefix("ids_"): IdMap.open(one) for one in sorted(folder.glob("ids_*.parquet"))},
            embeddings=embeddings,
            indexes={t: open_index(folder / f"index_{t}") for t in embeddings.vectors},
            interests=Interests.open(folder / "interests"),
            history=History.open(folder / "history"),
            hidden=History.open(folder / "hidden"),
            prior=mapped(folder / "prior.npy"),
            allowed=np.load(folder / "allowed.npy"),
            catalogue=pl.read_parquet(folder / DISPLAY),
            factors=FactorSource.open(folder / "factors") if (folder / "factors").is_dir() else None,
            kinds={t: Kind.open(folder / f"kind_{t}") for t in embeddings.vectors if (folder / f"kind_{t}").is_dir()},
            **{one: np.load(folder / f"{one}.npy") for one in OPTIONAL if (folder / f"{one}.npy").is_file()},
            scaled_index=open_index(folder / SCALED) if (folder / SCALED).is_dir() else None,
            follows=History.open(folder / "follows") if (folder / "follows").is_dir() else None,
            written=History.open(folder / "written") if (folder / "written").is_dir() else None,
            segments=Segments.open(folder / "segments") if (folder / "segments").is_dir() else None,
            campaigns=Campaigns.open(folder / "ads") if (folder / "ads").is_dir() else None,
            keywords=Keywords.open(folder / WORDS) if (folder / WORDS).is_file() else None,
        )
