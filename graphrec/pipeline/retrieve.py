"""The job that answers every user of a version: parquet files of candidates, and how fast they came."""

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from graphrec.config import RunConfig
from graphrec.engine import open_engine
from graphrec.errors import ConfigError, GraphrecError
from graphrec.pipeline.job import job_config
from graphrec.pipeline.run import set_threads
from graphrec.retrieval.batch import recommend_all
from graphrec.store.files import storage_errors

logger = logging.getLogger("graphrec.job")
EXAMPLE = """example, on a cluster:
  ray job submit --working-dir . -- python jobs/retrieve.py --config configs/flutter.yaml \\
      --set data=/shared/data --set store=/shared/store --set runtime.workers=8 \\
      --out /shared/candidates -k 100"""


def main(description: str, argv: Sequence[str] | None = None) -> int:
    """Write the candidates of all users.

    Args:
        description: What ``--help`` says first.
        argv: The command line; default: the process's.

    Returns:
        The exit code: 0, 1 failed, 2 bad settings. Errors are one line on stderr.
    """
    parser = argparse.ArgumentParser(
        description=description, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True, help="YAML file of the run, for its store and runtime")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="A.B=VALUE")
    parser.add_argument("--version", default="latest", help="a version or an alias")
    parser.add_argument("--out", type=Path, required=True, help="new or empty folder for part-*.parquet, absolute")
    parser.add_argument("-k", type=int, default=100, help="candidates per user")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        users = retrieve(job_config(options.config, options.overrides), options.version, options.out, options.k)
    except GraphrecError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    sys.stdout.write(f"{users} users in {options.out}\n")
    return 0


def retrieve(config: RunConfig, version: str, out: Path, k: int) -> int:
    """Write ``part-00000.parquet`` and so on into ``out``, and return how many users were answered.

    Raises:
        ConfigError: If ``out`` is relative or holds something, or ``k`` is below 1.
        EngineError: If the cluster cannot be reached.
        ArtifactError: If the store holds no such version.
        StoreWriteError: If ``out`` cannot be written.
    """
    if k < 1:
        raise ConfigError(f"k must be at least 1 (got {k})")
    if not out.is_absolute():
        raise ConfigError(f"out must be an absolute path (got {str(out)!r}): a job's working directory goes away")
    if out.is_dir() and any(out.iterdir()):
        raise ConfigError(f"out must be a new or empty folder (got {str(out)!r}); choose another name")
    set_threads(config.runtime.workers)
    engine, users, started = open_engine(config.runtime), 0, time.perf_counter()
    with storage_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        for number, part in enumerate(recommend_all(config.store, version, k, engine=engine)):
            part.write_parquet(out / f"part-{number:05d}.parquet")
            users += part["user"].n_unique()
    seconds = time.perf_counter() - started
    engine.observe("retrieval_users_per_second", users / seconds)
    counts = ", ".join(f"{node}: {number}" for node, number in sorted(engine.counts.get("retrieval", {}).items()))
    logger.info("%d users in %.1f s, %.0f a second (tasks: %s)", users, seconds, users / seconds, counts or "here")
    return users
