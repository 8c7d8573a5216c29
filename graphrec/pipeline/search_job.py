"""The job that searches settings on a cluster."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from graphrec.errors import ConfigError, GraphrecError
from graphrec.pipeline.job import job_parser
from graphrec.pipeline.search import search, write_found
from graphrec.store.files import storage_errors

ON_RAY = "runtime.engine=ray"


def main(description: str, argv: Sequence[str] | None = None) -> int:
    """Search, and write ``trials.csv`` and ``best.yaml``.

    Args:
        description: What ``--help`` says first.
        argv: The command line; default: the process's.

    Returns:
        The exit code: 0, 1 failed, 2 bad settings. Errors are one line on stderr.
    """
    parser = job_parser(description)
    parser.add_argument("--out", type=Path, required=True, help="folder for trials.csv and best.yaml, absolute")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    overrides = [ON_RAY, *options.overrides]
    try:
        if not options.out.is_absolute():
            raise ConfigError(f"out must be an absolute path (got {str(options.out)!r}): a job's folder goes away")
        found = search(options.config, overrides, absolute=True)
        with storage_errors(options.out):
            write_found(found, options.config, overrides, options.out)
    except GraphrecError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    sys.stdout.write(f"{len(found.trials)} trials, the best {dict(found.best)}, in {options.out}\n")
    return 0
