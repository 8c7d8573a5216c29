"""PinSage on the leave-one-out protocol: every rating a like, films with their plots, given lists scored."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from graphrec.arrays import FloatMatrix, RowVector
from graphrec.config import RunConfig, load_config
from graphrec.pipeline import Runner
from graphrec.pipeline.line import Line
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import rank
from graphrec.vectors import Embeddings

CONFIG = Path(__file__).parent.parent / "configs" / "movielens.yaml"
Score = Callable[[RowVector, npt.NDArray[np.int64]], FloatMatrix]
"""Users ``[n]`` and items ``[n, m]`` to scores ``[n, m]``; both are the protocol's numbers."""


class Rated:
    """configs/movielens.yaml with every rating as a like and no film held out.

    Args:
        pairs: Folder of the protocol's tables.
        content: Folder of users, films, plots and posters, beside ``pairs``.
        changes: Settings that differ.
    """

    def __init__(self, pairs: Path, content: Path, changes: tuple[str, ...] = ()) -> None:
        config = _config(pairs, content, changes)
        self._line = Line(config, Runner.of(config))

    def _rows(self, asked: RowVector, items: npt.NDArray[np.int64]) -> tuple[RowVector, RowVector]:
        users, flits = (self._line.split.train.ids[one] for one in ("user", "flit"))
        return users.rows(asked.tolist()), flits.rows(items.ravel().tolist()).reshape(items.shape)

    def vectors(self) -> Score:
        """Train, embed, and return the inner product of users' and films' vectors."""
        found = Embeddings.open(self._line.held_out.embeddings.path)
        users, flits = (np.array(found.vectors[one]) for one in ("user", "flit"))
        if "flit" in found.lengths:
            flits *= np.array(found.lengths["flit"])[:, None]

        def score(asked: RowVector, items: npt.NDArray[np.int64]) -> FloatMatrix:
            user_rows, flit_rows = self._rows(asked, items)
            return np.asarray(np.einsum("nd,nmd->nm", users[user_rows], flits[flit_rows]))

        return score

    def retrieval(self) -> Score:
        """Tune, and return what retrieval scores candidates with: interests, factors and prior."""
        bundle = Bundle.open(self._line.held_out.bundle.path)

        def score(asked: RowVector, items: npt.NDArray[np.int64]) -> FloatMatrix:
            user_rows, flit_rows = self._rows(asked, items)
            return np.stack([_ranked(bundle, int(user), rows) for user, rows in zip(user_rows, flit_rows, strict=True)])

        return score


def _config(pairs: Path, content: Path, changes: tuple[str, ...]) -> RunConfig:
    values: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
    for edge in values["edges"]:
        del edge["where"]
    values["evaluation"] |= {"split": {"kind": "given"}, "baselines": ["popular"]}
    text = yaml.safe_dump(values).replace("ncf-ml-1m", pairs.name).replace("ml-1m-content", content.name)
    folder = Path(tempfile.mkdtemp(prefix="graphrec-"))
    (folder / "config.yaml").write_text(text)
    return load_config(folder / "config.yaml", [f"data={pairs.parent}", f"store={folder / 'store'}", *changes])


def _ranked(bundle: Bundle, user: int, flits: RowVector) -> FloatMatrix:
    rows = np.unique(flits).astype(np.int32)
    scored = rank(rows, bundle.query_of(user), bundle.shelf, bundle.settings.weights)
    place = np.argsort(scored.rows)
    return np.asarray(scored.scores[place][np.searchsorted(scored.rows[place], flits)], dtype=np.float32)
