"""Commands of the line: run, health, evaluate, versions."""

import json
from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli.console import mapping_table, one_line_errors, progress_bars, stderr, stdout, write_json
from graphrec.cli.options import AsJson, ConfigPath, Debug, Overrides, Quiet, StorePath, VersionName

STORE = Path("store")


def run(
    config: ConfigPath,
    overrides: Overrides = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the resolved config and the files; run nothing.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Take tables to a served version: every finished stage is found again, the rest run.

    Example: [bold]graphrec run configs/flutter.yaml --set data=demo/data --set store=demo/store[/]
    """
    with one_line_errors(debug):
        from graphrec.config import load_config

        loaded = load_config(config, overrides or [])
        if dry_run:
            _plan(loaded, as_json)
            return
        from graphrec.pipeline import Runner
        from graphrec.pipeline import run as run_line
        from graphrec.store import Store

        with progress_bars(quiet) as on_progress:
            runner = Runner(Store(loaded.store), on_progress=on_progress, on_stage=(lambda done: None) if quiet else say_stage)
            version = run_line(loaded, runner=runner)
        done = [{"stage": one.stage, "seconds": one.seconds, "found": one.found} for one in runner.history]
        if as_json:
            write_json({"version": version.name, "store": loaded.store, "stages": done})
        else:
            stdout().print(f"version {version.name} in {loaded.store}; ask it with `graphrec recommend ID --store …`")


def say_stage(done) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the pipeline loads late
    """Say on stderr that a stage is done."""
    stderr().print(f"{done.stage:>24}  {'found' if done.found else f'{done.seconds:.1f} s'}")


def _plan(config, as_json: bool) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the config loads late
    """Print what a run would read and under which settings."""
    import yaml

    from graphrec.pipeline.sources import source_files

    files = source_files(config.input, Path(config.data))
    settings = config.model_dump(mode="json")
    sizes = {str(path): path.stat().st_size for path in files}
    if as_json:
        write_json({"config": settings, "files": sizes})
        return
    stdout().print(yaml.safe_dump(settings, sort_keys=False), markup=False)
    stderr().print(f"would read {len(files)} files, {sum(sizes.values()) / 1e6:,.1f} MB, and publish into {config.store}")


def health(store: StorePath = STORE, version: VersionName = "latest", as_json: AsJson = False, debug: Debug = False) -> None:
    """Report on a version's graph: sizes, degrees, hubs, isolated and cold nodes, missing content.

    Example: [bold]graphrec health --store demo/store[/]
    """
    with one_line_errors(debug):
        from graphrec.store import Store

        report = json.loads(Store(store).artifact(version, "graph").file("health.json").read_text())
        if as_json:
            write_json(report)
        else:
            print_health(report)


def print_health(report: dict[str, dict[str, dict[str, object]]]) -> None:
    """Print a health report as two tables."""
    from rich.table import Table

    nodes = Table(title="graph health: nodes")
    names = list(dict.fromkeys(key for one in report["nodes"].values() for key in one if key != "missing"))
    nodes.add_column("type")
    for name in names:
        nodes.add_column(name.replace("_", " "), justify="right")
    nodes.add_column("missing content")
    for node_type, one in report["nodes"].items():
        missing = one["missing"] if isinstance(one["missing"], dict) else {}
        gaps = ", ".join(f"{name} {share:.0%}" for name, share in missing.items() if share) or "none"
        nodes.add_row(node_type, *(_figure(name, one.get(name)) for name in names), gaps)
    stdout().print(nodes)
    relations = {name: f"{one['edges']:,} edges" for name, one in report["relations"].items()}
    stdout().print(mapping_table(f"relations over {report['span_days']} days", relations))


def _figure(name: str, value: object) -> str:
    if not isinstance(value, int | float):
        return "-"
    return f"{value:.1%}" if name.endswith("share") else f"{value:,.0f}"


def evaluate(
    store: StorePath = STORE,
    version: VersionName = "latest",
    slice_name: Annotated[str, typer.Option("--slice", help="all, cold, warm, light or heavy.")] = "all",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show how a version did on what was held out, beside the baselines.

    Example: [bold]graphrec evaluate --store demo/store --slice cold[/]
    """
    with one_line_errors(debug):
        from graphrec.evaluation.report import Evaluation
        from graphrec.store import Store

        found = Evaluation.open(Store(store).artifact(version, "evaluation").path)
        if as_json:
            write_json(found.to_dict())
        else:
            stdout().print(found.table(slice_name))


def versions(store: StorePath = STORE, as_json: AsJson = False, debug: Debug = False) -> None:
    """List a store's versions, newest last, and the aliases that name them.

    Example: [bold]graphrec versions --store demo/store[/]
    """
    with one_line_errors(debug):
        from graphrec.store import Store

        opened = Store(store)
        names = {alias: name for alias, name in opened.aliases().items()}
        rows = [
            {
                "version": one.name,
                "created": one.created,
                "aliases": sorted(alias for alias, name in names.items() if name == one.name),
                "stages": {stage: ref.digest for stage, ref in one.stages.items()},
            }
            for one in opened.versions()
        ]
        if as_json:
            write_json(rows)
            return
        from rich.table import Table

        table = Table(title=f"versions in {store}")
        for name in ("version", "created", "aliases", "bundle"):
            table.add_column(name)
        for row in rows:
            table.add_row(row["version"], row["created"], ", ".join(row["aliases"]), row["stages"]["bundle"][:12])
        stdout().print(table)
