"""Versions of a store that can be told apart by what they answer."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from graphrec.arrays import BoolVector
from graphrec.ids import Id
from graphrec.index import IndexConfig, build_index
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.factors import FactorSource
from graphrec.retrieval.lists import lists_of, save_lists
from graphrec.retrieval.retriever import Retriever
from graphrec.store import Artifact, Store, Version, fingerprint

ALIAS = "latest"
ONE_IN = 8
"""A version leaves out every eighth flit: the even versions others than the odd ones."""
KINDS = 2
K = 50
"""Length of the lists that versions keep."""


@dataclass(frozen=True)
class Prepared:
    """A copy of a store with versions to swap between; the alias names the first.

    Attributes:
        store: The copy.
        names: The versions, in the order they came; ``number % KINDS`` is a version's kind.
        users: Who may be asked for.
        flits: What may be acted on.
    """

    store: Store
    names: Sequence[str]
    users: Sequence[Id]
    flits: Sequence[Id]

    @property
    def folder(self) -> str:
        """Where the copy lies."""
        return str(self.store.root)

    def kind(self, name: str) -> int:
        """Return which kind a version is of."""
        return self.names.index(name) % KINDS

    def expected(self, users: Sequence[Id], k: int) -> Sequence[Mapping[Id, Sequence[Id]]]:
        """Return, for each kind, what every user must be answered: the ids, by the library itself."""
        retrievers = [Retriever.open(self.folder, name) for name in self.names[:KINDS]]
        return [{user: one.recommend(user, k).ids for user in users} for one in retrievers]

    def left_out(self) -> Sequence[set[Id]]:
        """Return, for each kind, the flits that its versions leave out."""
        shown = (kept(len(self.flits), kind) for kind in range(KINDS))
        return [{self.flits[int(row)] for row in np.flatnonzero(~one)} for one in shown]


def prepare(store: str, folder: Path, count: int) -> Prepared:
    """Copy a store and publish versions into it, each with files of its own to be read through.

    Args:
        store: Folder of a store with a version.
        folder: An empty folder.
        count: Versions wanted.
    """
    shutil.copytree(store, folder / "store", ignore=shutil.ignore_patterns("checkpoints", "*_cache", "state"))
    copy = Store(folder / "store")
    base = copy.resolve(ALIAS)
    bundle = Bundle.open(copy.artifact(base, "bundle").path)
    for kind in range(KINDS):
        _write(thinned(bundle, kind), folder / f"kind{kind}")
    names = [_published(copy, base, folder / f"kind{number % KINDS}", number) for number in range(count)]
    copy.set_alias(ALIAS, names[0])
    settings = bundle.settings
    users, flits = (bundle.ids[kind].series.to_list() for kind in (settings.user_type, settings.flit_type))
    return Prepared(copy, names, users, flits)


def kept(num_flits: int, kind: int) -> BoolVector:
    """Return which flits versions of a kind keep, bool ``[num_flits]``."""
    return np.asarray(np.arange(num_flits) % ONE_IN != kind * (ONE_IN // KINDS))


def thinned(bundle: Bundle, kind: int) -> Bundle:
    """Return a bundle that does not show one flit in eight."""
    flit_type = bundle.settings.flit_type
    allowed = np.asarray(bundle.allowed & kept(len(bundle.allowed), kind))
    index = build_index(bundle.flit_vectors, IndexConfig(), allowed)
    factors = None if bundle.factors is None else FactorSource.build(bundle.factors.factors, allowed)
    return replace(bundle, allowed=allowed, indexes={**bundle.indexes, flit_type: index}, factors=factors)


def _write(bundle: Bundle, folder: Path) -> None:
    """Write a bundle, and what it answers every user, into folders of their own."""
    for stage in ("bundle", "lists"):
        (folder / stage).mkdir(parents=True)
    bundle.save(folder / "bundle")
    users = range(len(bundle.ids[bundle.settings.user_type]))
    save_lists(folder / "lists", [lists_of(Retriever(bundle), users, K)], K)


def _published(store: Store, base: Version, written: Path, number: int) -> str:
    """Publish one version: the files are links, so that a hundred versions take the disk of two."""

    def publish(stage: str, inputs: Mapping[str, str]) -> Artifact:
        def write(folder: Path) -> None:
            shutil.copytree(written / stage, folder, copy_function=os.link, dirs_exist_ok=True)

        key = fingerprint(stage=stage, stage_version=1, config={"reliability": number}, inputs=inputs)
        return store.publish(stage, key, write, inputs=inputs)

    bundle = publish("bundle", {})
    stages = {"model": store.artifact(base, "model"), "bundle": bundle}
    stages["lists"] = publish("lists", {"bundle": bundle.digest})
    return store.add_version(stages, {"reliability": number}).name
