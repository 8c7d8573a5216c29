"""The options of a request, as a command line gives them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from graphrec.ids import Id
    from graphrec.retrieval.request import Request

Typed = Callable[[str], "Id"]
WISHES = "Wishes"

Mute = Annotated[
    list[str] | None,
    typer.Option("--mute", metavar="FLIT", help="Silence the interest nearest to a flit.", rich_help_panel=WISHES),
]
Boost = Annotated[
    list[str] | None,
    typer.Option(
        "--boost", metavar="FLIT=FACTOR", help="Multiply the importance of that interest.", rich_help_panel=WISHES
    ),
]
Block = Annotated[
    list[str] | None,
    typer.Option("--block-author", metavar="ID", help="Leave out an author's flits.", rich_help_panel=WISHES),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="COLUMN=VALUE,…", help="Only flits with one of these values.", rich_help_panel=WISHES
    ),
]
Safe = Annotated[bool, typer.Option("--safe", help="Leave out flagged flits.", rich_help_panel=WISHES)]
MaxAge = Annotated[float | None, typer.Option("--max-age-days", help="Leave out older flits.", rich_help_panel=WISHES)]
PerAuthor = Annotated[
    int | None, typer.Option("--per-author", help="Flits of one author at most.", rich_help_panel=WISHES)
]
Diversity = Annotated[
    float, typer.Option("--diversity", help="0: by score alone; up to 1: spread out.", rich_help_panel=WISHES)
]


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
