"""Commands around the service: serve, and drain what it was told."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.console import one_line_errors, say, write_json
from graphrec.cli.options import STORE, AsJson, Debug, StorePath

if TYPE_CHECKING:
    from graphrec.serving.config import ServingConfig

StateFile = Annotated[
    Path | None,
    typer.Option("--state", help="File of events, wishes and forgets; default: state/state.sqlite in the store."),
]


def serve(
    store: StorePath = STORE,
    version: Annotated[str, typer.Option("--version", help="A version, or an alias to follow.")] = "latest",
    host: Annotated[str, typer.Option("--host", help="Address; anything but this machine needs --tokens.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", help="Port.", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", help="Processes; each answers on one core.", min=1)] = 1,
    state: StateFile = None,
    tokens: Annotated[
        Path | None, typer.Option("--tokens", help="File of `scope token` lines: read, write or admin.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another setting: --set max_waiting=64. Repeatable."),
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Serve a version over HTTP, and follow its alias to the next one without losing a request.

    With --json the resolved settings are printed on stdout first; what happens is logged on stderr as JSON lines.

    Example: [bold]graphrec serve --store demo/store --port 8000[/]
    """
    with one_line_errors(debug):
        from graphrec.serving.config import ServingConfig
        from graphrec.serving.run import run

        files = {"state": state, "tokens": tokens}
        named = {"store": store, "version": version, "host": host, "port": port, "workers": workers}
        named |= {name: str(path) for name, path in files.items() if path is not None}
        config = ServingConfig.parse(_settings(overrides or []) | named)
        if as_json:
            write_json(config.model_dump(mode="json"))
        run(config)


def drain(
    out: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of the tables to write to.", show_default=False)
    ],
    store: StorePath = STORE,
    state: StateFile = None,
    prune: Annotated[bool, typer.Option("--prune", help="What the latest version holds leaves the state.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write the events told since the last drain as a table for the next version, and take forgotten users out.

    The service may go on meanwhile. Name the files in the config: `table: drained/events-*.parquet`, and
    `forgotten: {user: drained/forgotten.json}`, which keeps the next version free of them. With --prune, what
    earlier drains wrote and the latest version holds leaves the state: give it where that version has read them.

    Example: [bold]graphrec drain demo/data/drained --store demo/store[/]
    """
    with one_line_errors(debug):
        from graphrec.errors import ConfigError
        from graphrec.serving.config import ServingConfig
        from graphrec.state import SqliteState
        from graphrec.state import drain as write

        config = ServingConfig.parse({"store": store} | ({"state": str(state)} if state is not None else {}))
        if not config.state_path.is_file():
            raise ConfigError(
                f"state must be the file that the service writes (got {config.state_path}); name it with --state"
            )
        done = write(SqliteState(config.state_path), out, before_s=_now_of(config) if prune else 0)
        if as_json:
            write_json(asdict(done))
            return
        if done.pruned:
            say(f"{done.pruned:,} old events left the state")
        say(f"{done.events:,} events" + (f" in {done.path}" if done.path is not None else "; nothing is new"))
        if done.removed:
            say(f"{done.removed:,} rows of forgotten users taken out of earlier files")


def _now_of(config: "ServingConfig") -> int:
    """Return the "now" of the version that is served, which holds what came before; 0 where its data has no times."""
    from graphrec.serving.served import Served

    served = Served.open(config.store, config.version)
    return served.retriever.bundle.settings.as_of_s or 0


def _settings(overrides: list[str]) -> dict[str, object]:
    """Return ``NAME=VALUE`` options as plain values."""
    import yaml

    from graphrec.errors import ConfigError

    pairs = [one.partition("=") for one in overrides]
    for name, sign, _ in pairs:
        if not sign or not name:
            raise ConfigError(f"--set must read name=value (got {name!r})")
    return {name: yaml.safe_load(value) for name, _, value in pairs}
