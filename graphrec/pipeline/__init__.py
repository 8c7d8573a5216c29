"""The stages in order, each published once per fingerprint."""

from graphrec.pipeline.run import run
from graphrec.pipeline.runner import Runner, StageDone

__all__ = ["Runner", "StageDone", "run"]
