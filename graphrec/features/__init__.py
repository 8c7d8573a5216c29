"""Content to numbers: text and image encoders, numeric and categorical columns, memory-mapped feature tables."""

from graphrec.features.cache import TextCache
from graphrec.features.config import ColumnConfig, FeatureConfig, ImageConfig, TextConfig
from graphrec.features.encode import encode_features, resolve_config
from graphrec.features.image import encode_images
from graphrec.features.precision import resolve_text_config
from graphrec.features.table import Features, NodeFeatures
from graphrec.features.text import TextEncoder, encode_texts, text_key

__all__ = [
    "ColumnConfig",
    "FeatureConfig",
    "Features",
    "ImageConfig",
    "NodeFeatures",
    "TextCache",
    "TextConfig",
    "TextEncoder",
    "encode_features",
    "encode_images",
    "encode_texts",
    "resolve_config",
    "resolve_text_config",
    "text_key",
]
