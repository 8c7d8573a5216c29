"""The command that proposes a config from somebody's tables."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.cli.console import one_line_errors, say, shell_path, stdout, write_json
from graphrec.cli.options import AsJson, Debug, DryRun, check_local

if TYPE_CHECKING:
    from graphrec.tables.propose import Proposal


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of tables.", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="CONFIG", help="Config to write.")] = Path("graphrec.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite CONFIG where it exists.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Look at a folder of tables and propose a config: what each column seems to be, and why.

    Reads parquet, CSV and JSONL, subfolders and part files. --dry-run prints the config instead of writing it.

    Example: [bold]graphrec init my/tables --out my.yaml[/]
    """
    with one_line_errors(debug):
        from graphrec.config import load_config
        from graphrec.errors import ConfigError
        from graphrec.tables.propose import propose

        check_local("DIR", folder)
        check_local("--out", out)
        if out.exists() and not (force or dry_run):
            raise ConfigError(f"--out must not exist (got {out}); name another file, or overwrite it with --force")
        proposal = propose(folder)
        text = proposal.text(_data(folder, out))
        if not dry_run:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(text, encoding="utf-8")
            load_config(out)
        if as_json:
            write_json({"config": None if dry_run else str(out), "text": text, **_facts(proposal)})
            return
        if dry_run:
            typer.echo(text, nl=False)
        else:
            _report(proposal, out)


def _data(folder: Path, out: Path) -> str:
    """Return the folder as the config names it: relative where one holds the other, else absolute."""
    data, base = folder.resolve(), out.resolve().parent
    near = data.is_relative_to(base) or base.is_relative_to(data)
    return f"./{Path(os.path.relpath(data, base)).as_posix()}" if near else str(data)


def _facts(proposal: "Proposal") -> dict[str, object]:
    """Return everything that was guessed, as plain values."""
    return {
        "settings": proposal.values,
        "guesses": proposal.guesses,
        "columns": proposal.columns,
        "unsure": proposal.unsure,
        "left_out": proposal.left_out,
    }


def _report(proposal: "Proposal", out: Path) -> None:
    """Print what was guessed, what to look at, and the next command."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(f"proposed in {out}"))
    for name in ("part", "table", "taken for"):
        table.add_column(name, overflow="fold")
    for node_type, guess in proposal.nodes.items():
        table.add_row(node_type, escape(str(guess.values.get("table", "(edges)"))), escape(_about_node(guess.values)))
    for guess in proposal.edges:
        table.add_row(guess.values["relation"], escape(guess.values["table"]), escape(_about_edge(guess.values)))
    stdout().print(table)
    for line in proposal.left_out:
        say(f"left out: {line}")
    for line in proposal.unsure:
        say(f"unsure: {line}")
    say(f"next: graphrec validate {shell_path(out)}")


def _about_node(values: dict[str, object]) -> str:
    """Return what describes a node type."""
    parts = [f"id {values['id']}"]
    for field in ("text", "image", "numeric", "categorical", "flags", "created_at", "author"):
        if field in values:
            value = values[field]
            parts.append(f"{field} {', '.join(value) if isinstance(value, list) else value}")
    return "; ".join(parts)


def _about_edge(values: dict[str, object]) -> str:
    """Return what a relation says."""
    parts = [f"{values['source']} to {values['target']}", str(values.get("role", "context"))]
    time = values.get("time")
    if isinstance(time, dict):
        parts.append(f"at {time['column']}" + (f" ({time['unit']})" if "unit" in time else ""))
    parts += [f"{field} {values[field]}" for field in ("where", "weight", "split") if field in values]
    return "; ".join(parts)
