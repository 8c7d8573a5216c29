"""What is asked, and how an answer to it is put beside the echo's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.common import Result
from benchmarks.load import Load, request
from graphrec.ids import Id
from graphrec.retrieval.lists import Lists
from graphrec.retrieval.retriever import Retriever
from graphrec.store import Store

CONNECTIONS = (1, 16, 64)
COMPUTED: Mapping[str, Any] = {"answers_kept": 0, "lists": False}
"""Settings of a service that computes every answer."""
K = 50
USERS = 1000
"""Users asked for at most."""


@dataclass(frozen=True)
class Questions:
    """Whom the loops ask for, and how long they last.

    Attributes:
        store: Place of the store.
        users: In turn.
        flit: One that they may act on.
        seconds: Length of each loop.
    """

    store: str
    users: Sequence[Id]
    flit: Id
    seconds: float

    @classmethod
    def of(cls, store: str, seconds: float) -> "Questions":
        """Take the first users of a store's latest version."""
        bundle = Retriever.open(store).bundle
        settings = bundle.settings
        users = bundle.ids[settings.user_type].series.to_list()[:USERS]
        return cls(store, users, bundle.ids[settings.flit_type].series[0], seconds)

    def ways(self) -> Mapping[str, Mapping[str, Any]]:
        """Return each way to answer that the store's version has, and the settings of a service that answers so."""
        store = Store(self.store)
        ways = {"computed": COMPUTED, "remembered": {"answers_kept": len(self.users), "lists": False}}
        if "lists" in store.resolve("latest").stages and Lists.open(store.artifact("latest", "lists").path).k == K:
            ways["listed"] = {"answers_kept": 0, "lists": True}
        return ways

    def recommend(self, token: str | None = None) -> list[bytes]:
        """Return a request for the top K of each user."""
        bodies = (json.dumps({"user": user, "k": K}).encode() for user in self.users)
        return [request("/v1/recommend", body, token=token) for body in bodies]


def flags(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as ``graphrec serve`` takes them."""
    return [word for name, value in settings.items() for word in ("--set", f"{name}={json.dumps(value)}")]


def compare(result: Result, name: str, found: Load, echoes: Sequence[Load]) -> None:
    """Add one loop's figures and their ratios to the echo's."""
    echo_rps = float(np.mean([one.rps for one in echoes]))
    echo_p99 = float(np.mean([one.p99_ms for one in echoes]))
    result.add(f"{name}.rps", found.rps, unit="1/s")
    result.add(f"{name}.p50_ms", found.p50_ms, unit="ms", better="lower")
    result.add(f"{name}.p99_ms", found.p99_ms, unit="ms", better="lower")
    result.add(f"{name}.failed", found.failed, better="lower", goal=0)
    result.add(f"{name}.echo_rps", echo_rps, unit="1/s")
    result.add(f"{name}.echo_p99_ms", echo_p99, unit="ms", better="lower")
    result.add(f"{name}.ratio_to_echo_rps", found.rps / echo_rps, goal=0.6)
    result.add(f"{name}.ratio_to_echo_p99", found.p99_ms / echo_p99, better="lower", goal=2.0)
