import numpy as np

from graphrec.simulate import SimulationConfig
from graphrec.simulate.text import flit_text, flit_texts
from graphrec.simulate.topics import LANGUAGES, LEAVES
from graphrec.simulate.world import CHATTER, NORMAL, SPAM, VAGUE, draw_flits, draw_users


def _draws(seed: int) -> list[float]:
    out: list[float] = np.random.Generator(np.random.PCG64(seed)).random(14).tolist()
    return out


def test_normal_texts_hold_words_of_their_topic_and_no_open_slots() -> None:
    for topic, leaf in enumerate(LEAVES):
        words = [word.lower() for word in (leaf.name, *leaf.nouns, *leaf.doings, *leaf.phrases)]
        for seed in range(8):
            text = flit_text(topic, "en", NORMAL, _draws(seed))
            assert any(word in text.lower() for word in words), text
            assert "{" not in text


def test_chatter_tells_nothing_of_the_topic() -> None:
    assert flit_text(0, "en", CHATTER, _draws(1)) == flit_text(40, "en", CHATTER, _draws(1))
    assert flit_text(0, "en", VAGUE, _draws(1)) != flit_text(40, "en", VAGUE, _draws(1))


def test_other_languages_have_their_own_templates() -> None:
    texts = {language: flit_text(3, language, NORMAL, _draws(4)) for language in LANGUAGES}
    assert len(set(texts.values())) == len(LANGUAGES)


def test_spam_texts_are_near_duplicates() -> None:
    words = [set(flit_text(9, "en", SPAM, _draws(seed)).lower().replace("!", "").split()) for seed in range(5)]
    assert all(len(one & words[0]) / len(one | words[0]) > 0.5 for one in words)


def test_texts_vary() -> None:
    config = SimulationConfig.preset("small")
    flits = draw_flits(config, draw_users(config))
    texts = flit_texts(np.random.Generator(np.random.PCG64(0)), flits)
    assert len(set(texts)) > 0.8 * len(texts)
