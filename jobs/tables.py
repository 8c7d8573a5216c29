"""Read, validate and clean the declared tables; bad rows go to the quarantine."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "tables"))
