"""From tables to a text encoder tuned on what their users engage with, before the split."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix, IntVector
from graphrec.config import RunConfig
from graphrec.errors import ConfigError
from graphrec.features.encode import node_texts
from graphrec.features.engagement import Engaged
from graphrec.features.finetune import finetune_text
from graphrec.features.topics import hashtags, split_values, topic_matrix, without_hashtags
from graphrec.features.weights import find_weights
from graphrec.graph.split import Split, action_types
from graphrec.pipeline.assembly import history_of
from graphrec.pipeline.line import Line
from graphrec.pipeline.runner import Runner
from graphrec.vectors import Embeddings


def finetune(
    config: RunConfig, out: Path, *, runner: Runner, on_epoch: Callable[[dict[str, float]], None] = lambda entry: None
) -> list[dict[str, float]]:
    """Fine-tune the config's text encoder on the training side of its split, so that what is held out stays unseen.

    Who engages is told by the config's own model, trained with the encoder as it came; it is found where it ran before.

    Args:
        config: All of a run, ``features.text`` and ``finetune``.
        out: Folder to write; ``features.text.model`` may name it afterwards.
        runner: Where the stages up to the embeddings are found or go.
        on_epoch: Told of each epoch.

    Returns:
        An entry per epoch: ``epoch``, ``loss``, ``agreement``.

    Raises:
        ConfigError: If the text encoder is no transformer, ``out`` exists, or a named column does not.
        DataError: If too few texts were engaged with.
        MissingWeightsError: If the weights to start from are not there.
    """
    if config.features.text.encoder != "transformer":
        raise ConfigError(
            f"features.text.encoder must be 'transformer' to be fine-tuned (got {config.features.text.encoder!r})"
        )
    if out.exists():
        raise ConfigError(f"out must be a new folder (got {str(out)!r}, which exists); choose another name")
    weights = find_weights(config.features.text)
    line = Line(config, runner)
    _, flit_type = action_types(line.split.train)
    vectors = Embeddings.open(line.held_out.embeddings.path).vectors[flit_type]
    engaged = engaged_texts(line.split, config, vectors)
    draft = out.with_name(f"{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    log = finetune_text(
        engaged, weights, config.features.text, config.finetune, draft,
        threads=config.runtime.workers, device=runner.engine.device, on_epoch=on_epoch,
    )  # fmt: skip
    draft.rename(out)
    return log


def engaged_texts(split: Split, config: RunConfig, vectors: FloatMatrix) -> Engaged:
    """Return the texts with actions on the training side of a split, and who engages with them.

    Args:
        split: What is known, and what is held out.
        config: Which columns hold texts, topics and languages; how many actions count.
        vectors: Of the flits, by a model that knows the training side alone, float32 ``[num_flits, dim]``.

    Raises:
        ConfigError: If flits have no text, or a named column is not there.
    """
    _, flit_type = action_types(split.train)
    frame, columns = split.train.nodes[flit_type], config.nodes[flit_type].text
    if not columns:
        raise ConfigError(f"nodes.{flit_type}.text must name columns for a text encoder to be tuned on (got none)")
    history = history_of(split.train)
    texts = node_texts(frame, columns)
    often = history.actions_per_flit(frame.height) >= config.finetune.min_actions
    rows = np.flatnonzero(often & np.array([bool(text) for text in texts]))
    draw = np.random.default_rng(config.finetune.seed).random(len(rows))
    held = np.zeros(len(rows), dtype=np.bool_)
    held[np.argsort(draw)[: round(config.finetune.held_share * len(rows))]] = True
    chosen = [texts[row] for row in rows]
    column = _column(frame, config.finetune.topic_column, "topic_column")
    labels = [hashtags(text) for text in chosen] if column is None else split_values(column.gather(rows).to_list())
    return Engaged(
        texts=chosen,
        bare=[without_hashtags(text) for text in chosen],
        vectors=np.asarray(vectors[rows]),
        topics=topic_matrix(labels),
        language=_language(_column(frame, config.finetune.language_column, "language_column"), rows),
        held=held,
    )


def _column(frame: pl.DataFrame, name: str | None, setting: str) -> pl.Series | None:
    if name is None:
        return None
    if name not in frame.columns:
        raise ConfigError(
            f"finetune.{setting} must be a column that the flits declare (got {name!r}, have {frame.columns}); "
            "add it to `categorical` or `show`"
        )
    return frame[name].cast(pl.String)


def _language(column: pl.Series | None, rows: IntVector) -> IntVector:
    """Return the number of each row's language, -1 where it is not known."""
    if column is None:
        return np.full(len(rows), -1, dtype=np.int64)
    values = column.gather(rows)
    known = {name: place for place, name in enumerate(values.drop_nulls().unique().sort())}
    return np.array([known.get(one, -1) for one in values], dtype=np.int64)
