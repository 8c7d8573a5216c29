"""Options that several commands share, so that they read the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

ConfigPath = Annotated[Path, typer.Argument(help="YAML config.", show_default=False)]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="Override a setting: [bold]--set training.epochs=5[/]. Repeatable.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for machines.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
StorePath = Annotated[Path, typer.Option("--store", help="Folder of the store.")]
VersionName = Annotated[str, typer.Option("--version", help="A version or an alias.")]
TopK = Annotated[int, typer.Option("-k", help="How many.", min=1)]
