"""A Flutter network with planted truth: tables to run on, and an oracle that knows the answers."""

from graphrec.simulate.config import BehaviourConfig, SimulationConfig
from graphrec.simulate.oracle import Oracle
from graphrec.simulate.run import SimulationSummary, simulate
from graphrec.simulate.summary import REFERENCES, Shape, comparison, shape_of, within_references

__all__ = [
    "REFERENCES",
    "BehaviourConfig",
    "Oracle",
    "Shape",
    "SimulationConfig",
    "SimulationSummary",
    "comparison",
    "shape_of",
    "simulate",
    "within_references",
]
