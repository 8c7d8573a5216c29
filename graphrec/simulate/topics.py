"""The topic tree, languages and countries of Flutter."""

from dataclasses import dataclass

from graphrec.simulate.words import WORDS


@dataclass(frozen=True)
class Leaf:
    """A leaf topic and its words."""

    name: str
    parent: str
    nouns: tuple[str, ...]
    doings: tuple[str, ...]
    phrases: tuple[str, ...]


def _leaf(name: str, parent: str, words: str) -> Leaf:
    nouns, doings, phrases = (tuple(part.strip() for part in block.split(",")) for block in words.split("|"))
    return Leaf(name, parent, nouns, doings, phrases)


LEAVES: tuple[Leaf, ...] = tuple(
    _leaf(name, parent, words) for parent, leaves in WORDS.items() for name, words in leaves.items()
)
"""Leaf topics by id; those of one parent stand together, four each."""
PARENTS: tuple[str, ...] = tuple(WORDS)
PARENT_OF: tuple[int, ...] = tuple(PARENTS.index(leaf.parent) for leaf in LEAVES)

LANGUAGES = ("en", "es", "de", "fr", "pt")
COUNTRIES: tuple[tuple[str, float, str], ...] = (
    ("US", 0.34, "en"),
    ("GB", 0.14, "en"),
    ("CA", 0.09, "en"),
    ("AU", 0.06, "en"),
    ("DE", 0.11, "de"),
    ("FR", 0.08, "fr"),
    ("ES", 0.07, "es"),
    ("MX", 0.04, "es"),
    ("BR", 0.07, "pt"),
)
"""Country, share of users, language read besides English."""
