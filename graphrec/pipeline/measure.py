"""The measuring stage: the held-out bundle beside every baseline, on the same users."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix, IntVector, RowVector
from graphrec.config import RunConfig
from graphrec.evaluation import Evaluation, Held, Past, Recommender, Sources, build_baselines, evaluate
from graphrec.features import Features
from graphrec.features.encode import node_texts
from graphrec.graph.split import Split
from graphrec.history import DAY_S
from graphrec.pipeline.runner import Runner
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.retriever import Retriever
from graphrec.store import Artifact
from graphrec.tables.remote import local_data

if TYPE_CHECKING:
    from graphrec.simulate import Oracle

logger = logging.getLogger(__name__)
OURS = "graphrec"
TRUTH = ("truth/config.json", "users.parquet", "flits.parquet")
"""What the oracle reads first."""


class BundleRecommender:
    """A bundle as evaluation asks it: rows in, rows out, by the code that serves.

    Args:
        bundle: The held-out bundle.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._retriever = Retriever(bundle)
        weights, interests = bundle.settings.weights, bundle.settings.interests
        self.setting: Mapping[str, str | int | float] = {
            "prior_weight": weights.prior,
            "importance_weight": weights.importance,
            "factors_weight": weights.factors,
            "merge_cosine": str(interests.merge_cosine),
            "served": interests.served,
        }

    def recommend(self, users: RowVector, k: int) -> RowVector:
        """Return int32 ``[users, k]``, padded with -1."""
        out = np.full((len(users), k), -1, dtype=np.int32)
        for place, user in enumerate(users):
            rows = self._retriever.recommend_rows(int(user), k)
            out[place, : len(rows)] = rows
        return out


class OracleRecommender:
    """The simulator's truth as a recommender: an upper mark, not a baseline.

    Args:
        oracle: The truth.
        bundle: The held-out bundle, for ids and what users have seen.
        start_s: The split instant.
        end_s: End of the test window.
    """

    def __init__(self, oracle: "Oracle", bundle: Bundle, start_s: int, end_s: int) -> None:
        self._oracle = oracle
        self._bundle = bundle
        self._window = [datetime.fromtimestamp(at, UTC) for at in (start_s, end_s)]
        self.setting: Mapping[str, str | int | float] = {"knows": "the truth"}

    def recommend(self, users: RowVector, k: int) -> RowVector:
        """Return int32 ``[users, k]``, padded with -1."""
        settings, history = self._bundle.settings, self._bundle.history
        user_ids, flit_ids = self._bundle.ids[settings.user_type], self._bundle.ids[settings.flit_type]
        seen = pl.DataFrame({"user_id": user_ids.ids(history.users), "flit_id": flit_ids.ids(history.rows)})
        start, end = self._window
        lists = self._oracle.rank(user_ids.ids(users).to_list(), k, start, end, exclude_seen=seen)
        out = np.full((len(users), k), -1, dtype=np.int32)
        for place, ids in enumerate(lists):
            out[place, : len(ids)] = flit_ids.rows(ids)
        return out


def evaluation_stage(
    runner: Runner, config: RunConfig, bundle: Artifact, features: Artifact, tables: Artifact, load: Callable[[], Split]
) -> Artifact:
    """Measure the held-out bundle and the baselines; figures, differences and slices are the output."""

    def write(folder: Path) -> Mapping[str, Any]:
        evaluation = measure(config, Bundle.open(bundle.path), Features.open(features.path), load(), runner)
        evaluation.save(folder)
        facts = evaluation.slices["all"]
        return {"users": facts.users, "events": facts.events, "cold_share": facts.cold_share}

    inputs = {"bundle": bundle, "features": features, "tables": tables}
    return runner.stage(
        "evaluation", stage_version=1, config=config.evaluation, inputs=inputs, write=write, libraries=("implicit",)
    )


def measure(config: RunConfig, bundle: Bundle, features: Features, split: Split, runner: Runner) -> Evaluation:
    """Evaluate a held-out bundle beside the configured baselines.

    Args:
        config: What to measure.
        bundle: Computed from the split's past alone.
        features: Content features, for the content baseline.
        split: What was held out.
        runner: Told of progress.
    """
    history = bundle.history
    held = Held.from_edges(
        split.test["user_row"].to_numpy(), split.test["flit_row"].to_numpy(), history, split.available, split.at_s,
        split.test_s if config.evaluation.by_day else None,
    )  # fmt: skip
    flit_type = bundle.settings.flit_type
    sources = Sources(
        past=Past(history, split.available, split.at_s),
        embedding=np.array(bundle.flit_vectors),
        content=_content(features, flit_type),
        texts=_texts(split, config, flit_type),
        created_s=_created(split, flit_type),
        seed=config.evaluation.seed,
    )
    names = [n for n in config.evaluation.baselines if n != "content_knn" or sources.content is not None]
    recommenders: dict[str, Recommender] = {OURS: BundleRecommender(bundle)}
    for number, name in enumerate(names):
        runner.on_progress("baselines", number, len(names))
        recommenders |= build_baselines([name], sources)
    runner.on_progress("baselines", len(names), len(names))
    oracle = _oracle(config, bundle)
    if oracle is not None and split.at_s is not None:
        end_s = split.at_s + round(config.evaluation.split.test_days * DAY_S)
        recommenders["oracle"] = OracleRecommender(oracle, bundle, split.at_s, end_s)
    return evaluate(recommenders, held, history, config.evaluation.k, config.evaluation.seed, reference=OURS)


def _oracle(config: RunConfig, bundle: Bundle) -> "Oracle | None":
    """Return the oracle of a simulated network, where the config's users and flits are those of the network."""
    if not config.evaluation.oracle:
        return None
    folder = local_data(config.input, config.data, also=("truth/*",), strict=False)
    if not all((folder / one).is_file() for one in TRUTH):
        return None
    from graphrec.simulate import Oracle

    oracle, settings = Oracle.open(folder), bundle.settings
    if oracle.knows(bundle.ids[settings.user_type].series, bundle.ids[settings.flit_type].series):
        return oracle
    logger.info("the truth beside the tables is of other users and flits than those declared: no oracle")
    return None


def _content(features: Features, flit_type: str) -> FloatMatrix | None:
    """Return the flits' text features, or their images where they have no text."""
    blocks = features.nodes[flit_type].blocks
    name = next((one for one in ("text", "image") if one in blocks), None)
    return None if name is None else np.array(blocks[name])


def _texts(split: Split, config: RunConfig, flit_type: str) -> list[str] | None:
    """Return the text of each flit, if they have any."""
    columns = config.nodes[flit_type].text
    return node_texts(split.train.nodes[flit_type], columns) if columns else None


def _created(split: Split, flit_type: str) -> IntVector | None:
    """Return when each flit came to be, if the tables say so."""
    frame = split.train.nodes[flit_type]
    if "created_s" not in frame.columns:
        return None
    return np.asarray(frame["created_s"].fill_null(0).to_numpy(), dtype=np.int64)
