"""The map: every drawn flit's place, and the ways to colour it."""

from typing import Any

import numpy as np
import polars as pl
from pydantic_core import to_json

from graphrec.projection.projection import Projection
from graphrec.retrieval.bundle import Bundle
from graphrec.serving.endpoint import Asked, Sent

MOST_VALUES = 40
"""Different values of a column that colours can still tell apart, the rarer ones in one."""
DIGITS = 4


def plane(asked: Asked) -> Sent:
    """Flits on a plane, neighbours together, and the ways to colour them."""
    material = asked.served.material
    if material.plane is None:
        material.plane = _told(asked.served.retriever.bundle, material.projection, asked.served.version)
    return Sent(material.plane)


def _told(bundle: Bundle, projection: Projection, version: str) -> bytes:
    """Return the answer, the same for everybody."""
    points = projection.points.astype(np.float64).round(DIGITS)
    told = {
        "version": version,
        "method": projection.method,
        "ids": bundle.ids[bundle.settings.flit_type].ids(projection.rows).to_list(),
        "x": points[:, 0].tolist(),
        "y": points[:, 1].tolist(),
        "colourings": [
            {"name": "topic", "values": list(projection.names), "codes": projection.cluster.tolist()},
            *_columns(bundle, projection),
        ],
        "labels": _labels(projection),
    }
    return to_json(told)


def _columns(bundle: Bundle, projection: Projection) -> list[dict[str, Any]]:
    """Return the columns of the catalogue with few enough values, and which flits nobody has acted on yet."""
    settings, frame = bundle.settings, bundle.catalogue[projection.rows]
    left = {"id", "created_s", settings.author, *settings.text_columns}
    cold = pl.Series("met by", bundle.cold[projection.rows]).replace_strict({True: "nobody yet", False: "somebody"})
    shown = [frame[name].cast(pl.String) for name in frame.columns if name not in left and _few(frame[name])]
    return [_coded(one) for one in (*shown, cold)]


def _few(column: pl.Series) -> bool:
    return not column.dtype.is_nested() and not column.dtype.is_float() and 1 < column.n_unique() <= MOST_VALUES


def _coded(column: pl.Series) -> dict[str, Any]:
    counts = column.drop_nulls().value_counts().sort(["count", column.name], descending=[True, False])
    places = {value: place for place, value in enumerate(counts[column.name].to_list())}
    codes = [-1 if value is None else places[value] for value in column.to_list()]
    return {"name": column.name, "values": list(places), "codes": codes}


def _labels(projection: Projection) -> list[dict[str, Any]]:
    """Return each cluster's name and the point of it nearest to its middle."""
    found = []
    for number, name in enumerate(projection.names):
        own = projection.points[projection.cluster == number]
        middle = own[np.linalg.norm(own - np.median(own, axis=0), axis=1).argmin()]
        found.append({"name": name, "x": round(float(middle[0]), DIGITS), "y": round(float(middle[1]), DIGITS)})
    return found
