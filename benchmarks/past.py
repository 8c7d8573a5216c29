"""What a morning may know: whoever uses anything newer fails the replay."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from graphrec.arrays import BoolVector, FloatMatrix
from graphrec.errors import DataError
from graphrec.evaluation.held import check_before
from graphrec.graph.graph import InteractionGraph
from graphrec.graph.split import Split, action_types, actions_of
from graphrec.history import History
from graphrec.tables.clean import Tables

PAIR = ["user_row", "flit_row"]


@dataclass(frozen=True, eq=False)
class Past:
    """What had come to be before one morning.

    Attributes:
        at_s: The morning, seconds since 1970 (UTC).
        flit_type: What is recommended.
        published: Flits that were there, bool ``[num_flits]``.
    """

    at_s: int
    flit_type: str
    published: BoolVector

    @classmethod
    def of(cls, tables: Tables, at_s: int) -> "Past":
        """Read from the tables what was there; flits without a date always were.

        Deliberately not from the split, which is among what is checked.
        """
        _, flit_type = action_types(tables)
        frame = tables.nodes[flit_type]
        if "created_s" not in frame.columns:
            return cls(at_s, flit_type, np.ones(frame.height, dtype=np.bool_))
        return cls(at_s, flit_type, ~(frame["created_s"].fill_null(at_s - 1).to_numpy() >= at_s))

    def check_edges(self, tables: Tables) -> None:
        """Check that no edge, and no campaign's start, is newer."""
        for edges in tables.edges:
            for column in {"time_s", "start_s"} & set(edges.frame.columns):
                late = int((edges.frame[column] >= self.at_s).sum())
                _require(not late, f"{edges.config.relation}.{column} must be before {self.at_s}", late, "newer edges")

    def check_counts(self, graph: InteractionGraph, history: History) -> None:
        """Check that what is counted, degrees and actions, is made of older edges between nodes that were there.

        A flit from after the morning then has no edge: no walk reaches it, so that its features touch no other node.
        """
        for (_, name, _), relation in graph.relations.items():
            late = 0 if relation.time_s is None else int((relation.time_s >= self.at_s).sum())
            _require(not late, f"graph.{name} must count edges before {self.at_s}", late, "newer")
        for (source, name, _), relation in graph.relations.items():
            early = int((relation.degrees()[~self.published] > 0).sum()) if source == self.flit_type else 0
            _require(not early, f"graph.{name} must leave out flits from after {self.at_s}", early, "with edges")
        check_before(history, self.at_s)

    def check_index(self, shown: BoolVector) -> None:
        """Check that no flit may be drawn that was not there."""
        late = int((shown & ~self.published).sum())
        _require(not late, f"index rows must be flits from before {self.at_s}", late, "newer flits")

    def known(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return the flits' vectors, NaN where a flit was not there: whatever touches one shows it."""
        _require(bool(np.isfinite(vectors[self.published]).all()), "vectors must be finite", "NaN", "of known flits")
        return np.where(self.published[:, None], vectors, np.float32(np.nan))

    def check_queries(self, name: str, queries: FloatMatrix) -> None:
        """Check that what stands for a user is made of known vectors alone."""
        _require(bool(np.isfinite(queries).all()), f"{name} must read known flits alone", "NaN", f"at {self.at_s}")


def _require(holds: bool, rule: str, found: object, what: str) -> None:
    """Raise DataError where a rule is broken; the run is worth nothing then."""
    if not holds:
        raise DataError(f"{rule} (got {found} {what}); the past leaks")


def new_pairs(tables: Tables, split: Split) -> int:
    """Return how many user-flit pairs of a test window training does not know, flits that nobody had met among them.

    Args:
        tables: Tables up to the window's end.
        split: The split at its begin.
    """
    window = actions_of(tables).filter(pl.col("time_s") >= split.at_s).select(PAIR).unique()
    return window.join(actions_of(split.train).select(PAIR), on=PAIR, how="anti").height
