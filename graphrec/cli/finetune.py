"""The command that tunes a text encoder."""

from pathlib import Path
from typing import Annotated

import typer

from graphrec.cli.console import one_line_errors, say, write_json
from graphrec.cli.options import AsJson, ConfigPath, Debug, Overrides, Quiet, check_local
from graphrec.cli.progress import watching


def finetune_text(
    config: ConfigPath,
    out: Annotated[Path, typer.Option("--out", help="New folder for the tuned model.")],
    overrides: Overrides = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Tune the text encoder on what users engage with: who engages, topics and language (after Twitter's Twice).

    Learns from the training side of the split alone, and keeps the epoch that agrees best with engagement on flits it
    never trained on. Plug it in with --set features.text.model=FOLDER.

    Example: [bold]graphrec finetune-text configs/flutter.yaml --set data=demo/data --set store=demo/store
    --out tuned[/]
    """
    with one_line_errors(debug):
        from graphrec.config import load_config
        from graphrec.pipeline import Runner
        from graphrec.pipeline.finetune import finetune

        check_local("out", out)
        loaded = load_config(config, overrides or [])
        with watching(quiet) as watcher:
            runner = Runner.of(loaded, on_progress=watcher.on_progress, on_stage=watcher.on_stage)
            log = finetune(
                loaded, out, runner=runner,
                on_epoch=lambda one: watcher.line(f"epoch {one['epoch']:.0f}", f"agreement {one['agreement']:.4f}"),
            )  # fmt: skip
        best = max(log, key=lambda entry: entry["agreement"])
        if as_json:
            write_json({"out": str(out), "best": best["epoch"], "agreement": [one["agreement"] for one in log]})
            return
        if not best["epoch"]:
            say("no epoch agreed better with engagement than the encoder as it came: that is what was written")
        say(f"written to {out}; plug it in: graphrec run {config} --set features.text.model={out.absolute()}")
