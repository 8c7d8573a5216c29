"""Answer every user once, for whoever asks for nothing special; the bundle is opened once per worker."""

import sys

from graphrec.pipeline.job import main

if __name__ == "__main__":
    sys.exit(main(__doc__, "lists"))
