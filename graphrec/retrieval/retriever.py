"""The Python API of retrieval: ids in, explained candidates out."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix, RowVector
from graphrec.errors import ConfigError, UnknownIdError
from graphrec.ids import Id
from graphrec.retrieval.answering import NO_ACTION, Found, flits_for, nodes_for, packed
from graphrec.retrieval.answers import Candidates, Cards
from graphrec.retrieval.asker import NOTHING_NEW, Asker, known, newcomer
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import candidates_of
from graphrec.retrieval.newest import Action, actions_of
from graphrec.retrieval.portraits import FEED, Portraits, portrait_cards
from graphrec.retrieval.request import Request
from graphrec.retrieval.wishes import Wishes
from graphrec.store import Store

NO_WISHES = Request()
NOTHING = np.zeros(0, dtype=np.int32)


class Retriever:
    """Answers from one version; immutable, safe to share between threads.

    Args:
        bundle: The version's bundle.
        version: Its name.
        model: Folder of the model that embeds text queries; ``None`` switches ``search`` off.
    """

    def __init__(self, bundle: Bundle, *, version: str = "", model: Path | None = None) -> None:
        self.bundle = bundle
        self.version = version
        self._model = model
        self._flits = bundle.ids[bundle.settings.flit_type]
        self._users = bundle.ids[bundle.settings.user_type]
        self._wishes = Wishes(bundle)
        self._portraits = Portraits(bundle)

    @classmethod
    def open(cls, store: Path | str, version: str = "latest") -> "Retriever":
        """Open a version of a store.

        Args:
            store: The store's folder, or a URI such as ``s3://bucket/store``, as text.
            version: A version's name or an alias.

        Raises:
            ArtifactError: If the store holds no such version, or a file is damaged.
        """
        opened = Store(store)
        found = opened.resolve(version)
        bundle = Bundle.open(opened.artifact(found, "bundle").path)
        return cls(bundle, version=found.name, model=opened.artifact(found, "model").path)

    def recommend(
        self,
        user_id: Id,
        k: int = 50,
        request: Request = NO_WISHES,
        *,
        newest: Sequence[Action] = (),
        hidden: Sequence[Id] = (),
        kind: str | None = None,
    ) -> Candidates:
        """Return candidates for a user; somebody unknown gets recent popularity, and the answer says so.

        Args:
            user_id: The user.
            k: Length of the list at most.
            request: Interests to mute or boost, what to leave out, how varied the list shall be.
            newest: What the user did since the version, oldest first; the last twenty are folded into his interests,
                and what he hid (weights below 0) lowers them. A user whom the version does not know is answered by
                them alone.
            hidden: Flits to leave out besides those that the version knows he has seen or hidden.
            kind: Node type of the candidates; default: flits. Of another type, such as accounts to follow, those come
                that the user has no link to yet; of the request, ``muted``, ``boosted`` and, among users,
                ``blocked_authors`` apply.

        Raises:
            UnknownIdError: If the request, an action or ``hidden`` names an unknown flit.
            ConfigError: If it goes by something that the version's flits, or nodes of this kind, do not have.
        """
        _check_k(k)
        asker = self._asker(user_id, newest, hidden)
        without = f"user {user_id!r} is unknown" if asker.unknown else NO_ACTION
        return self._answered(asker, kind, k, request, without)

    def recommend_unknown(
        self,
        user_id: Id,
        k: int = 50,
        request: Request = NO_WISHES,
        *,
        hidden: Sequence[Id] = (),
        kind: str | None = None,
    ) -> Candidates:
        """Return candidates for somebody of whom nothing is known, or may be known: recent popularity.

        Args:
            user_id: Whom the answer names as unknown.
            k: Length of the list at most.
            request: As in :meth:`recommend`.
            hidden: Flits to leave out.
            kind: As in :meth:`recommend`.

        Raises:
            UnknownIdError: If the request or ``hidden`` names an unknown flit.
            ConfigError: As in :meth:`recommend`.
        """
        _check_k(k)
        asker = newcomer(self.bundle, NOTHING_NEW, self._flits.rows(list(hidden)))
        return self._answered(asker, kind, k, request, f"user {user_id!r} is unknown")

    def _answered(self, asker: Asker, kind: str | None, k: int, request: Request, without: str) -> Candidates:
        if kind is None or kind == self.bundle.settings.flit_type:
            return packed(self.bundle, flits_for(self._wishes, asker, k, request, without))
        return packed(self.bundle, nodes_for(self.bundle, asker, kind, k, request, without))

    def recommend_rows(self, user_row: int, k: int) -> RowVector:
        """Return candidate rows of a user row, int32: what evaluation calls."""
        return candidates_of(self.bundle.query_of(user_row), self.bundle.shelf, k).rows

    def recommend_from(
        self, flit_ids: Sequence[Id], k: int = 50, request: Request = NO_WISHES, *, hidden: Sequence[Id] = ()
    ) -> Candidates:
        """Return candidates for somebody never seen, from his last actions.

        Args:
            flit_ids: Flits he acted on, oldest first, each at "now".
            k: Length of the list at most.
            request: As in :meth:`recommend`.
            hidden: Flits to leave out besides those.

        Raises:
            UnknownIdError: If a flit is unknown.
            ConfigError: As in :meth:`recommend`.
        """
        _check_k(k)
        acted = actions_of([Action(one) for one in flit_ids], self._flits, self.bundle.settings.as_of_s)
        asker = newcomer(self.bundle, acted, self._flits.rows(list(hidden)))
        return packed(self.bundle, flits_for(self._wishes, asker, k, request, NO_ACTION))

    def similar(self, id_: Id, k: int = 10, *, node_type: str | None = None) -> pl.DataFrame:
        """Return the nearest nodes of one node, as ``id`` and ``similarity``.

        Args:
            id_: The node; a flit unless ``node_type`` says otherwise.
            k: Neighbours wanted.
            node_type: Node type of ``id_`` and of the answer.

        Raises:
            UnknownIdError: If the node is unknown.
        """
        _check_k(k)
        kind = node_type or self.bundle.settings.flit_type
        if kind not in self.bundle.indexes:
            raise ConfigError(f"node_type must be one of {', '.join(self.bundle.indexes)} (got {kind!r})")
        row = self.bundle.ids[kind].row(id_)
        own = self.bundle.stood_for(np.array([row])) if kind == self.bundle.settings.flit_type else np.array([row])
        vector = np.asarray(self.bundle.embeddings.vectors[kind][row : row + 1])
        return self._neighbours(kind, vector, k, without=own)

    def search(self, text: str, k: int = 10) -> pl.DataFrame:
        """Return the flits nearest to a text, as ``id`` and ``similarity``.

        The text is embedded as a flit nobody has met yet: by the model, from content alone.

        Args:
            text: What to look for.
            k: Neighbours wanted.

        Raises:
            ConfigError: If the text is blank, or the version's flits have no text to compare with.
        """
        _check_k(k)
        if not text.strip():
            raise ConfigError(f"text must not be blank (got {text!r})")
        return self._neighbours(self.bundle.settings.flit_type, self.embed(text), k)

    def embed(self, text: str | None = None, image: bytes | None = None) -> FloatMatrix:
        """Return the vector of a flit that the version does not know, float32 ``[1, dim]``.

        Args:
            text: What it says.
            image: What it shows, encoded (PNG, JPEG, …).

        Raises:
            ConfigError: If the version's flits have no such content, or it cannot be encoded anew.
            DataError: If the image is none.
        """
        if self._model is None:
            raise ConfigError("search needs the version's model; open the retriever with Retriever.open")
        from graphrec.retrieval.query import embed_content  # loads torch: nobody else here needs it

        flit_type = self.bundle.settings.flit_type
        told = self.bundle.embeddings.content.get(flit_type)
        return embed_content(self._model, flit_type, text=text, image=image, told=told)

    def interests(
        self,
        user_id: Id,
        newest: Sequence[Action] = (),
        request: Request = NO_WISHES,
        *,
        hidden: Sequence[Id] = (),
    ) -> pl.DataFrame:
        """Return all interests of a user, the most important first.

        Args:
            user_id: The user.
            newest: What he did since the version, as in :meth:`recommend`.
            request: His wishes, as in :meth:`recommend`; they tell in ``feed_share``.
            hidden: As in :meth:`recommend`.

        Returns:
            Per interest: ``medoid`` (id), ``text``, ``keywords`` (words that set its flits' texts apart from the
            corpus), ``importance`` and its ``share``, ``feed_share`` (of the first 50 candidates, the share that it
            brought), number of ``actions``, ``exemplars`` (ids of at most five flits behind it, the nearest to the
            medoid first).

        Raises:
            UnknownIdError: If the user is unknown, or the request names an unknown flit.
            ConfigError: As in :meth:`recommend`.
        """
        asker = self._asker(user_id, newest, hidden)
        if asker.unknown:
            raise UnknownIdError(f"user_id must be a known user (got {user_id!r}); `recommend` answers unknown users")
        return self._portraits.frame(asker, flits_for(self._wishes, asker, FEED, request, NO_ACTION))

    def interest_cards(self, user_id: Id, images: Mapping[Id, bytes] | None = None, *, most: int = 5) -> Cards:
        """Return a user's most important interests as medoid cards, for a notebook.

        Args:
            user_id: The user.
            images: Flit id to encoded image, where the cards are to show them.
            most: Cards at most.

        Raises:
            UnknownIdError: If the user is unknown.
        """
        return portrait_cards(f"interests of {user_id}", self.interests(user_id).head(most), images or {})

    def found(self, user_row: int, k: int) -> Found:
        """Return what :meth:`recommend` gives a user, in rows: what answers for all users are made of."""
        asker = known(self.bundle, user_row, NOTHING_NEW, NOTHING)
        return flits_for(self._wishes, asker, k, NO_WISHES, NO_ACTION)

    def _asker(self, user_id: Id, newest: Sequence[Action], hidden: Sequence[Id]) -> Asker:
        """Return what is known of a user, with what he did and hid since the version."""
        row, out = self._users.get(user_id), self._flits.rows(list(hidden))
        acted = actions_of(newest, self._flits, self.bundle.settings.as_of_s) if newest else NOTHING_NEW
        if row is None:
            return newcomer(self.bundle, acted, out)
        return known(self.bundle, row, acted, out)

    def _neighbours(self, kind: str, vector: FloatMatrix, k: int, without: RowVector = NOTHING) -> pl.DataFrame:
        found = self.bundle.indexes[kind].query(vector, k + len(without))
        keep = (found.rows[0] >= 0) & ~np.isin(found.rows[0], without)
        rows, scores = found.rows[0][keep][:k], found.scores[0][keep][:k]
        return pl.DataFrame({"id": self.bundle.ids[kind].ids(rows), "similarity": scores})


def _check_k(k: int) -> None:
    if k < 1:
        raise ConfigError(f"k must be at least 1 (got {k})")
