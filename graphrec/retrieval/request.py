"""What somebody asks for: interests to hear more or less of, what to leave out, how varied the list shall be."""

from typing import Annotated

from pydantic import Field

from graphrec.ids import Id
from graphrec.section import Section


class Request(Section):
    """Wishes of one answer; all are optional, and the default asks for nothing special."""

    muted: tuple[Id, ...] = ()
    """Flits; the interest of the user that lies nearest to each is silent, and what belongs to it stays out."""
    boosted: dict[Id, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """Flit to what the importance of the interest nearest to it is multiplied by; below 1 turns it down."""
    blocked_authors: tuple[Id, ...] = ()
    """Authors whose flits stay out."""
    safe: bool = False
    """Leave out flits with any of the declared flags set."""
    where: dict[str, tuple[str | int | float | bool, ...]] = Field(default_factory=dict)
    """Column of the catalogue to the values that may stand there, such as ``{language: [en, de]}``."""
    max_age_days: float | None = Field(default=None, gt=0)
    """Leave out flits older than this at the version's "now"."""
    per_author: int | None = Field(default=None, ge=1)
    """Flits of one author at most."""
    diversity: float = Field(default=0.0, ge=0, le=1)
    """0 ranks by score alone; above, a flit gives way the more the nearer it lies to one that stands before it (maximal
    marginal relevance, Carbonell & Goldstein, SIGIR 1998)."""
    ads: bool = True
    """Whether promoted flits may come, where the version has any."""
    ads_shown: dict[Id, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Flit to how often this user was shown it as an ad, for the cap on repeats."""
    now_s: int | None = None
    """When the campaigns must run, seconds since 1970 UTC; default: the version's "now"."""
    segment: str | None = None
    """Where somebody is, as the version's ``retrieval.segment`` column says it (a country): popularity is that of
    there. Default: what the user's own row says."""

    @property
    def reshapes(self) -> bool:
        """Whether the list is made from a longer one."""
        return self.per_author is not None or self.diversity > 0
