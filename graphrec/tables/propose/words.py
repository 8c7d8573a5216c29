"""What column and table names say."""

import re


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


USERS = _set(
    "user person people member customer visitor account reader listener viewer buyer client subscriber player student "
    "guest consumer profile uid who"
)
"""Words for whoever acts."""
FLITS = _set(
    "flit item movie film artist article product post content video song track book recipe story news document doc "
    "page listing game course photo pin tweet job venue place location poi sku asset show episode podcast what iid"
)
"""Words for what is acted on."""
ADVERTISERS = _set("advertiser brand sponsor campaign merchant")
"""Words for whoever promotes."""
AUTHORS = _set("author owner creator writer seller publisher uploader poster maker")
"""Words for a user in the part of one who made something."""
PEERS = _set("friend follower followed followee following follow neighbour contact trustee truster")
"""Words for a user beside another user."""
KEYS = _set("id ids key uuid guid pk nr")
"""Words that make a column a key."""
GENERIC = KEYS | _set("remap org orig original new old mapped idx index row number num hash code")
"""Words of a key that do not tell whose it is."""
TABLES = _set("list map table tables data all full raw part train test meta metadata content info")
"""Words of a file name that do not tell what it holds."""
TEST = _set("test valid validation holdout heldout eval")
TIMES = _set("time timestamp ts date datetime when created at day posted published updated start end")
CREATED = _set("created create creation published posted released joined registered signup uploaded")
RATINGS = _set("rating ratings rate stars star score grade")
COUNTS = _set(
    "count counts plays playcount weight num times quantity qty listens views clicks visits freq frequency amount"
)
TEXTS = _set("title text name description genre genres tag tags keywords body headline summary")
KINDS = _set("event type action kind behavior behaviour interaction verb activity")
CLICKS = _set("click clicked liked like purchased bought engaged label converted")
SHOWN = _set("impression impressions exposure exposures shown served seen")
SIZES = _set("w h width height bytes size blob sha git")
EVENTS: dict[str, tuple[str, str, float]] = {
    "view": ("views", "action", 0.3), "read": ("reads", "action", 1.0), "open": ("opens", "action", 0.5),
    "click": ("clicks", "action", 0.7), "play": ("plays", "action", 1.0), "listen": ("listens", "action", 1.0),
    "like": ("likes", "action", 1.0), "favorite": ("likes", "action", 1.0), "favourite": ("likes", "action", 1.0),
    "upvote": ("likes", "action", 1.0), "bookmark": ("bookmarks", "action", 1.5), "save": ("saves", "action", 1.5),
    "share": ("shares", "action", 1.5), "retweet": ("shares", "action", 1.5), "repost": ("shares", "action", 1.5),
    "reply": ("replies", "action", 1.2), "comment": ("comments", "action", 1.2), "follow": ("follows", "action", 1.5),
    "rate": ("rates", "action", 1.0), "cart": ("carts", "action", 1.0), "purchase": ("buys", "action", 2.0),
    "buy": ("buys", "action", 2.0), "order": ("buys", "action", 2.0), "download": ("downloads", "action", 1.0),
    "hide": ("hides", "negative", 1.0), "dislike": ("dislikes", "negative", 1.0), "block": ("blocks", "negative", 1.0),
    "report": ("reports", "negative", 1.0), "mute": ("mutes", "negative", 1.0), "skip": ("skips", "negative", 1.0),
    "impression": ("impressions", "exposure", 1.0), "exposure": ("impressions", "exposure", 1.0),
    "shown": ("impressions", "exposure", 1.0),
}  # fmt: skip
"""An event kind's first word to its relation, role and weight."""


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: ``movieId``, ``movie_id`` and ``Movie ID`` alike."""
    return [one.lower() for one in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def singular(word: str) -> str:
    """Return a noun's singular, as far as its ending tells."""
    if word.endswith("ies") and len(word) > 4 and word != "movies":
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3 else word


def subject(table: str) -> str:
    """Return what a table's name says it holds, in the singular; empty where it says nothing."""
    name = table.rpartition("/")[2].partition(".")[0]
    told = [singular(one) for one in words(name) if one not in TABLES | GENERIC and not one.isdigit()]
    return told[0] if told else ""


def is_key_name(name: str) -> bool:
    """Return whether a column's name says that it holds ids."""
    said = words(name)
    nouns = USERS | FLITS | ADVERTISERS | AUTHORS | PEERS
    return bool(said) and (said[-1] in KEYS or (len(said) == 1 and singular(said[0]) in nouns))


def relation_of(value: str) -> tuple[str, str, float]:
    """Return the relation, role and weight of an event kind; an unknown kind is an action of its own name."""
    said = words(value)
    for word in said:
        for form in (word, singular(word), word.removesuffix("ed"), word.removesuffix("d"), word.removesuffix("ing")):
            if form in EVENTS:
                return EVENTS[form]
    return "_".join(said) or "acts", "action", 1.0
