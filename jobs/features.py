"""Encode texts, images and columns, by actors that load their weights once."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "features"))
