"""Commands about input: simulate a network, validate tables."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from graphrec.cli.console import one_line_errors, stderr, stdout, write_json
from graphrec.cli.options import AsJson, ConfigPath, Debug, Overrides


def simulate(
    folder: Annotated[Path, typer.Argument(help="Folder to write to.", show_default=False)],
    size: Annotated[
        Literal["small", "default", "large"],
        typer.Option(help="small: tests; default: 2,000 users, 6,000 flits, 90 days; large: about 20 million events."),
    ] = "default",
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.", min=0)] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, write nothing.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write a simulated Flutter network with its planted truth.

    Example: [bold]graphrec simulate demo/data --seed 1[/], then [bold]graphrec run configs/flutter.yaml --set
    data=demo/data[/]
    """
    with one_line_errors(debug):
        from graphrec.simulate import SimulationConfig
        from graphrec.simulate import simulate as write_network

        config = SimulationConfig.preset(size, seed=seed)
        if dry_run:
            stderr().print(
                f"would write {config.users:,} users, {config.flits:,} flits and about "
                f"{config.users * config.sessions_per_user * config.feed_length:,.0f} impressions below {folder}"
            )
            return
        summary = write_network(config, folder)
        if as_json:
            write_json({"folder": str(folder), "rows": summary.rows, "shape": summary.comparison().to_dicts()})
            return
        from graphrec.cli.ask import print_frame

        rows = ", ".join(f"{number:,} {name}" for name, number in summary.rows.items() if not name.startswith("truth"))
        stderr().print(f"wrote {rows} below {folder}")
        print_frame("how it compares with real logs", summary.comparison())


def validate(config: ConfigPath, overrides: Overrides = None, as_json: AsJson = False, debug: Debug = False) -> None:
    """Check the tables of a config, row by row, without running anything.

    Exit code 0: every table is within [bold]quality.max_bad_fraction[/]; 2: one is not, or cannot be used at all.

    Example: [bold]graphrec validate configs/flutter.yaml --set data=demo/data[/]
    """
    with one_line_errors(debug):
        from graphrec.config import load_config
        from graphrec.tables.load import validate_tables

        loaded_config = load_config(config, overrides or [])
        loaded = validate_tables(loaded_config.input, Path(loaded_config.data))
        limit = loaded_config.quality.max_bad_fraction
        bad = [one for one in loaded.report if one.bad_fraction > limit]
        if as_json:
            write_json({"tables": [one.to_dict() for one in loaded.report], "usable": not bad})
        else:
            _print_report(loaded.report, limit)
        raise typer.Exit(2 if bad else 0)


def _print_report(report, limit: float) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - polars loads late
    """Print one line per declared table."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="declared tables", caption=f"at most {limit:.2%} of a table's rows may be bad")
    for name in ("table", "read", "filtered", "good", "repeated", "bad"):
        table.add_column(name, justify="left" if name == "table" else "right")
    table.add_column("violations")
    for one in report:
        rules = ", ".join(f"{count:,} x {rule}" for rule, count in {**one.rules, **one.masked}.items())
        share = f"[{'red' if one.bad_fraction > limit else 'green'}]{one.bad_fraction:.2%}[/]"
        counts = (one.rows_read, one.rows_filtered, one.rows_good, one.duplicates_dropped)
        table.add_row(escape(one.name), *(f"{n:,}" for n in counts), share, escape(one.fault or rules or "none"))
    stdout().print(table)
