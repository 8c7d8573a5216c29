"""Search the settings that a config declares, trials side by side on all workers."""

import sys

from graphrec.pipeline.search_job import main

if __name__ == "__main__":
    sys.exit(main(__doc__))
