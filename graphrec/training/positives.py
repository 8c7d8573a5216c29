"""What supervises a snapshot: pairs of nodes to pull together, of each kind that a model wants."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from graphrec.arrays import RowVector
from graphrec.errors import ConfigError
from graphrec.graph.split import Split, action_types, actions_of
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.tables.clean import Edges, Tables


@dataclass(frozen=True)
class Positives:
    """Pairs to pull together.

    Attributes:
        name: Which kind of positive.
        weight: Its share of the loss.
        query_type: Node type of the queries.
        query_rows: int32 ``[num_pairs]``.
        target_type: Node type of the targets.
        target_rows: int32 ``[num_pairs]``.
        choices: Where several queries would do, all of them, int32 ``[num_pairs, most]`` padded with -1 at the end;
            ``query_rows`` is the first. Each epoch draws anew.
    """

    name: str
    weight: float
    query_type: str
    query_rows: RowVector
    target_type: str
    target_rows: RowVector
    choices: npt.NDArray[np.int32] | None = None

    def drawn(self, rng: np.random.Generator) -> "Positives":
        """Return the pairs with one of the possible queries each."""
        if self.choices is None:
            return self
        number = (self.choices >= 0).sum(axis=1)
        places = (rng.random(len(number)) * number).astype(np.int64)
        return replace(self, query_rows=self.choices[np.arange(len(number)), places], choices=None)


def positives_of(tables: Tables, split: Split, model: PinSageConfig) -> Iterable[Positives]:
    """Yield each configured kind of positive among the held-out pairs.

    Raises:
        ConfigError: If a kind is unknown.
    """
    user_type, flit_type = action_types(tables)
    relations: dict[str, list[Edges]] = {}
    for edges in tables.edges:
        if edges.config.role == "action" and edges.config.split == "auto":
            relations.setdefault(edges.config.relation, []).append(edges)
    for name, weight in model.positives.items():
        if name == "next_action":
            choices, target = next_actions(actions_of(tables), split.test, most=model.query_window)
            yield Positives(name, weight, flit_type, choices[:, 0], flit_type, target, choices)
            continue
        if name != "actions" and name not in relations:
            raise ConfigError(
                f"model.positives must name 'next_action', 'actions' or an action relation (got {name!r}, have "
                f"{', '.join(relations)})"
            )
        pairs = split.test if name == "actions" else _pairs_of(relations[name], split.test)
        yield Positives(name, weight, user_type, _rows(pairs, "user_row"), flit_type, _rows(pairs, "flit_row"))


def _pairs_of(tables: Sequence[Edges], held: pl.DataFrame) -> pl.DataFrame:
    """Return the held-out pairs that stand in one relation, whichever of its tables holds them."""
    pairs = pl.concat([edges.frame.select("source_row", "target_row") for edges in tables])
    pairs = pairs.rename({"source_row": "user_row", "target_row": "flit_row"})
    return held.join(pairs.unique(), on=["user_row", "flit_row"], how="semi", maintain_order="left")


def next_actions(actions: pl.DataFrame, held: pl.DataFrame, *, most: int) -> tuple[npt.NDArray[np.int32], RowVector]:
    """Return held-out flits and the same user's actions just before them.

    Undated actions have no order: the others then stand in a random order, drawn by a fixed seed.

    Args:
        actions: As :func:`graphrec.graph.split.actions_of` gives them.
        held: Held-out ``user_row``, ``flit_row``.
        most: How many actions before, the newest first.

    Returns:
        Flits before, int32 ``[num_pairs, most]`` padded with -1, and the held-out flits, int32 ``[num_pairs]``; a pair
        with nothing before it is left out.
    """
    if actions["time_s"].null_count():
        shuffle = np.random.default_rng(0).random(actions.height)
        actions = actions.with_columns(pl.Series("order", shuffle)).sort("user_row", "order")
    actions = actions.unique(["user_row", "flit_row"], keep="first", maintain_order=True)
    before = [pl.col("flit_row").shift(n).over("user_row").alias(f"before_{n}") for n in range(1, most + 1)]
    pairs = held.join(actions.with_columns(before), on=["user_row", "flit_row"], how="left", maintain_order="left")
    pairs = pairs.drop_nulls("before_1")
    choices = pairs.select(f"before_{n}" for n in range(1, most + 1)).fill_null(-1)
    return choices.to_numpy().astype(np.int32).reshape(pairs.height, most), _rows(pairs, "flit_row")


def _rows(frame: pl.DataFrame, column: str) -> RowVector:
    """Return a column of rows as int32."""
    return np.asarray(frame[column].to_numpy(), dtype=np.int32)
