"""Write the candidates of every user as parquet, answered by all workers."""

import sys

from graphrec.pipeline.retrieve import main

if __name__ == "__main__":
    sys.exit(main(__doc__))
