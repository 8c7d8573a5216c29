"""Which preset a section holds."""

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from graphrec.models.config.lightgcn import LightGCNConfig
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.config.two_tower import TwoTowerConfig

PRESETS = ("pinsage", "lightgcn", "matrix_factorization", "twhin", "two_tower")
"""Names for full settings, each with its own section."""


def _preset_of(value: Any) -> Any:
    return value.get("preset", PRESETS[0]) if isinstance(value, dict) else getattr(value, "preset", None)


PresetConfig = Annotated[
    Annotated[PinSageConfig, Tag("pinsage")]
    | Annotated[LightGCNConfig, Tag("lightgcn")]
    | Annotated[LightGCNConfig, Tag("matrix_factorization")]
    | Annotated[TwhinConfig, Tag("twhin")]
    | Annotated[TwoTowerConfig, Tag("two_tower")],
    Discriminator(
        _preset_of,
        custom_error_type="preset",
        custom_error_message=f"be a section whose preset is one of {', '.join(PRESETS)}",
    ),
]
"""The settings of one preset, told by its name; without one PinSage's."""
