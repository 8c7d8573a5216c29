"""Build the nearest-neighbour indexes, one task per node type."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "index"))
