"""Who has seen one near-duplicate has seen them all; histories keep them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.newest import Action
from graphrec.retrieval.retriever import Retriever
from tests.retrieval.world import NUM_FLITS, planted


def with_copies() -> Bundle:
    """Flits 60 and above are copies of the flit 60 rows before."""
    bundle = planted()
    standing = np.arange(NUM_FLITS, dtype=np.int32) % 60
    return replace(bundle, standing=standing, allowed=bundle.allowed & (np.arange(NUM_FLITS) < 60))


def test_only_originals_come_and_none_whose_copy_was_seen() -> None:
    bundle = with_copies()
    for user in range(6):
        found = bundle.ids["flit"].rows(Retriever(bundle).recommend(f"u{user}", 40).ids)
        assert (found < 60).all()
        assert not set(found.tolist()) & {int(row) % 60 for row in bundle.excluded(user)}
    acted = set(bundle.history.of(0).rows.tolist())
    assert any(row >= 60 for row in acted)


def test_a_copy_of_a_moment_ago_counts_as_seen() -> None:
    retriever = Retriever(with_copies())
    first = retriever.recommend("u1", 1).ids[0]
    copy = f"f{int(str(first)[1:]) + 60}"
    assert first not in retriever.recommend("u1", 30, newest=[Action(copy)]).ids
    assert first not in retriever.recommend_from([copy], 30).ids
    assert first not in retriever.similar(copy, 30)["id"].to_list()


def test_a_saved_bundle_keeps_who_stands_for_whom(tmp_path: Path) -> None:
    bundle = with_copies()
    bundle.save(tmp_path)
    opened = Bundle.open(tmp_path)
    assert opened.standing is not None
    assert bundle.standing is not None
    assert opened.standing.tolist() == bundle.standing.tolist()
