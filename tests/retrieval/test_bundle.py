import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphrec.errors import ConfigError
from graphrec.ids import IdMap
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.retriever import Retriever
from graphrec.retrieval.settings import Settings
from tests.retrieval.world import AS_OF, DAY, NUM_USERS, planted


def test_a_saved_bundle_answers_as_before(tmp_path: Path) -> None:
    bundle = planted()
    bundle.save(tmp_path)
    opened = Bundle.open(tmp_path)
    assert opened.settings == bundle.settings
    live, back = Retriever(bundle), Retriever(opened)
    for user in range(NUM_USERS):
        before, after = live.recommend(f"u{user}", 20), back.recommend(f"u{user}", 20)
        assert after.ids == before.ids
        np.testing.assert_array_equal(after.scores, before.scores)
        assert after.interests == before.interests
    assert not opened.flit_vectors.flags.writeable
    assert opened.catalogue.equals(bundle.catalogue)


def test_ids_of_a_type_without_vectors_are_kept(tmp_path: Path) -> None:
    bundle = planted()
    sponsors = IdMap(pl.Series("id", ["s0", "s1"]))
    replace(bundle, ids={**bundle.ids, "sponsor": sponsors}).save(tmp_path)
    opened = Bundle.open(tmp_path)
    assert opened.ids["sponsor"].row("s1") == 1
    with pytest.raises(ConfigError, match=r"node_type must be one of .*flit.* \(got 'sponsor'\)"):
        Retriever(opened).similar("s1", node_type="sponsor")


def test_settings_survive_json() -> None:
    settings = planted(interests={"mode": "sampled", "window_days": None}).settings
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_excluded_is_what_was_seen_or_hidden() -> None:
    bundle = planted()
    seen = set(bundle.history.of(0).rows.tolist())
    assert set(bundle.excluded(0).tolist()) == seen | {12, 18}
    assert bundle.excluded(NUM_USERS - 1).tolist() == []


def test_a_sampled_draw_is_that_of_the_day_of_as_of() -> None:
    config = {"mode": "sampled", "served": 1}
    drawn = []
    for day in range(30):
        settings = planted(interests=config, as_of_s=AS_OF + day * DAY).settings
        later = planted(interests=config, as_of_s=AS_OF + day * DAY + 3600).settings
        interests = planted(interests=config).interests
        drawn.append(int(settings.served(interests.of(0), 0).medoid[0]))
        assert settings.served(interests.of(0), 0).medoid.tolist() == later.served(interests.of(0), 0).medoid.tolist()
    assert len(set(drawn)) > 1
