"""Commands about input: simulate a network, validate tables."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from graphrec.cli.console import one_line_errors, say, shell_path, write_json
from graphrec.cli.options import AsJson, ConfigPath, Debug, DryRun, Overrides, Seed, check_local
from graphrec.cli.show import print_beside, print_reports


def simulate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write to.", show_default=False)],
    size: Annotated[
        Literal["small", "default", "large"],
        typer.Option(
            help="small: 200 users; default: 2,000 users, 6,000 flits, 90 days; large: about 20 million events."
        ),
    ] = "default",
    seed: Seed = 0,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write a simulated Flutter network with its planted truth.

    Example: [bold]graphrec simulate demo/data --seed 1[/]
    """
    with one_line_errors(debug):
        from graphrec.simulate import SimulationConfig
        from graphrec.simulate import simulate as write_network

        check_local("FOLDER", folder)

        config = SimulationConfig.preset(size, seed=seed)
        if dry_run:
            shown = round(config.users * config.sessions_per_user * config.feed_length)
            if as_json:
                write_json(
                    {"folder": str(folder), "about": {"users": config.users, "flits": config.flits, "shown": shown}}
                )
            else:
                about = f"{config.users:,} users, {config.flits:,} flits and about {shown:,} impressions"
                say(f"would write {about} below {folder}")
            return
        summary = write_network(config, folder)
        if as_json:
            write_json({"folder": str(folder), "rows": summary.rows, "shape": summary.comparison().to_dicts()})
            return
        print_beside("the network beside two public logs", summary.comparison())
        rows = ", ".join(f"{number:,} {name}" for name, number in summary.rows.items() if not name.startswith("truth"))
        say(f"wrote {rows} below {folder}")
        say(f"next: graphrec run configs/flutter.yaml --set data={shell_path(folder)} --set store=store")


def validate(config: ConfigPath, overrides: Overrides = None, as_json: AsJson = False, debug: Debug = False) -> None:
    """Check the tables of a config, row by row, without running anything.

    Exit code 0: every table is within quality.max_bad_fraction; 2: one is not, or cannot be used at all.

    Example: [bold]graphrec validate configs/flutter.yaml --set data=demo/data[/]
    """
    with one_line_errors(debug):
        from graphrec.config import load_config
        from graphrec.tables.load import validate_tables

        loaded = load_config(config, overrides or [])
        reports = validate_tables(loaded.input, loaded.data).report
        limit = loaded.quality.max_bad_fraction
        usable = all(one.bad_fraction <= limit for one in reports)
        if as_json:
            write_json({"tables": [one.to_dict() for one in reports], "usable": usable})
        else:
            print_reports(reports, limit)
        raise typer.Exit(0 if usable else 2)
