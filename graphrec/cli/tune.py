"""The command that searches settings."""

from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli.console import one_line_errors, say, shell_path, write_json
from graphrec.cli.options import AsJson, ConfigPath, Debug, DryRun, Overrides, Quiet, check_local
from graphrec.cli.progress import watching
from graphrec.cli.show import print_frame


def tune(
    config: ConfigPath,
    out: Annotated[Path, typer.Option("--out", help="Folder for trials.csv and best.yaml.")] = Path("tuned"),
    overrides: Overrides = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Try the settings that the config's section `search` declares, and write the best ones.

    Trials are compared by recall on the validation window, never on the test days. Stopped in between, the same command
    goes on where it was; with runtime.engine=ray trials run side by side.

    Example: [bold]graphrec tune configs/flutter.yaml --set data=demo/data --set store=demo/store --set
    'search.space={model.temperature: [0.1, 0.2, 0.4]}' --out tuned[/]
    """
    with one_line_errors(debug):
        from graphrec.config import load_config
        from graphrec.pipeline.search import draw, epochs_of_rungs, search, write_found

        check_local("out", out)
        if dry_run:
            loaded = load_config(config, overrides or [])
            drawn = draw(loaded)
            plan = {"trials": drawn, "epochs": epochs_of_rungs(loaded, len(drawn))}
            write_json(plan)
            say(f"would run {len(drawn)} trials; nothing was written")
            return
        with watching(quiet) as watcher:
            found = search(config, overrides or [], on_progress=watcher.on_progress)
        write_found(found, config, overrides or [], out)
        if as_json:
            write_json({"out": str(out), "best": found.best, "trials": found.trials.to_dicts()})
            return
        print_frame("trials, the best first", found.trials)
        say(f"written to {out}; next: graphrec run {shell_path(out / 'best.yaml')}")
