"""What the state knows of users, looked at once in every pass of the event loop."""

import asyncio

from graphrec.ids import Id
from graphrec.state import Known, State


class Looks:
    """Asks the state whether anybody has written, which SQLite locks its file for, once for all in one pass.

    Whoever is answered in a pass had come before it began: nothing that was acknowledged to him before is overlooked.

    Args:
        state: What is asked.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._looked = False

    def of(self, user: Id) -> Known:
        """Return what is known of a user; to be called on the event loop.

        Raises:
            StateError: If the state cannot be read.
        """
        known = self._state.of(user, looked=self._looked)
        if not self._looked:
            self._looked = True
            asyncio.get_running_loop().call_soon(self._next_pass)
        return known

    def _next_pass(self) -> None:
        self._looked = False
