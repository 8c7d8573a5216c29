"""What all routes of one worker share."""

from dataclasses import dataclass

from graphrec.serving.appender import Appender
from graphrec.serving.config import ServingConfig, check_guarded
from graphrec.serving.gate import Gate
from graphrec.serving.looks import Looks
from graphrec.serving.metrics import Metrics
from graphrec.serving.problems import busy
from graphrec.serving.served import Served
from graphrec.serving.swap import Current
from graphrec.serving.tokens import Tokens
from graphrec.serving.turns import Turns
from graphrec.state import SqliteState, State

SLOW_AT_ONCE = 2
"""Texts and images encoded at once; each takes tens of milliseconds on a thread of its own."""
THREADS = SLOW_AT_ONCE + 3
"""Besides these a wish or a forget is written, events are, and the alias is looked at: one of each at once."""


@dataclass(frozen=True)
class Service:
    """One worker's parts.

    Attributes:
        config: Settings.
        tokens: Who may do what.
        state: What users did and wish.
        looks: The same, for answers that wait for nothing.
        appender: Brings events to disk.
        current: The version that answers.
        metrics: Counts.
        gates: By where a handler runs: answers on the loop, slow ones and writes on threads.
    """

    config: ServingConfig
    tokens: Tokens
    state: State
    looks: Looks
    appender: Appender
    current: Current
    metrics: Metrics
    gates: dict[str, Gate]

    @classmethod
    def build(cls, config: ServingConfig) -> "Service":
        """Open the state and get ready to open the version.

        Raises:
            ConfigError: If it would listen to others without tokens.
            StateError: If the state cannot be opened.
        """
        tokens = Tokens.load(config.tokens)
        check_guarded(config, bool(tokens.held))
        metrics = Metrics()
        state = SqliteState(config.state_path)
        at_once = {"thread": SLOW_AT_ONCE, "write": 1, "events": config.max_waiting}
        gates = {name: Gate(most, config.max_waiting, config.timeout_s) for name, most in at_once.items()}
        gates["loop"] = Gate(1, config.max_waiting, config.timeout_s, Turns())
        current = Current(config, metrics)
        return cls(config, tokens, state, Looks(state), Appender(state), current, metrics, gates)

    def served(self) -> Served:
        """Return the version that answers.

        Raises:
            Problem: 503, before the first has opened.
        """
        found = self.current.served
        if found is None:
            raise busy("no version has opened yet")
        return found
