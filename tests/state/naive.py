"""The state as lists and dicts: what the real one is held against."""

from collections.abc import Mapping, Sequence

from graphrec.ids import Id
from graphrec.state import CLEARED, Event, Known, Outcome


class NaiveState:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.wishes: dict[tuple[type, Id], dict[Id, float]] = {}
        self.gone: set[tuple[type, Id]] = set()

    def append(self, events: Sequence[Event]) -> list[Outcome]:
        return [self._appended(one) for one in events]

    def _appended(self, event: Event) -> Outcome:
        if (type(event.user), event.user) in self.gone:
            return "forgotten"
        if event.event_id in [one.event_id for one in self.events]:
            return "repeated"
        self.events.append(event)
        return "stored"

    def wish(self, user: Id, factors: Mapping[Id, float]) -> Known:
        if (type(user), user) not in self.gone:
            own = self.wishes.setdefault((type(user), user), {})
            for flit, factor in factors.items():
                own[flit] = factor
                if factor == CLEARED:
                    del own[flit]
        return self.of(user)

    def forget(self, user: Id) -> None:
        self.gone.add((type(user), user))
        self.events = [one for one in self.events if (type(one.user), one.user) != (type(user), user)]
        self.wishes.pop((type(user), user), None)

    def of(self, user: Id, *, looked: bool = False) -> Known:
        if (type(user), user) in self.gone:
            return Known(forgotten=True)
        own = tuple(one for one in self.events if (type(one.user), one.user) == (type(user), user))
        return Known(own, self.wishes.get((type(user), user), {}))
