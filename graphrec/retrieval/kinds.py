"""Other kinds of nodes that a user may be pointed to, such as accounts to follow: drawn from the flits' space."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix, FloatVector
from graphrec.history import History
from graphrec.index import VectorIndex
from graphrec.retrieval.scored import order_of
from graphrec.retrieval.shelf import Shelf, Weights

NAMES = "names.parquet"
LINKED = "linked already, or blocked"


@dataclass(frozen=True, eq=False)
class Kind:
    """What retrieval knows of the nodes of one type beside the flits.

    Attributes:
        known: Nodes that each user is linked to already, has blocked, or is himself, as a history.
        prior: Recency-popularity by the links of users, float32 ``[num_nodes]``.
        names: Text that shows each node, ``[num_nodes]``; null where there is none.
        prior_weight: What one deviation of the prior is worth in cosine.
    """

    known: History
    prior: FloatVector
    names: pl.Series
    prior_weight: float

    def shelf(self, index: VectorIndex, vectors: FloatMatrix, weights: Weights, budget: int) -> Shelf:
        """Return what candidates are drawn from: whom many follow is drawn too, wherever he stands.

        Args:
            index: Index of the nodes.
            vectors: Their embeddings, float32 ``[num_nodes, dim]``.
            weights: How the parts of a flit's score add up; the worth of the prior is the kind's own.
            budget: Neighbours drawn in all.
        """
        weights = replace(weights, prior=self.prior_weight, factors=0.0)
        everyone = np.ones(len(vectors), dtype=np.bool_)
        return Shelf(
            index=index, cold_index=index, vectors=vectors, prior=self.prior, by_prior=order_of(self.prior),
            allowed=everyone, weights=weights, cold_weights=weights, budget=budget, cold_share=0.0, cold=~everyone,
            popular=budget,
        )  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write everything into ``folder``, which must exist."""
        (folder / "known").mkdir()
        self.known.save(folder / "known")
        np.save(folder / "prior.npy", self.prior)
        self.names.to_frame("name").write_parquet(folder / NAMES)
        (folder / "kind.json").write_text(json.dumps({"prior_weight": self.prior_weight}))

    @classmethod
    def open(cls, folder: Path) -> "Kind":
        """Open what :meth:`save` wrote."""
        known, names = History.open(folder / "known"), pl.read_parquet(folder / NAMES)["name"]
        settings = json.loads((folder / "kind.json").read_text())
        return cls(known, np.load(folder / "prior.npy"), names, **settings)
