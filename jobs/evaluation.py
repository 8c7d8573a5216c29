"""Measure the held-out line beside every baseline."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "evaluation"))
