"""Somebody's folder of tables to a config: what is in the files, what it seems to be, written down with the reasons."""

from graphrec.tables.propose.propose import Proposal, propose

__all__ = ["Proposal", "propose"]
