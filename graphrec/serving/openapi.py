"""The description of the API, made from the routes themselves."""

from html import escape
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from graphrec import __version__
from graphrec.serving.endpoint import Spec
from graphrec.serving.messages import PROBLEM, Told
from graphrec.serving.routes import ROUTES

Model = tuple[type[BaseModel], Literal["validation", "serialization"]]
OTHER_KINDS = {"/metrics": "text/plain", "/v1/images/{digest}": "image/*"}
"""Routes that do not answer JSON."""
REFERENCE = "#/components/schemas/{model}"
ERRORS = {
    "401": "No known token.", "403": "The token's scope does not reach.", "404": "An id is not known.",
    "408": "The body came too slowly.", "413": "The body is too long.", "422": "The body breaks a rule.",
    "503": "Too busy; see Retry-After.",
}  # fmt: skip


def described() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description."""
    takes: list[Model] = [(spec.body, "validation") for spec in ROUTES if spec.body is not None]
    gives: list[Model] = [(spec.answer, "serialization") for spec in ROUTES if spec.answer is not None]
    names, schemas = models_json_schema([*takes, *gives, (Told, "serialization")], ref_template=REFERENCE)
    paths: dict[str, Any] = {}
    for spec in ROUTES:
        operation = _operation(spec, names)
        paths.setdefault(spec.shown, {})[spec.method.lower()] = operation
    bearer = {"bearer": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "graphrec", "version": __version__},
        "paths": paths,
        "components": {"schemas": schemas["$defs"], "securitySchemes": bearer},
    }


def page() -> str:
    """Return the description as a page that loads nothing from elsewhere."""
    rows = "".join(
        f"<tr><td>{spec.method}</td><td><code>{escape(spec.shown)}</code></td>"
        f"<td>{spec.scope}</td><td>{escape(spec.summary)}</td></tr>"
        for spec in ROUTES
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>graphrec API</title>"
        "<style>body{font:16px system-ui;margin:2rem;max-width:60rem}td,th{padding:.3rem .8rem;text-align:left}</style>"
        f"<h1>graphrec {escape(__version__)}</h1><table><tr><th>method<th>path<th>token<th></tr>{rows}</table>"
        "<p>Bodies and answers: <a href=openapi.json>openapi.json</a></p></html>"
    )


def _operation(spec: Spec, names: Any) -> dict[str, Any]:
    """Return one route's part."""
    content: Any = {OTHER_KINDS.get(spec.path, "application/json"): {}}
    if spec.answer is not None:
        content = {"application/json": {"schema": names[(spec.answer, "serialization")]}}
    problem = {PROBLEM: {"schema": names[(Told, "serialization")]}}
    told: dict[str, Any] = {
        "summary": spec.summary,
        "responses": {"200": {"description": "The answer.", "content": content}},
    }
    if spec.scope != "open":
        told |= {"security": [{"bearer": []}], "description": f"Needs a token of scope {spec.scope}."}
        told["responses"] |= {code: {"description": why, "content": problem} for code, why in ERRORS.items()}
    if spec.body is not None:
        schema = names[(spec.body, "validation")]
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if "{digest}" in spec.path:
        hexadecimal = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
        told["parameters"] = [{"name": "digest", "in": "path", "required": True, "schema": hexadecimal}]
    if "{user" in spec.path:
        text = {"type": "string", "minLength": 1, "maxLength": 256}
        told["parameters"] = [{"name": "user", "in": "path", "required": True, "schema": text}]
    return told
