"""Answers that say no: a status, a sentence, and never what was sent."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

MOST_TOLD = 20
"""Broken rules told at most."""


@dataclass
class Problem(Exception):
    """A request that is not answered.

    Attributes:
        status: HTTP status.
        title: What is wrong, in a sentence.
        rules: For 422: which fields break which rules.
        headers: Further headers.
    """

    status: int
    title: str
    rules: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        """Return what is sent, as :data:`graphrec.serving.messages.PROBLEM`."""
        told: dict[str, Any] = {"status": self.status, "title": self.title, "request_id": request_id}
        return told | ({"rules": self.rules} if self.rules else {})


def busy(why: str) -> Problem:
    """Return the answer of a worker that has too much to do."""
    return Problem(503, why, headers={"Retry-After": "1"})


def invalid(error: ValidationError, model: type[BaseModel]) -> Problem:
    """Return the answer to a body that breaks rules: names of our own fields and the rules, nothing that was sent."""
    rules = [
        {"field": _place(one["loc"], model), "rule": _rule(one)}
        for one in error.errors(include_url=False, include_context=False, include_input=False)[:MOST_TOLD]
    ]
    return Problem(422, "the body breaks the rules of this route", rules)


def _rule(error: Any) -> str:
    """Return the rule; a parser's message may quote what it read."""
    return "must be JSON" if error["type"] == "json_invalid" else str(error["msg"]).removeprefix("Value error, ")


def _place(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    """Return where a rule was broken, cut off where the names are no longer ours."""
    names = _names(model)
    own: list[str] = []
    for part in location:
        if isinstance(part, str) and part not in names:
            break
        own.append(str(part))
    return ".".join(own)


def _names(model: type[BaseModel]) -> set[str]:
    """Return the field names of a model and of those inside it."""
    names = set(model.model_fields)
    for one in model.model_fields.values():
        parts = [one.annotation, *getattr(one.annotation, "__args__", ())]
        inner = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
        names.update(*(_names(part) for part in inner))
    return names
