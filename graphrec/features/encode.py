"""Clean tables to features: every node type's text, images and columns."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from graphrec.arrays import BoolVector, FloatMatrix
from graphrec.engine import LOCAL, Engine
from graphrec.features.cache import VectorCache
from graphrec.features.columns import encode_columns
from graphrec.features.config import ColumnConfig, FeatureConfig, ImageConfig, TextConfig
from graphrec.features.image import ImageEncoder, image_key
from graphrec.features.precision import resolve_image_config, resolve_text_config
from graphrec.features.table import Features, NodeFeatures
from graphrec.features.text import encode_texts, text_key
from graphrec.features.tfidf import encode_tfidf
from graphrec.features.transformer import Progress
from graphrec.tables.clean import Tables
from graphrec.tables.config import NodeConfig
from graphrec.tables.image_store import DIGEST

logger = logging.getLogger(__name__)

StageProgress = Callable[[str, int, int], None]
"""Called with (``texts`` or ``images``, done, total)."""


def encode_features(
    tables: Tables,
    nodes: Mapping[str, NodeConfig],
    config: FeatureConfig,
    *,
    fit_until_s: int | None,
    cache: Path | None,
    threads: int = 2,
    engine: Engine = LOCAL,
    on_progress: StageProgress | None = None,
) -> Features:
    """Encode the declared content of every node.

    TF-IDF, means, deviations and categories are learnt only from nodes that came to be before ``fit_until_s`` or have
    no time: nothing later reaches a feature of an earlier node.

    Args:
        tables: Clean tables.
        nodes: Node type to its declared columns.
        config: Settings; ``auto`` is resolved for this machine.
        fit_until_s: The split instant, seconds since 1970, exclusive; ``None`` learns from all.
        cache: Folder with text and image vectors of earlier runs; ``None`` keeps nothing.
        threads: Threads for the text model and for images.
        engine: Where texts and images are encoded.
        on_progress: Called as texts and images are encoded.

    Raises:
        MissingWeightsError: If a model's weights are not there.
        ConfigError: If a model does not suit its settings.
        DataError: If image bytes are no image.
    """
    fits = {node_type: fit_mask(tables.nodes[node_type], fit_until_s) for node_type in nodes}
    config = resolve_config(config, nodes)
    texts = _encode_texts(tables, nodes, config, fits, cache, threads, engine, _named(on_progress, "texts"))
    images = _encode_images(tables, nodes, config, cache, threads, engine, _named(on_progress, "images"))
    encoded = {}
    for node_type, node in nodes.items():
        content = {name: block[node_type] for name, block in (("text", texts), ("image", images)) if node_type in block}
        encoded[node_type] = _assemble(tables.nodes[node_type], node, content, fits[node_type], config.columns)
        logger.info("features of %s: %s", node_type, encoded[node_type].widths)
    return Features(encoded, config)


def resolve_config(config: FeatureConfig, nodes: Mapping[str, NodeConfig]) -> FeatureConfig:
    """Return ``config`` as it is carried out: without ``auto``, and without encoders that no node needs.

    Raises:
        MissingWeightsError: If a node has text, or an image, and the weights of its model are not there.
    """
    made = config.blocks(nodes)
    text = config.text if "text" in made else TextConfig(encoder="none")
    image = config.image if "image" in made else ImageConfig(encoder="none")
    return config.model_copy(update={"text": resolve_text_config(text), "image": resolve_image_config(image)})


def weight_keys(config: FeatureConfig) -> dict[str, str]:
    """Return what content vectors depend on besides the content: one sha256 per pretrained model of a config.

    Args:
        config: Resolved settings.
    """
    keys = {}
    if config.text.encoder == "transformer":
        keys["weights"] = text_key(config.text)
    if config.image.encoder == "transformer":
        keys["image_weights"] = image_key(config.image)
    return keys


def fit_mask(frame: pl.DataFrame, fit_until_s: int | None) -> BoolVector:
    """Return which nodes may be learnt from: those from before ``fit_until_s`` and those without a time."""
    if fit_until_s is None or "created_s" not in frame.columns:
        return np.ones(len(frame), dtype=np.bool_)
    return (frame["created_s"] < fit_until_s).fill_null(True).to_numpy()


def node_texts(frame: pl.DataFrame, columns: tuple[str, ...]) -> list[str]:
    """Return the text of every node: its columns joined by a blank line, without those that are missing or blank."""
    parts = [pl.col(name).cast(pl.String).str.strip_chars() for name in columns]
    filled = [pl.when(part != "").then(part) for part in parts]
    return frame.select(text=pl.concat_str(filled, separator="\n\n", ignore_nulls=True))["text"].fill_null("").to_list()


def _encode_texts(
    tables: Tables,
    nodes: Mapping[str, NodeConfig],
    config: FeatureConfig,
    fits: Mapping[str, BoolVector],
    cache: Path | None,
    threads: int,
    engine: Engine,
    on_progress: Progress | None,
) -> dict[str, FloatMatrix]:
    """Encode the texts of all node types together: one space, and equal texts once."""
    typed = [node_type for node_type, node in nodes.items() if node.text]
    if config.text.encoder == "none" or not typed:
        return {}
    texts = [node_texts(tables.nodes[node_type], nodes[node_type].text) for node_type in typed]
    joined = [text for one in texts for text in one]
    if config.text.encoder == "tfidf":
        vectors = encode_tfidf(joined, np.concatenate([fits[node_type] for node_type in typed]), config.text.dim)
    else:
        known = None if cache is None else VectorCache(cache / "text_cache", text_key(config.text))
        vectors = encode_texts(
            joined, config.text, cache=known, threads=threads, engine=engine, on_progress=on_progress
        )
    ends = np.cumsum([len(one) for one in texts])[:-1]
    return dict(zip(typed, np.split(vectors, ends), strict=True))


def _encode_images(
    tables: Tables,
    nodes: Mapping[str, NodeConfig],
    config: FeatureConfig,
    cache: Path | None,
    threads: int,
    engine: Engine,
    on_progress: Progress | None,
) -> dict[str, FloatMatrix]:
    """Encode the images of all node types together: one space, and equal images once."""
    columns = {node_type: node.image for node_type, node in nodes.items() if node.image is not None}
    if config.image.encoder == "none" or not columns:
        return {}
    known = None if cache is None else VectorCache(cache / "image_cache", image_key(config.image))
    digests = [tables.nodes[node_type][column].alias(DIGEST) for node_type, column in columns.items()]
    encoder = ImageEncoder(config.image, known, threads, engine)
    vectors = encoder.encode(pl.concat(digests), tables.images, on_progress)
    return dict(zip(columns, np.split(vectors, np.cumsum([len(one) for one in digests])[:-1]), strict=True))


def _assemble(
    frame: pl.DataFrame, node: NodeConfig, content: Mapping[str, FloatMatrix], fit: BoolVector, config: ColumnConfig
) -> NodeFeatures:
    """Put content, columns and masks together; a zero row of text or image is a missing one."""
    present: dict[str, BoolVector] = {name: np.asarray(block.any(axis=1)) for name, block in content.items()}
    if not (node.numeric or node.categorical):
        return NodeFeatures(content, present)
    columns, labels = encode_columns(frame, node.numeric, node.categorical, fit, config)
    present["columns"] = np.ones(len(frame), dtype=np.bool_)
    return NodeFeatures({**content, "columns": columns}, present, labels)


def _named(on_progress: StageProgress | None, stage: str) -> Progress | None:
    return None if on_progress is None else lambda done, total: on_progress(stage, done, total)
