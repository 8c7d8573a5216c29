"""What the scripts of jobs/ share: a config, one stage or all of them, on a Ray cluster."""

import argparse
import logging
import sys
import time
from collections.abc import Sequence

from graphrec.config import RunConfig, load_config
from graphrec.engine import Engine, open_engine
from graphrec.errors import GraphrecError
from graphrec.pipeline.line import Line
from graphrec.pipeline.run import publish, set_threads
from graphrec.pipeline.runner import Runner, StageDone
from graphrec.store import Artifact, Store

logger = logging.getLogger("graphrec.job")
EXAMPLE = """example, on a cluster:
  ray job submit --working-dir . -- python jobs/pipeline.py --config configs/flutter.yaml \\
      --set data=/shared/data --set store=/shared/store --set runtime.workers=8"""
EVERY_S = 10.0
"""Seconds between two lines about one piece of work."""


def main(description: str, stage: str | None = None, argv: Sequence[str] | None = None) -> int:
    """Run one stage, and what it needs, or the whole line; print the artifacts.

    Args:
        description: What ``--help`` says first.
        stage: Name of the stage (:meth:`graphrec.pipeline.line.Line.stage`); ``None`` runs all and adds a version.
        argv: The command line; default: the process's.

    Returns:
        The exit code: 0, 1 failed, 2 bad settings or input. Errors are one line on stderr.
    """
    options = job_parser(description).parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        config = job_config(options.config, options.overrides)
        runner = job_runner(config)
        artifacts = run_stage(config, runner, stage)
    except GraphrecError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    for artifact in artifacts:
        sys.stdout.write(f"{artifact.stage} {artifact.fingerprint[:12]} {artifact.digest[:12]}\n")
    return 0


def job_parser(description: str) -> argparse.ArgumentParser:
    """Return the options of every job."""
    parser = argparse.ArgumentParser(
        description=description, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True, help="YAML file of the run, below the job's working directory")
    parser.add_argument(
        "--set", dest="overrides", action="append", default=[], metavar="A.B=VALUE",
        help="a setting in place of the file's; data and store must be absolute paths or URIs",
    )  # fmt: skip
    return parser


def job_config(path: str, overrides: Sequence[str]) -> RunConfig:
    """Read a job's config: it runs on Ray unless it says otherwise, on paths that every machine can reach.

    Raises:
        ConfigError: If a setting breaks a rule, or ``data`` or ``store`` is a relative path.
    """
    return load_config(path, ["runtime.engine=ray", *overrides], absolute=True)


def job_runner(config: RunConfig) -> Runner:
    """Return a runner that writes progress into the job's log and figures into the dashboard.

    Raises:
        EngineError: If the cluster cannot be reached.
    """
    engine = open_engine(config.runtime)
    log = _JobLog(engine)
    return Runner(Store(config.store), engine, on_progress=log.on_progress, on_stage=log.on_stage)


def run_stage(config: RunConfig, runner: Runner, stage: str | None) -> list[Artifact]:
    """Run a stage and what it needs, or (``None``) the whole line, whose version ``latest`` then names."""
    set_threads(config.runtime.workers)
    line = Line(config, runner)
    if stage is not None:
        return line.stage(stage)
    stages = line.stages()
    version = publish(runner.store, stages)
    logger.info("version %s in %s", version.name, config.store)
    return list(stages.values())


class _JobLog:
    """Progress as lines of a log."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._told: dict[str, float] = {}

    def on_progress(self, what: str, done: int, total: int) -> None:
        """Write a line now and then, and when a piece of work is done."""
        now = time.monotonic()
        if done < total and now - self._told.get(what, 0.0) < EVERY_S:
            return
        self._told[what] = now
        logger.info("%s %d of %d", what, done, total)

    def on_stage(self, done: StageDone) -> None:
        """Write what a stage took, and where its tasks ran."""
        self._engine.observe("stage_seconds", done.seconds, stage=done.stage)
        for work, nodes in self._engine.counts.items():
            shares = " + ".join(str(number) for _, number in sorted(nodes.items()))
            logger.info("  %s: %d tasks on %d nodes (%s)", work, sum(nodes.values()), len(nodes), shares)
        self._engine.counts.clear()
