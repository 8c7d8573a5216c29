"""One version that answers: its retriever, and the answers it has given."""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from graphrec.errors import ArtifactError, ConfigError
from graphrec.ids import Id
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.lists import Lists
from graphrec.retrieval.retriever import Retriever
from graphrec.serving.material import Material
from graphrec.state import Known
from graphrec.store import Artifact, Store, Version

MOST_BYTES = 16 * 1024
"""Longest question and answer, together, that are remembered: a worker's memory stays bounded."""
MOST_ASKED = 256
"""Questions without a kept answer that are remembered for the next version to rehearse: its first answers are slow, as
nothing that they touch is in memory, and no neighbours of a medoid are known."""
V = TypeVar("V")


class Remembered:
    """The newest answers of one version; each holds as long as what was known of its user stays.

    What was known is kept as its stamp alone: thousands of answers must not hold on to the events of their users.

    Args:
        most: Answers kept; 0 keeps none.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, tuple[Id, int, bytes]] = OrderedDict()
        self._asked: OrderedDict[bytes, None] = OrderedDict()

    def asker(self, body: bytes) -> Id | None:
        """Return whom a body seen before asks for; ``None`` for one that was not."""
        found = self._kept.get(body)
        return None if found is None else found[0]

    def get(self, body: bytes, known: Known) -> bytes | None:
        """Return the answer to a body, if nothing of what was known has changed."""
        found = self._kept.get(body)
        if found is None or found[1] != known.stamp:
            return None
        self._kept.move_to_end(body)
        return found[2]

    def newest(self) -> list[bytes]:
        """Return bodies asked before, those whose answers are kept first, of these and those the newest first."""
        return [*reversed(self._kept), *reversed(self._asked)]

    def put(self, body: bytes, user: Id, known: Known, answer: bytes) -> None:
        """Remember an answer, or, of some whose answers are not kept, that they were asked."""
        if self._most and len(body) + len(answer) <= MOST_BYTES:
            _renew(self._kept, body, (user, known.stamp, answer), self._most)
        elif len(body) <= MOST_BYTES:
            _renew(self._asked, body, None, MOST_ASKED)


def _renew(kept: OrderedDict[bytes, V], body: bytes, value: V, most: int) -> None:
    """Put a value in as the newest, and let the oldest go."""
    kept[body] = value
    kept.move_to_end(body)
    while len(kept) > most:
        kept.popitem(last=False)


@dataclass(frozen=True)
class Served:
    """A version that answers. A request takes hold of one and keeps it, so no answer mixes versions.

    Attributes:
        retriever: Answers.
        remembered: Answers given.
        lists: Answers that the version keeps; ``None`` where it keeps none.
        store: Holds the leases on the version's artifacts, so that no gc removes them.
        material: What else the version holds, for whoever looks.
    """

    retriever: Retriever
    remembered: Remembered
    lists: Lists | None
    store: Store = field(repr=False)
    material: Material = field(repr=False)

    @property
    def version(self) -> str:
        """Name of the version."""
        return self.retriever.version

    def user_row(self, user: Id) -> int | None:
        """Return a user's row, ``None`` of somebody the version does not know."""
        bundle = self.retriever.bundle
        return bundle.ids[bundle.settings.user_type].get(user)

    @classmethod
    def open(
        cls, place: str, version: str, answers_kept: int = 0, *, encoder: bool = False, lists: bool = True
    ) -> "Served":
        """Open a version, every file compared with its manifest, and let it answer.

        One that has answered before is compared anew: its files may have been damaged since.

        Args:
            place: The store.
            version: A version's name or an alias.
            answers_kept: Answers to remember.
            encoder: Whether to load what encodes texts, too.
            lists: Whether to answer from the lists that the version keeps.

        Raises:
            ArtifactError: If there is no such version, or a file is damaged.
        """
        store = Store(place, recheck=True)
        try:
            found = store.resolve(version)
            artifact = store.artifact(found, "bundle")
            bundle = Bundle.open(artifact.path)
            kept = _lists(store, found, artifact) if lists and "lists" in found.stages else None
            retriever = Retriever(bundle, version=found.name, model=store.artifact(found, "model").path)
            _warm(retriever)
            if encoder:
                with suppress(ConfigError):  # its flits have no text
                    retriever.embed("a")
        except BaseException:
            store.close()
            raise
        return cls(retriever, Remembered(answers_kept), kept, store, Material(store, found, bundle))


def _lists(store: Store, version: Version, bundle: Artifact) -> Lists:
    """Open a version's lists.

    Raises:
        ArtifactError: If another bundle gave them.
    """
    artifact = store.artifact(version, "lists")
    if artifact.inputs.get("bundle") != bundle.digest:
        raise ArtifactError(
            f"version {version.name} must keep lists of its own bundle {bundle.digest[:12]} (got lists of "
            f"{artifact.inputs.get('bundle', 'none')[:12]}); run again"
        )
    return Lists.open(artifact.path)


def _warm(retriever: Retriever) -> None:
    """Ask as every kind of caller does, so that none waits for what is built or compiled on the first question."""
    bundle = retriever.bundle
    users, flits = (bundle.ids[one].series for one in (bundle.settings.user_type, bundle.settings.flit_type))
    found = [retriever.recommend_unknown("", 1), retriever.recommend_from(flits.head(1).to_list(), 1)]
    if len(users):
        busiest = users[int(np.argmax(np.diff(bundle.interests.indptr)))]
        retriever.interests(busiest)  # words are weighed against the whole corpus
        found.append(retriever.recommend(busiest, 1))
    for one in found:
        if len(one):
            one.explain(0)
