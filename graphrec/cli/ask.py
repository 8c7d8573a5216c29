"""Commands that ask a published version: recommend, interests, similar, search."""

from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli.console import one_line_errors, stdout, write_json
from graphrec.cli.options import AsJson, Debug, StorePath, TopK, VersionName

STORE = Path("store")
UserId = Annotated[str, typer.Argument(help="Id of a user.", show_default=False)]


def recommend(
    user: UserId,
    store: StorePath = STORE,
    version: VersionName = "latest",
    k: TopK = 10,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each stands in the list.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Recommend flits to a user; somebody unknown gets what is popular of late.

    Example: [bold]graphrec recommend bird_0042 --store demo/store -k 10 --explain[/]
    """
    with one_line_errors(debug):
        retriever = _open(store, version)
        found = retriever.recommend(_typed(retriever, user), k)
        reasons = [found.explain(place) for place in range(len(found))]
        if as_json:
            write_json({"version": retriever.version, "user": user, "reason": found.reason, "candidates": reasons})
            return
        print_candidates(f"{user}: {found.reason} (version {retriever.version})", reasons, explain=explain)


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
            return
        print_frame(f"interests of {user}", frame)


def similar(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Id of a node.", show_default=False)],
    store: StorePath = STORE,
    version: VersionName = "latest",
    k: TopK = 10,
    node_type: Annotated[str | None, typer.Option("--type", help="Node type; default: what is recommended.")] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List what lies nearest to a flit, a user or an advertiser.

    Example: [bold]graphrec similar flit_00117 --store demo/store[/]
    """
    with one_line_errors(debug):
        retriever = _open(store, version)
        kind = node_type or retriever.bundle.settings.flit_type
        frame = retriever.similar(_typed(retriever, id_, kind), k, node_type=kind)
        _answer(retriever, f"nearest to {id_}", frame, kind, as_json)


def search(
    text: Annotated[str, typer.Argument(help="What to look for.", show_default=False)],
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
        _answer(retriever, f"nearest to {text!r}", retriever.search(text, k), kind, as_json)


def _open(store: Path, version: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - keeps torch out of --help
    from graphrec.retrieval.retriever import Retriever

    return Retriever.open(store, version)


def _typed(retriever, text: str, node_type: str | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return an id from the command line in the type that the tables use."""
    kind = node_type or retriever.bundle.settings.user_type
    known = retriever.bundle.ids.get(kind)
    if known is not None and known.series.dtype.is_integer() and text.lstrip("-").isdigit():
        return int(text)
    return text


def _answer(retriever, title: str, frame, kind: str, as_json: bool) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Print neighbours, with their text where they are flits."""
    import polars as pl

    from graphrec.retrieval.retriever import describe

    if kind == retriever.bundle.settings.flit_type:
        rows = retriever.bundle.ids[kind].rows(frame["id"])
        texts = [describe(retriever.bundle, int(row))["text"] for row in rows]
        frame = frame.with_columns(pl.Series("text", texts, dtype=pl.String))
    if as_json:
        write_json({"version": retriever.version, "found": frame.to_dicts()})
    else:
        print_frame(title, frame)


def print_frame(title: str, frame) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - polars loads late
    """Print a polars frame as a table."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title))
    for name, dtype in frame.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="ellipsis", no_wrap=True)
    for row in frame.iter_rows():
        table.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else escape(str(cell)) for cell in row))
    stdout().print(table)


def print_candidates(title: str, reasons: list[dict[str, object]], *, explain: bool) -> None:
    """Print candidates, with the why of each where ``explain``."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), show_lines=explain)
    table.add_column("#", justify="right")
    for name in ("id", "score", "flit"):
        table.add_column(name, justify="right" if name == "score" else "left")
    if explain:
        table.add_column("because")
    for place, one in enumerate(reasons):
        cells = [str(place + 1), escape(str(one["id"])), f"{one['score']:.3f}", escape(str(one["text"]))]
        table.add_row(*cells, *([escape(because(one))] if explain else []))
    stdout().print(table)


def because(reason: dict[str, object]) -> str:
    """Return one explanation in words."""
    interest, nearest = reason.get("interest"), reason.get("nearest_action")
    if not isinstance(interest, dict) or not isinstance(nearest, dict):
        return f"popular of late ({reason['prior']:+.1f} deviations)"
    return (
        f"interest “{interest['text']}” ({reason['importance_share']:.0%} of the served), cosine "
        f"{reason['similarity']:.2f}; you engaged with “{nearest['text']}” ({nearest['similarity']:.2f}); "
        f"popularity {reason['prior']:+.1f}"
    )
