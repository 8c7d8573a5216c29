"""Options that several commands share, so that they read the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

STORE = "store"
CONFIG_HELP = "YAML config; configs/flutter.yaml shows every part of one."

ConfigPath = Annotated[Path, typer.Argument(help=CONFIG_HELP, show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Override a setting: --set training.epochs=5. Repeatable."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for machines.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
StorePath = Annotated[str, typer.Option("--store", help="The store: a folder, or a URI such as s3://bucket/store.")]
VersionName = Annotated[str, typer.Option("--version", help="A version or an alias.")]
TopK = Annotated[int, typer.Option("-k", help="How many.", min=1)]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.", min=0)]
UserId = Annotated[str, typer.Argument(metavar="USER", help="Id of a user.", show_default=False)]


def check_local(name: str, folder: Path) -> None:
    """Refuse a URI where a folder is written.

    Raises:
        ConfigError: If the path was one.
    """
    from graphrec.errors import ConfigError
    from graphrec.store.uri import was_uri

    if was_uri(folder):
        raise ConfigError(f"{name} must be a folder (got {folder}, a URI); write to a folder and copy it there")
