"""Routes about flits, for whoever looks: what they say and show, and who is near them in the graph."""

import math
from typing import Any

import numpy as np

from graphrec.errors import ConfigError, UnknownIdError
from graphrec.graph.graph import Relation
from graphrec.ids import Id
from graphrec.retrieval.answers import describe
from graphrec.retrieval.bundle import Bundle
from graphrec.serving.endpoint import Asked, Sent
from graphrec.serving.explorer.messages import AskNeighbours, LookUp
from graphrec.serving.problems import Problem

REVERSE = "rev_"
KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"BM": "image/bmp"}
"""First bytes of a file to its media type; nothing else is sent, least of all what may hold scripts."""
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
"""An image is named by its content, so what was read once stays right; only the reader's own browser may keep it."""


def flits(asked: Asked) -> dict[str, Any]:
    """What flits say, who wrote them, what they show."""
    message: LookUp = asked.message
    bundle = asked.served.retriever.bundle
    ids = bundle.ids[bundle.settings.flit_type]
    rows = [row for one in message.ids if (row := ids.get(one)) is not None]
    found = [_described(asked, bundle, row) for row in rows]
    written = [one["author"] for one in found if one["author"] is not None]
    gone = {one for one, forgot in zip(written, asked.service.state.forgot(written), strict=True) if forgot}
    for one in found:
        one["author"] = None if one["author"] in gone else one["author"]
    return {"version": asked.served.version, "flits": found}


def neighbours(asked: Asked) -> dict[str, Any]:
    """The heaviest edges of a node in the version's graph, by relation."""
    message: AskNeighbours = asked.message
    bundle, graph = asked.served.retriever.bundle, asked.served.material.graph
    kind = message.type or bundle.settings.flit_type
    if kind not in bundle.ids:
        raise ConfigError(f"type must be one of {', '.join(bundle.ids)}")
    if kind == bundle.settings.user_type and asked.service.state.of(message.id).forgotten:
        raise UnknownIdError("id must be a known id")
    row = bundle.ids[kind].row(message.id)
    found = [
        {
            "relation": name.removeprefix(REVERSE), "incoming": name.startswith(REVERSE), "type": other,
            "count": len(relation.neighbours(row)), "edges": _edges(asked, other, relation, row, message.k),
        }
        for (_, name, other), relation in graph.out_of(kind).items()
    ]  # fmt: skip
    told = [one for one in found if one["count"]]
    return {"version": asked.served.version, "type": kind, "relations": told}


def image(asked: Asked) -> Sent:
    """An image by the sha256 of its content."""
    try:
        digest = bytes.fromhex(asked.digest)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise Problem(422, "an image is named by the 64 hex digits of its sha256")
    found = asked.served.material.images.find(digest)
    kind = None if found is None else media_type(found)
    if found is None or kind is None:
        raise Problem(404, "no such image")
    return Sent(found, kind, headers=FOR_EVER)


def media_type(content: bytes) -> str | None:
    """Return the media type of a picture by its first bytes; ``None`` where it is none that browsers show safely."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for first, kind in KINDS.items() if content.startswith(first)), None)


def _described(asked: Asked, bundle: Bundle, row: int) -> dict[str, Any]:
    settings = bundle.settings
    columns = bundle.catalogue.row(row, named=True)
    author = columns.pop(settings.author, None) if settings.author else None
    created = columns.pop("created_s", None)
    digest = asked.served.material.digests[row]
    for name in ("id", *settings.text_columns):
        columns.pop(name, None)
    return {
        **describe(bundle, row), "created_s": created, "author": author,
        "actions": len(bundle.actors.of(row)), "image": None if digest is None else digest.hex(),
        "columns": {name: _plain(value) for name, value in columns.items() if value is not None},
    }  # fmt: skip


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; a date or a number that is none becomes text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, str | int | bool) else str(value)


def _edges(asked: Asked, other: str, relation: Relation, row: int, most: int) -> list[dict[str, Any]]:
    """Return the heaviest edges of a node, without users who asked to be forgotten."""
    bundle = asked.served.retriever.bundle
    part = slice(int(relation.indptr[row]), int(relation.indptr[row + 1]))
    rows, weight = np.asarray(relation.indices[part]), np.asarray(relation.weight[part])
    order = np.lexsort((rows, -weight))[:most]
    times = None if relation.time_s is None else relation.time_s[part]
    ids: list[Id] = bundle.ids[other].ids(rows[order]).to_list()
    gone = asked.service.state.forgot(ids) if other == bundle.settings.user_type else [False] * len(ids)
    return [
        {"id": one, "weight": round(float(weight[at]), 6), "time_s": None if times is None else int(times[at])}
        for one, at, forgot in zip(ids, order, gone, strict=True)
        if not forgot
    ]
