"""The application: commands are gathered here, heavy libraries load when a command runs."""

from typing import Annotated

import typer

from graphrec import __version__
from graphrec.cli import ask, data, demo, doctor, run

app = typer.Typer(
    name="graphrec",
    help="Interaction logs in, explained recommendations out.\n\nStart with [bold]graphrec demo[/]: a simulated network, "
    "end to end, in about three minutes.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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
    """Gather options that stand before the command."""


app.command(rich_help_panel="Start")(demo.demo)
app.command(rich_help_panel="Start")(doctor.doctor)
app.command(rich_help_panel="Data")(data.simulate)
app.command(rich_help_panel="Data")(data.validate)
app.command(rich_help_panel="Line")(run.run)
app.command(rich_help_panel="Line")(run.health)
app.command(rich_help_panel="Line")(run.evaluate)
app.command(rich_help_panel="Line")(run.versions)
app.command(rich_help_panel="Ask")(ask.recommend)
app.command(rich_help_panel="Ask")(ask.interests)
app.command(rich_help_panel="Ask")(ask.similar)
app.command(rich_help_panel="Ask")(ask.search)


def main() -> None:
    """Run the command line."""
    app()
