"""The command that writes a version in the formats of others."""

from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli.console import one_line_errors, say, write_json
from graphrec.cli.options import STORE, AsJson, Debug, StorePath, VersionName


def export(
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to create.", show_default=False)],
    store: StorePath = STORE,
    version: VersionName = "latest",
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="embeddings, index, interests, candidates or graph. Repeatable; default: all."),
    ] = None,
    k: Annotated[int, typer.Option("-k", help="Candidates per user.", min=1)] = 100,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write a version as parquet, npy and bare hnswlib files, in your own ids.

    Embeddings per node type, an HNSW file with the lines that load it, interests, candidates of every user, and the
    edges of the graph. The folder stands whole or not at all.

    Example: [bold]graphrec export demo/export --store demo/store --only embeddings --only index[/]
    """
    with one_line_errors(debug):
        from graphrec.formats import export as write

        rows = write(store, out, version=version, only=only or (), k=k, force=force)
        if as_json:
            write_json({"out": str(out), "rows": rows})
            return
        for part, files in rows.items():
            say(f"{part}: " + ", ".join(f"{name} {number:,}" for name, number in files.items()))
        say(f"written to {out}")
