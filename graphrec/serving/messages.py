"""What the routes take and answer, as typed models; the limits stand here, and in the OpenAPI description."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, StringConstraints

from graphrec.ids import Id
from graphrec.retrieval.request import Request

MAX_K = 500
DEFAULT_K = 50
MAX_LIST = 100
MAX_EVENTS = 500
MAX_TEXT = 8192
PROBLEM = "application/problem+json"
"""Media type of a refusal (RFC 9457), by which it is told from what a proxy answers."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=256, strict=True)]
Number = Annotated[int, Field(ge=-(2**63), lt=2**63, strict=True)]
AnyId = Text | Number
"""An id as the tables have it: text of at most 256 characters, or a whole number of 64 bits."""
K = Annotated[int, Field(ge=1, le=MAX_K)]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Factor = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Ids = Annotated[tuple[AnyId, ...], Field(max_length=MAX_LIST)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=128)]
NONE_SHOWN: Mapping[Id, int] = MappingProxyType({})
Value = Annotated[str, StringConstraints(max_length=256)] | int | float | bool


class Message(BaseModel):
    """A body; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Boost(Message):
    """What an interest is worth."""

    flit: AnyId
    """A flit; the interest nearest to it is meant."""
    factor: Factor
    """What its importance is multiplied by; 0 mutes it, 1 takes the wish back."""


class Wishes(Message):
    """What an answer shall heed, as ``graphrec.Request``; on top of what the user set by PATCH."""

    muted: Ids = ()
    """Flits; the interest nearest to each is silent."""
    boosted: Annotated[tuple[Boost, ...], Field(max_length=MAX_LIST)] = ()
    """What interests are worth in this answer."""
    blocked_authors: Ids = ()
    """Authors whose flits stay out."""
    safe: bool = False
    """Leave out flagged flits."""
    where: Annotated[dict[Column, Annotated[tuple[Value, ...], Field(max_length=MAX_LIST)]], Field(max_length=8)] = (
        Field(default_factory=dict)
    )
    """Column of the catalogue to the values that may stand there."""
    max_age_days: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Leave out older flits."""
    per_author: Annotated[int, Field(ge=1)] | None = None
    """Flits of one author at most."""
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.0
    """0 ranks by score alone."""
    ads: bool = True
    """Whether promoted flits may come, where the version has any; impressions told as events count for their cap."""
    now_s: Annotated[int, Field(ge=0, lt=2**40)] | None = None
    """When the campaigns must run, seconds since 1970 UTC; default: the version's "now"."""
    segment: Column | None = None
    """Where somebody unknown is, as the version's ``retrieval.segment`` column says it: popularity is that of there."""

    def request(self, standing: dict[Id, float], shown: Mapping[Id, int] = NONE_SHOWN) -> Request:
        """Return these wishes on top of the user's standing ones, and how often he was shown which flit."""
        factors = standing | {one.flit: one.factor for one in self.boosted}
        fields = self.model_dump(exclude={"muted", "boosted"}, exclude_defaults=True)
        silent = tuple(flit for flit, factor in factors.items() if factor == 0)
        boosted = {flit: factor for flit, factor in factors.items() if factor > 0}
        if not fields and not silent and not boosted and not shown and not self.muted:
            return PLAIN
        return Request(
            **fields, ads_shown=dict(shown), muted=tuple(dict.fromkeys((*self.muted, *silent))), boosted=boosted
        )


PLAIN = Request()
"""Asks for nothing special; most requests do."""


class Listed(Message):
    """A request for a list of flits."""

    k: K = DEFAULT_K
    """Length of the list at most."""
    wishes: Wishes = Field(default_factory=Wishes)
    """What the list shall heed."""
    explain: bool = False
    """Say why each candidate stands in the list."""
    trace: bool = False
    """Say what each step drew, removed and left."""


class Recommend(Listed):
    """Candidates for a user; somebody unknown gets what is popular of late."""

    user: AnyId
    """Whom for."""
    kind: Kind | None = None
    """Node type of the candidates, such as accounts to follow; default: flits."""


class RecommendFrom(Listed):
    """Candidates for somebody never seen, from his last actions."""

    flits: Annotated[tuple[AnyId, ...], Field(min_length=1, max_length=MAX_LIST)]
    """Flits he acted on, oldest first."""


class Similar(Message):
    """The nearest neighbours of a node."""

    id: AnyId
    """The node."""
    type: Kind | None = None
    """Its node type; default: what is recommended."""
    k: K = 10
    """Neighbours wanted."""


class Search(Message):
    """Flits by a text of your own."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
    """What to look for."""
    k: K = 10
    """Flits wanted."""


class Embed(Message):
    """The vector of a flit that the version does not know."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)] | None = None
    """Its text."""
    image: Base64Bytes | None = None
    """Its image, encoded (PNG, JPEG, …), in base64."""


class NewEvent(Message):
    """Something a user did."""

    event_id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    """Chosen by you; the same one again changes nothing, so that sending twice is safe."""
    user: AnyId
    """Who."""
    flit: AnyId
    """On what."""
    kind: Kind
    """What, as your tables call it: ``like``, ``hide``."""
    time_s: Annotated[int, Field(ge=0, lt=2**40)] | None = None
    """When, seconds since 1970 UTC; default: now."""


class NewEvents(Message):
    """What users did."""

    events: Annotated[tuple[NewEvent, ...], Field(min_length=1, max_length=MAX_EVENTS)]
    """In the order they came."""


class SetWishes(Message):
    """Wishes of a user that stand until they are taken back."""

    interests: Annotated[tuple[Boost, ...], Field(min_length=1, max_length=MAX_LIST)]
    """Flits and what the interest nearest to each is worth: 0 mutes it, 1 takes the wish back."""


class Answer(BaseModel):
    """Says which version gave it; the headers ``x-request-id`` and ``server-timing`` say the rest."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    version: str
    """The version that answered."""


class Candidate(BaseModel):
    """A recommended flit; with ``explain`` it carries ``why``."""

    id: AnyId
    score: float
    interest: AnyId | None = None
    """The flit that stands for the interest behind it; none where popularity is."""
    ad: AnyId | None = None
    """Who promotes it, where it stands there for that reason."""
    why: dict[str, Any] | None = None


class Recommended(Answer):
    """Candidates, best first."""

    reason: str
    candidates: list[Candidate]
    trace: list[dict[str, Any]] | None = None


class Neighbour(BaseModel):
    """A near node."""

    id: AnyId
    similarity: float


class Neighbours(Answer):
    """Near nodes, the nearest first."""

    type: str
    found: list[Neighbour]


class Embedded(Answer):
    """A unit vector in the space of the version."""

    vector: list[float]


class Interest(BaseModel):
    """An interest of a user."""

    medoid: AnyId
    text: str | None = None
    keywords: list[str]
    importance: float
    share: float
    """Of the user's importance in all."""
    feed_share: float
    """Of his first 50 candidates."""
    actions: int
    exemplars: list[AnyId]
    factor: float
    """What the user's wishes make of it: 0 is muted."""


class UserInterests(Answer):
    """Interests of a user, the most important first."""

    interests: list[Interest]
    wishes: list[Boost]
    """All wishes that stand."""


class Kept(Answer):
    """What became of the events: on disk before this was answered."""

    stored: int
    repeated: int
    """Known already by their ``event_id``."""
    forgotten: int
    """Left out: their users asked to be forgotten."""


class Forgotten(Answer):
    """The user is forgotten from this answer on."""

    forgotten: bool = True


class VersionInfo(Answer):
    """What answers."""

    graphrec: str
    as_of_s: int | None
    users: int
    flits: int


class Told(BaseModel):
    """A problem (RFC 9457)."""

    status: int
    title: str
    request_id: str
    rules: list[dict[str, str]] | None = None
