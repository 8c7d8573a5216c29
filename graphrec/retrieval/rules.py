"""What an answer must leave out, rule by rule: each knows the flits it forbids, and says so in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from graphrec.arrays import BoolVector, FloatMatrix
from graphrec.errors import ConfigError
from graphrec.history import DAY_S
from graphrec.ids import Id
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.request import Request


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        why: What a flit is that it forbids.
        forbidden: bool ``[num_flits]``.
    """

    why: str
    forbidden: BoolVector


def rules_of(request: Request, bundle: Bundle) -> list[Rule]:
    """Return the rules that a request sets up over the whole catalogue.

    Raises:
        ConfigError: If a column is not in the catalogue, or the version's flits have no author, flag or time to go by.
    """
    rules = [_not_among(bundle, column, values) for column, values in request.where.items()]
    if request.safe:
        rules.append(_flagged(bundle))
    if request.max_age_days is not None:
        rules.append(_older(bundle, request.max_age_days))
    if request.blocked_authors:
        rules.append(_by_blocked(bundle, request.blocked_authors))
    return rules


def muted_rule(vectors: FloatMatrix, muted: FloatMatrix, heard: FloatMatrix, merge_cosine: float) -> Rule:
    """Return the rule against what belongs to muted interests.

    A flit belongs to one if it lies within the cut of its medoid, and no nearer to an interest that is heard.

    Args:
        vectors: All flits, float32 ``[num_flits, dim]``.
        muted: The flits that were named and the medoids of their interests, float32 ``[muted, dim]``.
        heard: Medoids of the others that answer, float32 ``[heard, dim]``.
        merge_cosine: The cut of the clusters.
    """
    nearest = (vectors @ muted.T).max(axis=1)
    other = (vectors @ heard.T).max(axis=1, initial=-1.0)
    return Rule("its interest is muted", np.asarray((nearest >= merge_cosine) & (nearest >= other)))


def authors_of(bundle: Bundle) -> pl.Series:
    """Return the author of each flit.

    Raises:
        ConfigError: If the version's flits have none.
    """
    name = bundle.settings.author
    if name is None or name not in bundle.catalogue.columns:
        raise ConfigError(
            "Request.per_author and blocked_authors must go by an author, and this version's flits have none; declare "
            f"nodes.{bundle.settings.flit_type}.author and run again"
        )
    return bundle.catalogue[name]


def _by_blocked(bundle: Bundle, blocked: Sequence[Id]) -> Rule:
    authors = authors_of(bundle)
    return Rule("its author is blocked", _among(authors, blocked))


def _not_among(bundle: Bundle, column: str, values: Sequence[str | int | float | bool]) -> Rule:
    known = [name for name in bundle.catalogue.columns if name not in ("id", "created_s")]
    if column not in known:
        raise ConfigError(
            f"Request.where must name columns of the catalogue (got {column!r}, have {', '.join(known)}); declare it "
            f"as categorical or in nodes.{bundle.settings.flit_type}.show and run again"
        )
    allowed = _among(bundle.catalogue[column], values)
    return Rule(f"{column} is not {' or '.join(map(str, values))}", ~allowed)


def _flagged(bundle: Bundle) -> Rule:
    names = bundle.settings.flags
    if not names:
        raise ConfigError(
            f"Request.safe must go by flags, and this version's flits have none; declare nodes."
            f"{bundle.settings.flit_type}.flags and run again"
        )
    flagged = [bundle.catalogue[name].cast(pl.Boolean).fill_null(False).to_numpy() for name in names]
    return Rule(f"flagged {' or '.join(names)}", np.logical_or.reduce(flagged))


def _older(bundle: Bundle, days: float) -> Rule:
    as_of_s = bundle.settings.as_of_s
    if as_of_s is None or "created_s" not in bundle.catalogue.columns:
        raise ConfigError(
            "Request.max_age_days must go by the time a flit came to be, and this version has none; declare nodes."
            f"{bundle.settings.flit_type}.created_at and run again"
        )
    old = bundle.catalogue["created_s"] < as_of_s - days * DAY_S
    return Rule(f"older than {days:g} days", old.fill_null(True).to_numpy())


def _among(values: pl.Series, accepted: Sequence[object]) -> BoolVector:
    """Return where a column holds one of some values, compared as text: ids come as numbers and as words."""
    found = values.cast(pl.String).is_in([_text(one) for one in accepted])
    return np.asarray(found.fill_null(False).to_numpy(), dtype=np.bool_)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
