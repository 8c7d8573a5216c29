"""What users do between two versions: durable, small, mutable; everything else in graphrec is immutable."""

from graphrec.state.drain import Drained, drain
from graphrec.state.sqlite import SqliteState
from graphrec.state.state import CLEARED, MUTED, Event, Known, Outcome, State

__all__ = ["CLEARED", "MUTED", "Drained", "Event", "Known", "Outcome", "SqliteState", "State", "drain"]
