"""Embed every node of both graphs, layer by layer, in tasks over partitions."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "embeddings"))
