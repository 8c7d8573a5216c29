"""Commands that ask a published version: recommend, interests, similar, search."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.console import one_line_errors, write_json
from graphrec.cli.options import STORE, AsJson, Debug, StorePath, TopK, UserId, VersionName
from graphrec.cli.show import print_candidates, print_frame
from graphrec.cli.wishes import (
    Block,
    Boost,
    Diversity,
    MaxAge,
    Mute,
    PerAuthor,
    Safe,
    Where,
    request_of,
)

if TYPE_CHECKING:
    import polars as pl

    from graphrec.ids import Id
    from graphrec.retrieval.retriever import Retriever


def recommend(
    user: UserId,
    store: StorePath = STORE,
    version: VersionName = "latest",
    k: TopK = 10,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each stands in the list.")] = False,
    acted: Annotated[
        list[str] | None,
        typer.Option("--acted", metavar="FLIT", help="What the user did since the version, oldest first. Repeatable."),
    ] = None,
    trace: Annotated[bool, typer.Option("--trace", help="Say what each step drew, removed and left.")] = False,
    mute: Mute = None,
    boost: Boost = None,
    block_author: Block = None,
    where: Where = None,
    safe: Safe = False,
    max_age_days: MaxAge = None,
    per_author: PerAuthor = None,
    diversity: Diversity = 0.0,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Node type to recommend, such as user; default: flits.")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Recommend flits, or accounts and advertisers, to a user; somebody unknown gets what is popular of late.

    Flits the user acted on or hid do not come back. With --json every candidate carries its explanation.

    Examples: [bold]graphrec recommend bird_0042 --store demo/store -k 5 --explain[/]

    [bold]graphrec recommend bird_0042 --store demo/store --where language=en --per-author 2 --trace[/]

    [bold]graphrec recommend bird_0042 --store demo/store --kind user --explain[/]
    """
    with one_line_errors(debug):
        from graphrec.retrieval.newest import Action

        retriever = _open(store, version)
        flit_type = retriever.bundle.settings.flit_type
        request = request_of(
            partial(_typed, retriever, node_type=flit_type), str,
            mute=mute, boost=boost, block=block_author, where=where, safe=safe, max_age_days=max_age_days,
            per_author=per_author, diversity=diversity,
        )  # fmt: skip
        newest = [Action(_typed(retriever, one, flit_type)) for one in acted or ()]
        found = retriever.recommend(_typed(retriever, user), k, request, newest=newest, kind=kind)
        reasons = [found.explain(place) for place in range(len(found))]
        if as_json:
            answer = {"version": retriever.version, "user": user, "reason": found.reason, "candidates": reasons}
            write_json(answer | ({"trace": found.trace().to_dicts()} if trace else {}))
            return
        print_candidates(f"{user}: {found.reason} (version {retriever.version})", reasons, explain=explain)
        if trace:
            print_frame("what each step left", found.trace())


def interests(
    user: UserId,
    store: StorePath = STORE,
    version: VersionName = "latest",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show a user's interests: the flit that stands for each, and how much each counts.

    Example: [bold]graphrec interests bird_0042 --store demo/store[/]
    """
    with one_line_errors(debug):
        retriever = _open(store, version)
        frame = retriever.interests(_typed(retriever, user))
        if as_json:
            write_json({"version": retriever.version, "user": user, "interests": frame.to_dicts()})
        else:
            print_frame(f"interests of {user} (version {retriever.version})", frame)


def similar(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Id of a node.", show_default=False)],
    store: StorePath = STORE,
    version: VersionName = "latest",
    k: TopK = 10,
    node_type: Annotated[
        str | None, typer.Option("--type", help="Node type of the id, such as user; default: what is recommended.")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List what lies nearest to a flit, a user or an advertiser.

    Examples: [bold]graphrec similar flit_00117 --store demo/store[/]

    [bold]graphrec similar bird_0042 --type user --store demo/store[/]
    """
    with one_line_errors(debug):
        retriever = _open(store, version)
        kind = node_type or retriever.bundle.settings.flit_type
        frame = retriever.similar(_typed(retriever, id_, kind), k, node_type=kind)
        _answer(retriever, f"nearest to {id_}", frame, kind, as_json)


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to look for.", show_default=False)],
    store: StorePath = STORE,
    version: VersionName = "latest",
    k: TopK = 10,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Find flits by a text of your own.

    Example: [bold]graphrec search "hummingbirds at the feeder" --store demo/store[/]
    """
    with one_line_errors(debug):
        retriever = _open(store, version)
        kind = retriever.bundle.settings.flit_type
        _answer(retriever, f"nearest to “{text}”", retriever.search(text, k), kind, as_json)


def _open(store: str, version: str) -> "Retriever":
    from graphrec.retrieval.retriever import Retriever

    return Retriever.open(store, version)


def _typed(retriever: "Retriever", text: str, node_type: str | None = None) -> "Id":
    """Return an id from the command line in the type that the tables use."""
    known = retriever.bundle.ids.get(node_type or retriever.bundle.settings.user_type)
    return text if known is None else known.parsed(text)


def _answer(retriever: "Retriever", title: str, frame: "pl.DataFrame", kind: str, as_json: bool) -> None:
    """Print neighbours, with their text where they are flits."""
    if kind == retriever.bundle.settings.flit_type:
        frame = _with_text(retriever, frame)
    if as_json:
        write_json({"version": retriever.version, "type": kind, "found": frame.to_dicts()})
    else:
        print_frame(f"{title} (version {retriever.version})", frame)


def _with_text(retriever: "Retriever", frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    from graphrec.retrieval.answers import describe

    rows = retriever.bundle.ids[retriever.bundle.settings.flit_type].rows(frame["id"])
    texts = [describe(retriever.bundle, int(row))["text"] for row in rows]
    return frame.with_columns(pl.Series("text", texts, dtype=pl.String))
