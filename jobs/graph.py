"""Build the graphs, of the past before the split and of everything, with their health reports."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "graph"))
