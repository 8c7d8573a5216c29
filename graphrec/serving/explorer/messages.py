"""What the explorer's routes take and answer."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from graphrec.serving.messages import MAX_LIST, Answer, AnyId, Kind, Message

Few = Annotated[int, Field(ge=1, le=100)]


class LookUp(Message):
    """Flits to describe."""

    ids: Annotated[tuple[AnyId, ...], Field(min_length=1, max_length=MAX_LIST)]
    """Which; unknown ones are left out of the answer."""


class AskNeighbours(Message):
    """The edges of a node in the version's graph."""

    id: AnyId
    """The node."""
    type: Kind | None = None
    """Its node type; default: what is recommended."""
    k: Few = 12
    """Edges of each relation, the heaviest first."""


class SomeUser(BaseModel):
    """A user worth looking at."""

    id: AnyId
    interests: int
    actions: int


class SomeUsers(Answer):
    """Users to begin with."""

    users: list[SomeUser]


class UserAction(BaseModel):
    """Something a user did."""

    flit: AnyId
    time_s: int | None
    kind: str | None
    """Told of actions since the version."""
    interest: AnyId | None
    """The flit that stands for the interest it belongs to."""


class UserActions(Answer):
    """What a user did, the newest first."""

    actions: list[UserAction]


class Described(BaseModel):
    """A flit as the catalogue has it."""

    id: AnyId
    text: str
    created_s: int | None
    author: AnyId | None
    actions: int
    """How often users acted on it."""
    image: str | None
    """sha256 of its image: ``/v1/images/{digest}``."""
    columns: dict[str, Any]
    """Further columns of the catalogue."""


class Flits(Answer):
    """Flits in the order asked for."""

    flits: list[Described]


class Edge(BaseModel):
    """A neighbour in the graph."""

    id: AnyId
    weight: float
    time_s: int | None


class Relation(BaseModel):
    """The edges of one relation."""

    relation: str
    incoming: bool
    """Whether the edges lead to the node asked for."""
    type: str
    """Node type of the other ends."""
    count: int
    edges: list[Edge]


class Surroundings(Answer):
    """Edges of a node by relation."""

    type: str
    relations: list[Relation]


class Colouring(BaseModel):
    """One way to colour the map."""

    name: str
    values: list[str]
    codes: list[int]
    """Place in ``values`` for each point; -1 for none."""


class Plane(Answer):
    """Flits on a plane, neighbours together."""

    method: str
    ids: list[AnyId]
    x: list[float]
    y: list[float]
    colourings: list[Colouring]
    labels: list[dict[str, Any]]
    """Name and middle of each cluster."""
