"""Interests as people recognise them: what the texts of an interest have in common, and flits that show it."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import polars as pl

from graphrec.arrays import FloatVector, RowVector, distinct
from graphrec.ids import Id
from graphrec.retrieval.answering import Found
from graphrec.retrieval.answers import Cards, describe
from graphrec.retrieval.asker import Asker
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.keywords import Keywords, corpus_of

EXEMPLARS = 5
FEED = 50
"""Candidates that the share of the feed is told of."""


def members(bundle: Bundle, asker: Asker) -> list[RowVector]:
    """Return the distinct flits behind each interest of a user, int32, the nearest to its medoid first.

    Flits of actions since the version stand with the interest whose medoid lies nearest.
    """
    own, vectors = asker.own, bundle.flit_vectors
    before = {} if asker.row is None else _before(bundle, asker.row)
    nearest = (vectors[asker.newest] @ vectors[own.medoid].T).argmax(axis=1) if len(own.medoid) else asker.newest
    found = []
    for number, medoid in enumerate(own.medoid):
        rows = distinct(before.get(int(medoid), medoid[None]), asker.newest[nearest == number])
        found.append(rows[np.argsort(-(vectors[rows] @ vectors[medoid]), kind="stable")])
    return found


def _before(bundle: Bundle, user: int) -> dict[int, RowVector]:
    """Return the flits behind each interest that the version knows of a user row, by medoid."""
    interests = bundle.interests
    part = slice(int(interests.action_indptr[user]), int(interests.action_indptr[user + 1]))
    rows, of = bundle.history.rows[interests.action_position[part]], interests.action_interest[part]
    return {int(medoid): rows[of == number] for number, medoid in enumerate(interests.of(user).medoid)}


def feed_shares(found: Found, medoids: RowVector) -> FloatVector:
    """Return the share of an answer's candidates that each interest brought, float64 ``[medoids]``.

    Interests that did not answer (muted, or beyond the most that do) brought none; what popularity brought is nobody's.

    Args:
        found: The answer.
        medoids: Flit rows of the interests, int32.
    """
    interest = found.scored.interest
    brought = found.served.medoids[interest[interest >= 0]]
    return np.asarray((brought == medoids[:, None]).sum(axis=1) / max(len(interest), 1))


class Portraits:
    """A user's interests in words and exemplars.

    Args:
        bundle: The version.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def frame(self, asker: Asker, feed: Found) -> pl.DataFrame:
        """Return all interests of a user; see :meth:`graphrec.retrieval.retriever.Retriever.interests`.

        Args:
            asker: The user.
            feed: What he is answered with.
        """
        own, flits = asker.own, self._bundle.ids[self._bundle.settings.flit_type]
        behind = members(self._bundle, asker)
        words = [self._keywords.of([self._text(int(one)) for one in rows]) for rows in behind]
        exemplars = [
            flits.ids(rows[rows != medoid][:EXEMPLARS]) for rows, medoid in zip(behind, own.medoid, strict=True)
        ]
        return pl.DataFrame(
            {
                "medoid": flits.ids(own.medoid),
                "text": pl.Series([self._text(int(one)) for one in own.medoid], dtype=pl.String),
                "keywords": pl.Series(words, dtype=pl.List(pl.String)),
                "importance": own.importance,
                "share": own.importance / max(float(own.importance.sum()), 1e-9),
                "feed_share": feed_shares(feed, own.medoid),
                "actions": own.size,
                "exemplars": pl.Series(exemplars, dtype=pl.List(flits.series.dtype)),
            }
        )

    @cached_property
    def _keywords(self) -> Keywords:
        """What words are weighed by; a version from before they were kept is weighed when it is first asked."""
        bundle = self._bundle
        return bundle.keywords or Keywords.fit(corpus_of(bundle.catalogue, bundle.settings.text_columns))

    def _text(self, row: int) -> str:
        return str(describe(self._bundle, row)["text"])


def portrait_cards(title: str, interests: pl.DataFrame, images: Mapping[Id, bytes]) -> Cards:
    """Return interests as medoid cards.

    Args:
        title: What stands above them.
        interests: What :meth:`Portraits.frame` gave.
        images: Flit id to encoded image, where the cards are to show them.
    """
    entries = [
        {
            "text": row["text"], "share": row["share"], "image": images.get(row["medoid"]),
            "note": f"{', '.join(row['keywords'][:3]) or row['medoid']}: {row['share']:.0%} of importance, "
            f"{row['actions']} actions",
        }
        for row in interests.iter_rows(named=True)
    ]  # fmt: skip
    return Cards(title, entries)
