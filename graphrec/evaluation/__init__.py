"""Measuring: baselines, held-out truth, figures with intervals."""

from graphrec.evaluation.evaluate import evaluate
from graphrec.evaluation.held import Held, check_no_leak
from graphrec.evaluation.recommender import Recommender, Scorer, top_rows
from graphrec.evaluation.report import Evaluation
from graphrec.evaluation.sources import Sources
from graphrec.evaluation.suite import BASELINES, build_baselines
from graphrec.evaluation.tuning import Past

__all__ = [
    "BASELINES",
    "Evaluation",
    "Held",
    "Past",
    "Recommender",
    "Scorer",
    "Sources",
    "build_baselines",
    "check_no_leak",
    "evaluate",
    "top_rows",
]
