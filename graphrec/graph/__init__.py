"""The heterogeneous interaction graph, random-walk neighbourhoods and the time split."""

from graphrec.graph.build import build_graph
from graphrec.graph.graph import InteractionGraph, Relation, Triplet
from graphrec.graph.neighbourhoods import NeighbourhoodConfig, Neighbourhoods, build_neighbourhoods

__all__ = [
    "InteractionGraph",
    "NeighbourhoodConfig",
    "Neighbourhoods",
    "Relation",
    "Triplet",
    "build_graph",
    "build_neighbourhoods",
]
