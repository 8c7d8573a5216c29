"""Content to numbers: text and image encoders, numeric and categorical columns, memory-mapped feature tables."""

from graphrec.features.cache import VectorCache
from graphrec.features.config import ColumnConfig, FeatureConfig, ImageConfig, TextConfig
from graphrec.features.encode import encode_features, resolve_config, weight_keys
from graphrec.features.image import ImageEncoder, encode_images, image_key
from graphrec.features.precision import resolve_image_config, resolve_text_config
from graphrec.features.table import Features, NodeFeatures
from graphrec.features.text import TextEncoder, encode_texts, text_key

__all__ = [
    "ColumnConfig",
    "FeatureConfig",
    "Features",
    "ImageConfig",
    "ImageEncoder",
    "NodeFeatures",
    "TextConfig",
    "TextEncoder",
    "VectorCache",
    "encode_features",
    "encode_images",
    "encode_texts",
    "image_key",
    "resolve_config",
    "resolve_image_config",
    "resolve_text_config",
    "text_key",
    "weight_keys",
]
