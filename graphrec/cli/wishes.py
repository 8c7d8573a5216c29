"""The options of a request, as a command line gives them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from graphrec.ids import Id
    from graphrec.retrieval.request import Request

Typed = Callable[[str], "Id"]

_option = partial(typer.Option, rich_help_panel="Wishes")

Mute = Annotated[list[str] | None, _option("--mute", metavar="FLIT", help="Silence the interest nearest to a flit.")]
Boost = Annotated[
    list[str] | None,
    _option("--boost", metavar="FLIT=FACTOR", help="Multiply the importance of that interest."),
]
Block = Annotated[list[str] | None, _option("--block-author", metavar="ID", help="Leave out an author's flits.")]
Where = Annotated[
    list[str] | None,
    _option("--where", metavar="COLUMN=VALUE,…", help="Only flits with one of these values."),
]
Safe = Annotated[bool, _option("--safe", help="Leave out flagged flits.")]
MaxAge = Annotated[float | None, _option("--max-age-days", help="Leave out older flits.")]
PerAuthor = Annotated[int | None, _option("--per-author", help="Flits of one author at most.")]
Diversity = Annotated[float, _option("--diversity", help="0: by score alone; up to 1: spread out.")]


def request_of(
    flit: Typed, author: Typed, *, mute: Sequence[str] | None, boost: Sequence[str] | None,
    block: Sequence[str] | None, where: Sequence[str] | None, **plain: object,
) -> "Request":  # fmt: skip
    """Return the request that a command line describes.

    Args:
        flit: Turns text into the id of a flit.
        author: Turns text into the id of an author.
        mute: Flits whose interests are silent.
        boost: ``FLIT=FACTOR`` each.
        block: Authors.
        where: ``COLUMN=VALUE,VALUE`` each.
        plain: Further fields of the request.

    Raises:
        ConfigError: If an option does not read as it should, or a field breaks a rule.
    """
    from graphrec.retrieval.request import Request

    boosted = dict(_pair("--boost", one) for one in boost or ())
    columns = dict(_pair("--where", one) for one in where or ())
    return Request.parse(
        {
            "muted": [flit(one) for one in mute or ()],
            "boosted": {flit(name): factor for name, factor in boosted.items()},
            "blocked_authors": [author(one) for one in block or ()],
            "where": {name: values.split(",") for name, values in columns.items()},
            **plain,
        }
    )


def _pair(option: str, text: str) -> tuple[str, str]:
    """Split ``NAME=VALUE``."""
    from graphrec.errors import ConfigError

    name, sign, value = text.partition("=")
    if not sign or not name or not value:
        raise ConfigError(f"{option} must read name=value (got {text!r})")
    return name, value
