"""The whole line on a Ray cluster: tables to a version that `latest` names; finished stages are found again."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__))
