"""Size, seed and behaviour of a simulated Flutter network."""

from datetime import date
from typing import Any, Literal, Self

from pydantic import Field

from graphrec.errors import ConfigError
from graphrec.history import DAY_S
from graphrec.section import Section

Preset = Literal["small", "default", "large"]

SLOT_S = DAY_S // 4
SLOT_SHARES = (0.08, 0.24, 0.30, 0.38)
"""Share of a day's sessions in each of its four slots of six hours, from midnight UTC."""

_PRESETS: dict[str, dict[str, Any]] = {
    "small": {"users": 200, "flits": 600, "advertisers": 12, "spam_accounts": 8},
    "default": {},
    "large": {
        "users": 140_000,
        "flits": 160_000,
        "advertisers": 1_200,
        "spam_accounts": 600,
        "image_share": 0.02,
    },
}


class BehaviourConfig(Section):
    """How feeds are filled and how users answer them."""

    interest_share: float = Field(0.47, ge=0)
    """Relative share of feed candidates that follow the user's interests."""
    follow_share: float = Field(0.06, ge=0)
    """Relative share that comes from followed authors."""
    trending_share: float = Field(0.01, ge=0)
    """Relative share that is popular with everybody."""
    random_share: float = Field(0.46, ge=0)
    """Relative share drawn without regard to the user."""
    lifetime_days: float = Field(40.0, gt=0)
    """Median over flits of the time in which exposure falls by the factor e."""
    zipf: float = Field(0.9, ge=0)
    """Exponent of the popularity law over flits."""
    base: float = -2.65
    """Logit of a like without any match, at the top of the feed."""
    match: float = 2.9
    """Logit gained where the flit's topic is one of the user's interests."""
    sibling: float = 1.1
    """Logit gained where only the flit's parent topic is one of the user's."""
    quality: float = 0.55
    """Logit per standard deviation of the flit's quality."""
    position: float = -0.07
    """Logit per position down the feed."""
    foreign: float = -1.2
    """Logit lost where the user does not read the flit's language."""
    noise: float = Field(0.5, ge=0)
    """Standard deviation of the mood of one impression, in logits."""


class SimulationConfig(Section):
    """A Flutter network to simulate; the same values give the same bytes.

    Raises:
        ConfigError: Through :meth:`parse` and :meth:`preset`, if a value breaks a rule.
    """

    seed: int = Field(0, ge=0)
    """Seed of every random draw."""
    users: int = Field(2_000, ge=20)
    """Accounts, the spam accounts among them."""
    flits: int = Field(6_000, ge=200)
    """Flits, those posted before the first day among them."""
    advertisers: int = Field(60, ge=1)
    """Advertisers."""
    days: int = Field(90, ge=14)
    """Length of the simulated window."""
    start: date = date(2026, 1, 5)
    """First day of the window, midnight UTC."""
    sessions_per_user: float = Field(12.0, gt=0)
    """Mean number of sessions of a user over the whole window."""
    feed_length: int = Field(10, ge=1, le=50)
    """Positions in a session's feed."""
    stock_share: float = Field(0.35, ge=0, lt=1)
    """Share of flits posted in the ``stock_days`` before the window."""
    stock_days: int = Field(60, ge=1)
    """How far back the oldest flits go."""
    unshown_share: float = Field(0.04, ge=0, lt=0.5)
    """Share of flits posted in the last days and never shown to anybody."""
    image_share: float = Field(0.6, ge=0, le=1)
    """Share of flits with an image."""
    spam_accounts: int = Field(30, ge=0)
    """Accounts of the spam wave; 0 leaves the wave out."""
    behaviour: BehaviourConfig = BehaviourConfig()
    """How feeds are filled and how users answer them."""

    @classmethod
    def preset(cls, name: Preset, **changes: Any) -> Self:
        """Return the settings of a named size.

        Args:
            name: ``small`` (tests, below two seconds), ``default`` or ``large`` (about 20 million events).
            **changes: Fields to set otherwise, e.g. ``seed=7``.

        Raises:
            ConfigError: If the name or a field is unknown, or a value breaks a rule.
        """
        if name not in _PRESETS:
            raise ConfigError(f"SimulationConfig.preset must be one of {', '.join(_PRESETS)} (got {name!r})")
        return cls.parse({**_PRESETS[name], **changes})

    @property
    def start_s(self) -> int:
        """Begin of the window, seconds since 1970 UTC."""
        return (self.start - date(1970, 1, 1)).days * DAY_S

    @property
    def end_s(self) -> int:
        """End of the window (exclusive), seconds since 1970 UTC."""
        return self.start_s + self.days * DAY_S

    @property
    def weeks(self) -> int:
        """Number of weeks in the window, the last one perhaps shorter; interests drift from week to week."""
        return -(-self.days // 7)
