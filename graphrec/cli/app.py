"""The application: commands are gathered here, heavy libraries load when a command runs."""

from collections.abc import Callable
from typing import Annotated

import typer

from graphrec import __version__
from graphrec.cli import ask, data, demo, doctor, export, finetune, init, run, serve, tune
from graphrec.cli.console import show_anything

app = typer.Typer(
    name="graphrec",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 bad usage or input. `graphrec COMMAND --help` shows an example of each.",
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"graphrec {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Interaction logs in, explained recommendations out.

    It reads who liked, shared or followed what, and embeds users, flits (short posts) and advertisers in one space.
    Then it answers which flits suit a user now, and why.

    Start with [bold]graphrec demo[/]: a simulated network, end to end, in a few minutes.
    """
    show_anything()


PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Start here": (demo.demo, doctor.doctor),
    "Data": (data.simulate, init.init, data.validate),
    "From tables to a version": (
        run.run,
        tune.tune,
        finetune.finetune_text,
        run.health,
        run.evaluate,
        run.online,
        run.versions,
        export.export,
    ),
    "Ask a version": (ask.recommend, ask.interests, ask.similar, ask.search),
    "Serve a version": (serve.serve, serve.drain),
}
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


def main() -> None:
    """Run the command line."""
    app()
