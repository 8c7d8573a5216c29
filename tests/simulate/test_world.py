import numpy as np

from graphrec.simulate import SimulationConfig
from graphrec.simulate.topics import LEAVES, PARENT_OF, PARENTS
from graphrec.simulate.world import draw_flits, draw_follows, draw_users, parent_of, spam_wave_s

CONFIG = SimulationConfig.preset("default", seed=5)
USERS = draw_users(CONFIG)
FLITS = draw_flits(CONFIG, USERS)


def test_topic_tree_has_four_leaves_per_parent() -> None:
    assert len(LEAVES) == 48
    assert np.bincount(PARENT_OF).tolist() == [4] * len(PARENTS)


def test_vocabularies_are_rich_and_share_ambiguous_words() -> None:
    assert all(len(leaf.nouns) + len(leaf.doings) + len(leaf.phrases) >= 14 for leaf in LEAVES)
    for word in ("python", "pitch", "scale", "crane", "jam", "bug", "cell"):
        assert sum(any(word in noun.split() for noun in leaf.nouns) for leaf in LEAVES) >= 2, word


def test_users_hold_one_to_six_distinct_interests_with_weights_of_sum_one() -> None:
    held = (USERS.topics >= 0).sum(axis=2)
    assert held.min() == 1
    assert held.max() == 6
    np.testing.assert_allclose(USERS.weights.sum(axis=2), 1.0, atol=1e-5)
    ordered = np.sort(USERS.topics[0], axis=1)
    assert not ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] >= 0)).any()


def test_interests_drift_and_a_quarter_of_users_replace_one() -> None:
    changed = (USERS.topics[0] != USERS.topics[-1]).sum(axis=1)
    assert set(np.unique(changed).tolist()) == {0, 1}
    assert 0.2 < changed.mean() < 0.3
    several = (USERS.topics[0] >= 0).sum(axis=1) > 1
    assert np.abs(USERS.weights[0, several] - USERS.weights[-1, several]).max() > 0.1


def test_a_third_of_interest_pairs_share_a_parent() -> None:
    topics = USERS.topics[0]
    first, second = np.triu_indices(topics.shape[1], 1)
    both = (topics[:, first] >= 0) & (topics[:, second] >= 0)
    same = parent_of(topics[:, first]) == parent_of(topics[:, second])
    assert 0.22 < same[both].mean() < 0.42


def test_flits_are_posted_in_order_by_authors_who_exist_and_released_after() -> None:
    assert (np.diff(FLITS.created_s) >= 0).all()
    assert (FLITS.released_s >= FLITS.created_s).all()
    assert FLITS.created_s.max() < CONFIG.end_s
    assert (USERS.created_s[FLITS.author] <= FLITS.created_s).mean() == 1.0


def test_stock_share_is_posted_before_the_window() -> None:
    assert abs((FLITS.created_s < CONFIG.start_s).mean() - CONFIG.stock_share) < 0.01


def test_spam_flits_come_from_spam_accounts_during_the_wave() -> None:
    begin, end = spam_wave_s(CONFIG)
    spam = FLITS.style == 3
    assert spam.sum() > 5
    assert USERS.spam[FLITS.author[spam]].all()
    assert ((FLITS.created_s[spam] >= begin) & (FLITS.created_s[spam] < end)).all()


def test_follows_show_homophily_and_no_loops() -> None:
    follows = draw_follows(CONFIG, USERS, FLITS)
    assert (follows.follower != follows.followed).all()
    mine, theirs = USERS.topics[0, follows.follower], USERS.topics[0, follows.followed]
    shared = ((mine[:, :, None] == theirs[:, None, :]) & (mine[:, :, None] >= 0)).any(axis=(1, 2))
    shuffled = np.random.Generator(np.random.PCG64(1)).permutation(theirs)
    by_chance = ((mine[:, :, None] == shuffled[:, None, :]) & (mine[:, :, None] >= 0)).any(axis=(1, 2))
    assert shared.mean() > 1.5 * by_chance.mean()
