"""The stage that answers every user once, for whoever asks for nothing special."""

from pathlib import Path

import numpy as np
import polars as pl

from graphrec.config import RunConfig
from graphrec.engine import Worker
from graphrec.errors import ArtifactError
from graphrec.pipeline.runner import Runner
from graphrec.pipeline.stages import Facts
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.lists import lists_of, save_lists
from graphrec.retrieval.retriever import Retriever
from graphrec.store import Artifact, Store

USERS = 256
"""Users a worker answers at once."""


def lists_stage(runner: Runner, config: RunConfig, bundle: Artifact) -> Artifact:
    """Answer every user of a bundle.

    Args:
        runner: Where the artifact goes, and who answers.
        config: What to run.
        bundle: Whose users, and who is asked; workers open it from the store.
    """
    k = config.lists.k

    def write(folder: Path) -> Facts:
        opened, place = Bundle.open(bundle.path), runner.store.place
        users = pl.DataFrame({"row": np.arange(len(opened.ids[opened.settings.user_type]))})
        parts = runner.engine.map_batches(_worker, users, place, bundle.fingerprint, k, name="lists", batch_size=USERS)
        return {"k": k, "users": len(users), "bytes": save_lists(folder, parts, k)}

    return runner.stage("lists", stage_version=1, config=config.lists, inputs={"bundle": bundle}, write=write)


def _worker(store: str, fingerprint: str, k: int) -> Worker:
    """Open the bundle once, and return the function that answers a batch of users."""
    found = Store(store).find("bundle", fingerprint)
    if found is None:
        raise ArtifactError(f"store must hold the bundle {fingerprint} (got none at {store})")
    retriever = Retriever(Bundle.open(found.path))
    return lambda users: lists_of(retriever, users["row"].to_list(), k)
