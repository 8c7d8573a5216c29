"""Train PinSage on the past of the split, data-parallel with runtime.training_workers."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "model"))
