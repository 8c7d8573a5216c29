"""PinSage on the leave-one-out protocol: every rating a like, films with plots and posters, given lists scored."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from graphrec.arrays import FloatMatrix, RowVector
from graphrec.config import load_config
from graphrec.pipeline import Runner, run
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import rank
from graphrec.store import Store

CONFIG = Path(__file__).parent.parent / "configs" / "movielens.yaml"


def pinsage_scores(pairs: Path, content: Path) -> Callable[[RowVector, npt.NDArray[np.int64]], FloatMatrix]:
    """Run configs/movielens.yaml with every rating as a like and no film held out; return its scores of given films.

    Args:
        pairs: Folder of the protocol's tables.
        content: Folder of users, films, plots and posters, beside ``pairs``.
    """
    values: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
    for edge in values["edges"]:
        del edge["where"]
    values["evaluation"] |= {"split": {"kind": "given"}, "baselines": ["popular"]}
    values["retrieval"] |= {"cold_share": 0.0}
    text = yaml.safe_dump(values).replace("ncf-ml-1m", pairs.name).replace("ml-1m-content", content.name)
    folder = Path(tempfile.mkdtemp(prefix="graphrec-"))
    (folder / "config.yaml").write_text(text)
    config = load_config(folder / "config.yaml", [f"data={pairs.parent}", f"store={folder / 'store'}"])
    store = Store(config.store)
    version = run(config, runner=Runner(store))
    bundle = Bundle.open(store.artifact(version, "holdout_bundle").path)
    return lambda users, items: _scores(bundle, users, items)


def _scores(bundle: Bundle, users: RowVector, items: npt.NDArray[np.int64]) -> FloatMatrix:
    """Score given films as retrieval scores candidates; ids are the protocol's numbers."""
    settings = bundle.settings
    user_rows = bundle.ids[settings.user_type].rows(users.tolist())
    flit_rows = bundle.ids[settings.flit_type].rows(items.ravel().tolist()).reshape(items.shape)
    out = np.zeros(items.shape, dtype=np.float32)
    for place, user in enumerate(user_rows):
        rows = np.unique(flit_rows[place]).astype(np.int32)
        scored = rank(rows, bundle.query_of(int(user)), bundle.shelf, settings.weights)
        score_of = dict(zip(scored.rows.tolist(), scored.scores.tolist(), strict=True))
        out[place] = [score_of[int(row)] for row in flit_rows[place]]
    return out
