"""Fit collaborative factors of the flits, and index them."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "factors"))
