"""What retrieval answers: candidates with their reasons, and cards to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from graphrec.arrays import FloatVector, RowVector
from graphrec.errors import ConfigError
from graphrec.ids import Id, IdMap
from graphrec.plots import cards, table
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.scored import Scored
from graphrec.retrieval.trace import Trace

if TYPE_CHECKING:
    from graphrec.plots import Figure


@dataclass(frozen=True)
class Served:
    """The interests that answered: medoid flits, their share of importance, and the actions behind them.

    Attributes:
        medoids: Flit rows, int32 ``[interests]``.
        importance: float32 ``[interests]``.
        propensity: Chance of each to have answered, float32 ``[interests]``; 1 where none is drawn.
        actions: The user's own flits, int32, that explanations point to.
    """

    medoids: RowVector
    importance: FloatVector
    propensity: FloatVector
    actions: RowVector


@dataclass(frozen=True, repr=False)
class Candidates:
    """Recommended flits, or nodes of another kind, best first.

    Attributes:
        ids: Their ids.
        scores: Higher is better, float32 ``[n]``.
        interests: Id of the medoid flit that brought each candidate; ``None`` where popularity did.
        reason: What the answer rests on: ``interests`` or ``recent popularity`` with the why.
        kind: Their node type.
        ads: Id of whoever promotes each candidate; ``None`` where it is no ad.
    """

    ids: list[Id]
    scores: FloatVector
    interests: list[Id | None]
    reason: str
    kind: str
    ads: list[Id | None]
    _bundle: Bundle
    _scored: Scored
    _served: Served
    _told: Trace

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        first = ", ".join(map(str, self.ids[:3])) + (", …" if len(self) > 3 else "")
        return f"Candidates({len(self)} by {self.reason}: {first})"

    def to_polars(self) -> pl.DataFrame:
        """Return one row per candidate: id, score, interest, propensity, similarity, factors, prior, ad.

        ``propensity`` is the chance that the interest answers: below 1 where interests are drawn
        (``interests.mode: sampled``), and what clicks on such answers are divided by when they are evaluated.
        """
        similarity = pl.Series("similarity", self._scored.similarity, nan_to_null=True)
        factors = pl.Series("factors", self._scored.factors, nan_to_null=True)
        return pl.DataFrame(
            {
                "id": self.ids,
                "score": self.scores,
                "interest": pl.Series(
                    self.interests, dtype=self._bundle.ids[self._bundle.settings.flit_type].series.dtype
                ),
                "propensity": propensities([self._scored], [self._served]),
                "similarity": similarity,
                "factors": factors,
                "prior": self._bundle.shelf_of(self.kind).prior[self._scored.rows],
                "ad": pl.Series(self.ads, dtype=self._promoter.series.dtype if self._promoter else pl.String),
            }
        )

    @property
    def _promoter(self) -> IdMap | None:
        """Ids of those who promote; ``None`` where nobody does."""
        campaigns = self._bundle.campaigns
        return None if campaigns is None else self._bundle.ids[campaigns.rules.node_type]

    def trace(self) -> pl.DataFrame:
        """Return what each step drew, removed and left: ``step``, ``left``, ``removed`` (ids), ``why``."""
        return self._told.to_polars(self._bundle.ids[self.kind])

    def cards(self, images: Mapping[Id, bytes] | None = None, *, most: int = 5) -> "Cards":
        """Return the first candidates as cards, for a notebook.

        Args:
            images: Flit id to encoded image, where the cards are to show them.
            most: Cards at most.
        """
        reasons = [self.explain(place) for place in range(min(most, len(self)))]
        entries = [
            {
                "text": why["text"], "share": why.get("similarity", 0.0), "image": (images or {}).get(why["id"]),
                "note": f"{why['id']}: {_because(why)}",
            }
            for why in reasons
        ]  # fmt: skip
        return Cards(f"the first {len(entries)} of {len(self)} candidates; bars: similarity to the interest", entries)

    def _repr_html_(self) -> str:
        rows = []
        for place in range(len(self)):
            why = self.explain(place)
            interest = why.get("interest", {}).get("text")
            rows.append(
                {
                    "id": why["id"], "text": why["text"], "score": why["score"],
                    "interest": interest, "similarity": why.get("similarity"), "prior": why["prior"],
                }
            )  # fmt: skip
        return table(f"{len(self)} candidates, by {self.reason}", rows)

    def explain(self, place: int, *, trace: bool = False) -> dict[str, Any]:
        """Tell why a candidate stands in the list.

        Args:
            place: Position in the list, from 0.
            trace: Add ``trace``: the steps of the whole answer, as :meth:`trace` gives them.

        Returns:
            ``id``, ``text``, ``score`` and its parts: ``interest`` (medoid id and text), ``similarity`` to it,
            ``importance_share``, ``propensity`` (the chance that the interest answers: 1 unless they are drawn),
            ``prior``, the ``nearest_action`` of the user (id, text, similarity). Of a flit also
            ``factors`` (deviations above what those who acted alike make of a usual flit) and the ``path`` through the
            graph: the own action (id, text) that most ``others`` who acted on the flit share, and ``content``, the
            cosine of its vector to what its content alone would give: near 1 its words and pictures speak, lower the
            graph does. Where lengths count, ``length`` is what multiplies the similarity. Without an interest only
            ``prior``, ``content``, ``length`` and ``reason`` stand, without such others no path. An ad has ``ad``, the
            id of who promotes it.

        Raises:
            ConfigError: If the list is shorter.
        """
        if not 0 <= place < len(self.ids):
            raise ConfigError(f"place must be from 0 to {len(self.ids) - 1} (got {place})")
        bundle, row = self._bundle, int(self._scored.rows[place])
        out = {**describe(bundle, row, self.kind), "score": float(self.scores[place]), "reason": self.reason}
        out["prior"] = float(bundle.shelf_of(self.kind).prior[row])
        if self.kind == bundle.settings.flit_type and bundle.content_cosine is not None:
            out["content"] = float(bundle.content_cosine[row])
        if self.kind == bundle.settings.flit_type and bundle.scale is not None:
            out["length"] = float(bundle.scale[row])
        if self.ads[place] is not None:
            out["ad"] = self.ads[place]
        interest = int(self._scored.interest[place])
        if 0 <= interest < len(self._served.medoids):
            share = self._served.importance / max(float(self._served.importance.sum()), 1e-9)
            out["interest"] = describe(bundle, int(self._served.medoids[interest]))
            out["similarity"] = float(self._scored.similarity[place])
            out["importance_share"] = float(share[interest])
            out["propensity"] = float(self._served.propensity[interest])
            vector = np.asarray(bundle.embeddings.vectors[self.kind][row])
            out["nearest_action"] = _nearest(bundle, vector, self._served.actions)
            if self.kind == bundle.settings.flit_type:
                out |= self._alike(place, row)
        if trace:
            out["trace"] = self.trace().to_dicts()
        return out

    def _alike(self, place: int, row: int) -> dict[str, Any]:
        """Return what those who acted alike say of a flit: factors, and the path where there is one."""
        path = self._bundle.actors.path(self._served.actions, row)
        out: dict[str, Any] = {"factors": float(self._scored.factors[place])}
        if path is not None:
            out["path"] = {**describe(self._bundle, path.action), "others": path.others}
        return out


@dataclass(frozen=True)
class Cards:
    """Flits as notebooks show them, side by side: medoids of interests, or candidates.

    Attributes:
        title: What they are.
        entries: ``text``, ``share`` (0 to 1, a bar), ``note`` and ``image`` (encoded, or nothing) of each.
    """

    title: str
    entries: list[dict[str, Any]]

    def _repr_html_(self) -> str:
        return cards(self.title, self.entries)

    def plot(self) -> "Figure":
        """Draw the cards side by side."""
        from graphrec.plots.deck import plot_cards

        return plot_cards(self.title, self.entries)


def propensities(scored: Sequence[Scored], served: Sequence[Served]) -> pl.Series:
    """Return the propensity of each candidate's interest, answer after answer; null where no interest brought it."""
    each = [
        np.append(of.propensity, np.float32(np.nan))[np.minimum(one.interest, len(of.propensity))]
        for one, of in zip(scored, served, strict=True)
    ]  # -1, the place of none, is the last
    return pl.Series("propensity", np.concatenate(each), nan_to_null=True)


def describe(bundle: Bundle, row: int, kind: str | None = None) -> dict[str, Any]:
    """Return id and text of a flit, or of a node of another kind."""
    if kind is not None and kind in bundle.kinds:
        texts = [bundle.kinds[kind].names[row]]
    else:
        texts = [bundle.catalogue[name][row] for name in bundle.settings.text_columns]
    return {
        "id": bundle.ids[kind or bundle.settings.flit_type].series[row],
        "text": " · ".join(str(text) for text in texts if text is not None),
    }


def _because(why: Mapping[str, Any]) -> str:
    """Return in a few words what brought a candidate."""
    interest = why.get("interest")
    return str(why["reason"]) if interest is None else f"near {interest['text'] or interest['id']}"


def _nearest(bundle: Bundle, vector: FloatVector, actions: RowVector) -> dict[str, Any]:
    """Return the user's own action that lies nearest to a vector."""
    cosines = bundle.flit_vectors[actions] @ vector
    best = int(cosines.argmax())
    return {**describe(bundle, int(actions[best])), "similarity": float(cosines[best])}
