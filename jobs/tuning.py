"""Choose the cut of the clusters and the weights of the merge on the validation window."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "tuning"))
