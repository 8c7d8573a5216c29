"""Commands of the line: run, health, evaluate, versions."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec.cli.console import one_line_errors, say, shell_path, stdout, write_json
from graphrec.cli.options import STORE, AsJson, ConfigPath, Debug, DryRun, Overrides, Quiet, StorePath, VersionName
from graphrec.cli.progress import watching
from graphrec.cli.show import print_frame, print_health, print_pairs

if TYPE_CHECKING:
    from graphrec.config import RunConfig
    from graphrec.store import Store

WIDE = 180
"""Columns an evaluation needs: two metrics at two cuts with intervals, and the comparison."""


def run(
    config: ConfigPath,
    overrides: Overrides = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Take tables to a published version: finished stages are found again, the rest run.

    Stopped in between, the same command goes on where it was. --dry-run prints the resolved config and the tables.

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

        with watching(quiet) as watcher:
            runner = Runner.of(loaded, on_progress=watcher.on_progress, on_stage=watcher.on_stage)
            version = run_line(loaded, runner=runner)
        stages = [{"stage": one.stage, "seconds": round(one.seconds, 3), "found": one.found} for one in runner.history]
        if as_json:
            write_json({"version": version.name, "store": loaded.store, "stages": stages})
            return
        stdout().print(f"version {version.name} in {loaded.store}", markup=False, soft_wrap=True)
        say(f"next: graphrec evaluate --store {shell_path(loaded.store)}")


def _plan(config: "RunConfig", as_json: bool) -> None:
    """Print what a run would read and under which settings."""
    import yaml

    settings = config.settings()
    files = _files(config)
    if as_json:
        write_json({"config": settings, "files": files})
        return
    stdout().print(yaml.safe_dump(settings, sort_keys=False), markup=False, soft_wrap=True)
    sizes = {name: _size_in_words(size) for name, size in files.items()}
    print_pairs("tables", sizes)
    total = sum(size["bytes"] or 0 for size in files.values())
    say(f"would read {len(files)} files, {total / 1e6:,.1f} MB, and publish into {config.store}; nothing was written")


def _files(config: "RunConfig") -> dict[str, dict[str, int | None]]:
    """Return the files a run would read, with bytes and rows; those at a URI are only listed."""
    from graphrec.pipeline.sources import source_files
    from graphrec.store.uri import local_path, remote_uri
    from graphrec.tables.remote import remote_files

    uri = remote_uri(config.data)
    if uri is not None:
        return {name: {"bytes": size, "rows": None} for name, size in remote_files(config.input, uri).items()}
    return {str(path): _size(path) for path in source_files(config.input, local_path(config.data))}


def _size(path: Path) -> dict[str, int | None]:
    """Return bytes and, where the file says so itself, rows."""
    import polars as pl

    rows = None
    if path.suffix == ".parquet":
        rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    return {"bytes": path.stat().st_size, "rows": rows}


def _size_in_words(size: dict[str, int | None]) -> str:
    megabytes = f"{(size['bytes'] or 0) / 1e6:,.1f} MB"
    return megabytes if size["rows"] is None else f"{size['rows']:,} rows, {megabytes}"


def health(
    store: StorePath = STORE, version: VersionName = "latest", as_json: AsJson = False, debug: Debug = False
) -> None:
    """Report on a version's graph: sizes, degrees, hubs, isolated and cold nodes, missing content.

    Example: [bold]graphrec health --store demo/store[/]
    """
    with one_line_errors(debug):
        from graphrec.store import Store

        report = read_health(Store(store), version)
        if as_json:
            write_json(report)
        else:
            print_health(report)


def read_health(store: "Store", version: str) -> dict[str, Any]:
    """Return the health report of a version's graph."""
    report: dict[str, Any] = json.loads(store.artifact(version, "graph").file("health.json").read_text())
    return report


def evaluate(
    store: StorePath = STORE,
    version: VersionName = "latest",
    slice_name: Annotated[
        str,
        typer.Option("--slice", help="all, cold, warm (flits without, with training actions), light or heavy (users)."),
    ] = "all",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show how a version did on what was held out, beside the baselines.

    With --json all slices, figures and differences are given.

    Example: [bold]graphrec evaluate --store demo/store --slice cold[/]
    """
    with one_line_errors(debug):
        from graphrec.evaluation import Evaluation
        from graphrec.store import Store

        found = Evaluation.open(Store(store).artifact(version, "evaluation").path)
        table = found.table(slice_name)
        if as_json:
            write_json(found.to_dict())
        else:
            stdout(WIDE).print(table)


def online(
    store: StorePath = STORE,
    version: VersionName = "latest",
    before: Annotated[
        str | None,
        typer.Option(help="The older version; default: what this one knew before its test window, with its own model."),
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show how near interests folded online came to those that the next version clustered anew.

    Example: [bold]graphrec online --store demo/store --before v0001[/]
    """
    with one_line_errors(debug):
        from graphrec.retrieval.bundle import Bundle
        from graphrec.retrieval.online_report import compare_online
        from graphrec.store import Store

        opened = Store(store)
        older = opened.artifact(before or version, "bundle" if before else "holdout_bundle")
        found = compare_online(Bundle.open(older.path), Bundle.open(opened.artifact(version, "bundle").path))
        if as_json:
            write_json(found.to_dict())
            return
        title = f"{found.users} users, {found.actions} actions folded in, {found.unfolded} not"
        print_frame(f"{title}; at most {found.most_interests} interests kept of one", found.to_polars())


def versions(store: StorePath = STORE, as_json: AsJson = False, debug: Debug = False) -> None:
    """List a store's versions, newest last, and the aliases that name them.

    Example: [bold]graphrec versions --store demo/store[/]
    """
    with one_line_errors(debug):
        from graphrec.store import Store

        rows = _versions(Store(store))
        if as_json:
            write_json(rows)
            return
        from rich.markup import escape
        from rich.table import Table

        table = Table(title=escape(f"versions in {store}"))
        for name in ("version", "created", "aliases", "bundle"):
            table.add_column(name)
        for row in rows:
            table.add_row(row["version"], row["created"], ", ".join(row["aliases"]), row["stages"]["bundle"][:12])
        stdout().print(table)


def _versions(store: "Store") -> list[dict[str, Any]]:
    """Return every version as plain values."""
    aliases = store.aliases()
    return [
        {
            "version": one.name,
            "created": one.created,
            "aliases": sorted(alias for alias, name in aliases.items() if name == one.name),
            "stages": {stage: ref.digest for stage, ref in one.stages.items()},
        }
        for one in store.versions()
    ]
