"""Deskdrop end to end: five kinds of events, no content at all, a week held out, over all of it and day by day.

Nobody can recommend an article that nobody has opened yet where nothing is known of it: such events are no truth here,
and the figure ``not_there_share`` tells how many of the week's events they are. The week is the last of July 2016:
the log's own last weeks have too few readers of known articles to conclude anything.

The data folder holds deskdrop-interactions/ as parquet; the public original is Kaggle's "Articles sharing and reading
from CI&T DeskDrop".

    python -m benchmarks.deskdrop --data DIR
"""

from benchmarks.folder import Measured, measure_folder
from benchmarks.past import new_pairs
from graphrec.pipeline.line import Line

AS_OF = "2016-08-01"


def main() -> None:
    """Run and write the result file."""
    measure_folder("deskdrop", __doc__, [f"as_of={AS_OF}"], also=not_there)


def not_there(measured: Measured) -> None:
    """Add the share of new pairs in the test window whose article nobody had met at the split."""
    line = Line(measured.config, measured.runner)
    share = 1 - line.split.test.height / new_pairs(line.known, line.split)
    measured.result.add("not_there_share", share, better="lower")


if __name__ == "__main__":
    main()
