"""Walk from every node of both graphs and keep the most visited ones."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "neighbourhoods"))
