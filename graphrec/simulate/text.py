"""Flit texts: several sentence patterns per topic, vague ones, chatter, four other languages, spam."""

from collections.abc import Sequence

import numpy as np

from graphrec.simulate.topics import LANGUAGES, LEAVES, Leaf
from graphrec.simulate.world import CHATTER, NORMAL, SPAM, VAGUE, Flits

_DRAWS = 14
_PATTERNS = (
    "Spent the whole morning {g}, {n} and {m} included.",
    "{P}.",
    "{G} and {h}: that was my weekend.",
    "Does anyone else have strong opinions about the {n} and the {m}?",
    "New {n}, same old {m}.",
    "Today's lesson: {p}.",
    "I used to think {g} was hard. Then I tried {h}.",
    "Looking for advice on {g}, my {n} is not what it should be.",
    "The {n} arrived and I already want another {m}.",
    "{P}, and I am still smiling.",
    "A {t} thread: {g}, starting with the {n} and the {m}.",
    "Unpopular take: the {n} matters more than the {m}.",
    "My {n}, my {m}, and a free afternoon for {t}.",
    "Three years of {g} and {p}.",
    "If you only fix one thing, fix the {n}; the {m} can wait while you are {g}.",
    "Bought a {n} second hand; next step is {g}.",
    "First time {g} in months. {P}.",
    "Question for the {t} people: {n} or {m}?",
)
_VAGUE = (
    "Finally sorted the {w}.",
    "That {w} again. You know the one.",
    "Still thinking about the {w} from yesterday.",
    "Not sure the {w} was a good idea, but here we are.",
    "Small progress today, one {w} at a time.",
    "The {w} is better than last week, I promise.",
    "Somebody please explain the {w} to me.",
    "Never underestimate a good {w}.",
)
_FILLER = (
    "Anyway, have a good one.",
    "Monday came too early.",
    "Who else is still awake?",
    "I need more hours in the day.",
    "My neighbour thinks I am mad.",
    "More on this tomorrow.",
    "Thanks for all the kind replies.",
    "Send help, or snacks.",
    "The bus was late again and it rained.",
    "Happy Friday, everybody.",
    "Not going to lie, I am proud of this.",
    "Can we talk about how loud the upstairs flat is?",
    "What a day.",
    "I said I would post less and yet here I am.",
    "Phone at two percent, wish me luck.",
    "Trying to answer everyone, be patient.",
    "This is your reminder to drink some water.",
    "Best news of the month and I cannot share it yet.",
    "Long week, short patience.",
    "Somebody left a single glove on my fence.",
    "I keep coming back to this.",
    "No caption needed.",
)
_OTHER = {
    "es": (
        "Hoy por fin: {w}. ¡Qué alegría!",
        "¿Alguien más aquí piensa en {w} todo el día?",
        "Buenos días a todos, hoy toca {w}.",
        "No hay nada como un buen {w} con amigos.",
    ),
    "de": (
        "Heute endlich wieder {w}, was für ein Tag!",
        "Kennt sich hier jemand mit {w} aus?",
        "Guten Morgen zusammen, ich denke nur an {w}.",
        "Ohne {w} wäre das Wochenende nur halb so schön.",
    ),
    "fr": (
        "Enfin un peu de {w} aujourd'hui, quel bonheur !",
        "Est-ce que quelqu'un s'y connaît en {w} ?",
        "Bonjour à tous, ce matin c'est {w}.",
        "Rien de tel que {w} pour finir la semaine.",
    ),
    "pt": (
        "Hoje finalmente {w}, que alegria!",
        "Alguém aqui entende de {w}?",
        "Bom dia a todos, hoje é dia de {w}.",
        "Nada melhor que {w} no fim de semana.",
    ),
}
_SPAM = (
    "WIN a free {w} today!!! Click the link in my profile, only {d} left",
    "Win a FREE {w} today! Click the link in my profile!! only {d} left",
    "win a free {w} TODAY, click link in profile. Only {d} left!!",
)


def _pick(options: Sequence[str], chance: float) -> str:
    return options[int(chance * len(options))]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _topical(leaf: Leaf, r: Sequence[float]) -> str:
    """Return one sentence on the topic from five draws."""
    other = (int(r[1] * len(leaf.nouns)) + 1 + int(r[2] * (len(leaf.nouns) - 1))) % len(leaf.nouns)
    doing = int(r[3] * len(leaf.doings))
    g, h = leaf.doings[doing], leaf.doings[(doing + 1) % len(leaf.doings)]
    p = _pick(leaf.phrases, r[4])
    words = {"n": _pick(leaf.nouns, r[1]), "m": leaf.nouns[other], "g": g, "h": h, "p": p, "t": leaf.name}
    return _pick(_PATTERNS, r[0]).format(G=_capital(g), P=_capital(p), **words)


def flit_text(topic: int, language: str, style: int, r: Sequence[float]) -> str:
    """Return the text of one flit.

    Args:
        topic: Leaf topic.
        language: One of ``LANGUAGES``.
        style: ``NORMAL`` (on its topic), ``VAGUE`` (one topical word), ``CHATTER`` (none) or ``SPAM``.
        r: 14 numbers in ``[0, 1)`` that decide everything else.
    """
    leaf = LEAVES[topic]
    if style == SPAM:
        return _pick(_SPAM, r[0]).format(w=_pick(LEAVES[0].nouns, 0.3), d=1 + int(r[1] * 9))
    if language != "en":
        return _pick(_OTHER[language], r[0]).format(w=leaf.name if r[1] < 0.4 else _pick(leaf.nouns, r[2]))
    if style == CHATTER:
        first, second = _pick(_FILLER, r[0]), _pick(_FILLER, r[2])
        return first if r[1] < 0.5 or first == second else f"{first} {second}"
    if style == VAGUE:
        body = _pick(_VAGUE, r[0]).format(w=_pick(leaf.nouns, r[1]))
    else:
        body = _topical(leaf, r[:5])
        if r[6] < 0.7:
            body = f"{body} {_topical(leaf, r[7:12])}"
    if r[12] < 0.15:
        body = f"{body} {_pick(_FILLER, r[12] / 0.15)}"
    elif r[13] < (0.65 if style == NORMAL else 0.3):
        body = f"{body} #{leaf.name.replace(' ', '')}" if r[13] < 0.1 else f"{_capital(leaf.name)}: {body}"
    return body


def flit_texts(rng: np.random.Generator, flits: Flits) -> list[str]:
    """Return the text of every flit, in row order."""
    draws = rng.random((len(flits), _DRAWS)).tolist()
    topics, languages, styles = flits.topic.tolist(), flits.language.tolist(), flits.style.tolist()
    return [
        flit_text(topic, LANGUAGES[language], style, r)
        for topic, language, style, r in zip(topics, languages, styles, draws, strict=True)
    ]


__all__ = ["CHATTER", "NORMAL", "SPAM", "VAGUE", "flit_text", "flit_texts"]
