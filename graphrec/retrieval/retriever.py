"""The Python API of retrieval: ids in, explained candidates out."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from graphrec.arrays import FloatMatrix, RowVector
from graphrec.errors import ConfigError, UnknownIdError
from graphrec.history import Actions, History
from graphrec.ids import Id
from graphrec.interests import UserInterests, build_interests
from graphrec.retrieval.answers import Candidates, Cards, Served
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import candidates_of
from graphrec.retrieval.newest import NO_ACTIONS, Action, actions_of, folded, joined
from graphrec.retrieval.portraits import Portraits, portrait_cards
from graphrec.retrieval.request import Request
from graphrec.retrieval.shelf import Query
from graphrec.retrieval.trace import Trace
from graphrec.retrieval.wishes import Wishes, worth_of
from graphrec.store import Store

RECENT = "recent popularity"
INTERESTS = "interests"
LONGER = 4
"""How many times longer a list is that a varied one is made from."""
NO_WISHES = Request()


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
    ) -> Candidates:
        """Return candidates for a user; somebody unknown gets recent popularity, and the answer says so.

        Args:
            user_id: The user.
            k: Length of the list at most.
            request: Interests to mute or boost, what to leave out, how varied the list shall be.
            newest: What the user did since the version, oldest first; the last twenty are folded into his interests. A
                user whom the version does not know is answered by them alone.
            hidden: Flits to leave out besides those that the version knows he has seen or hidden.

        Raises:
            UnknownIdError: If the request, an action or ``hidden`` names an unknown flit.
            ConfigError: If it goes by something that the version's flits do not have.
        """
        row = self._users.get(user_id)
        if row is None and newest:
            return self.recommend_from([one.flit for one in newest], k, request, hidden=hidden)
        if row is None:
            return self.recommend_unknown(user_id, k, request, hidden=hidden)
        _check_k(k)
        acted = self._acted(newest)
        own, actions = self.bundle.interests.of(row), self.bundle.history.of(row)
        if len(acted.rows):
            own, actions = folded(own, acted, self.bundle), joined(actions, acted)
        seen = np.union1d(self.bundle.excluded(row), np.concatenate([acted.rows, self._flits.rows(list(hidden))]))
        return self._personal(own, row, actions, seen, k, request)

    def recommend_unknown(
        self, user_id: Id, k: int = 50, request: Request = NO_WISHES, *, hidden: Sequence[Id] = ()
    ) -> Candidates:
        """Return candidates for somebody of whom nothing is known, or may be known: recent popularity.

        Args:
            user_id: Whom the answer names as unknown.
            k: Length of the list at most.
            request: As in :meth:`recommend`.
            hidden: Flits to leave out.

        Raises:
            UnknownIdError: If the request or ``hidden`` names an unknown flit.
            ConfigError: As in :meth:`recommend`.
        """
        _check_k(k)
        query = Query(self.bundle.flit_vectors[:0], np.zeros(0, np.float32), None, self._flits.rows(list(hidden)))
        return self._answer(_NOBODY, query, k, request, f"user {user_id!r} is unknown")

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
        rows = self._flits.rows(list(flit_ids))
        as_of = self.bundle.settings.as_of_s
        times = None if as_of is None else np.full(len(rows), as_of - 1, dtype=np.int64)
        history = History.from_edges(np.zeros(len(rows), np.int32), rows, times, None, 1)
        interests = build_interests(history, self.bundle.flit_vectors, self.bundle.settings.interests, as_of_s=as_of)
        seen = np.union1d(rows, self._flits.rows(list(hidden)))
        return self._personal(interests.of(0), 0, history.of(0), seen, k, request)

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
        if kind not in self.bundle.ids:
            raise ConfigError(f"node_type must be one of {', '.join(self.bundle.ids)} (got {kind!r})")
        row = self.bundle.ids[kind].row(id_)
        vector = np.asarray(self.bundle.embeddings.vectors[kind][row : row + 1])
        return self._neighbours(kind, vector, k, without=row)

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

        return embed_content(self._model, self.bundle.settings.flit_type, text=text, image=image)

    def interests(self, user_id: Id) -> pl.DataFrame:
        """Return all interests of a user, the most important first.

        Returns:
            Per interest: ``medoid`` (id), ``text``, ``keywords`` (words that set its flits' texts apart from the
            corpus), ``importance`` and its ``share``, number of ``actions``, ``exemplars`` (ids of at most five flits
            behind it, the nearest to the medoid first).

        Raises:
            UnknownIdError: If the user is unknown.
        """
        row = self._users.get(user_id)
        if row is None:
            raise UnknownIdError(f"user_id must be a known user (got {user_id!r}); `recommend` answers unknown users")
        return self._portraits.frame(row)

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

    def _acted(self, newest: Sequence[Action]) -> Actions:
        """Return actions of ids as actions of rows, oldest first."""
        if not newest:
            return NO_ACTIONS
        return actions_of(newest, self._flits, self.bundle.settings.as_of_s)

    def _personal(
        self, own: UserInterests, user: int, actions: Actions, seen: RowVector, k: int, request: Request
    ) -> Candidates:
        """Answer somebody whose actions are known."""
        medoids, importance = self.bundle.settings.served(own, user, worth_of(request, self.bundle, own.medoid))
        query = self.bundle.query(medoids, importance, actions, seen)
        return self._answer(Served(medoids, importance, actions.rows), query, k, request)

    def _answer(
        self, served: Served, query: Query, k: int, request: Request, without: str = "no action in the window"
    ) -> Candidates:
        told = Trace()
        shelf = self._wishes.shelf(request, served, told)
        if request.reshapes:
            longer = candidates_of(query, shelf, max(k * LONGER, shelf.budget), told)
            scored = self._wishes.reshaped(longer, request, k, told)
        else:
            scored = candidates_of(query, shelf, k, told)
        if query.usable:
            reason = INTERESTS
        elif request.muted and len(served.actions):
            reason = f"{RECENT}: every interest is muted"
        else:
            reason = f"{RECENT}: {without}"
        ids = self._flits.ids(scored.rows).to_list()
        medoid_ids = self._flits.ids(served.medoids).to_list()
        interests = [medoid_ids[one] if one >= 0 else None for one in scored.interest]
        return Candidates(ids, scored.scores, interests, reason, self.bundle, scored, served, told)

    def _neighbours(self, kind: str, vector: FloatMatrix, k: int, without: int = -1) -> pl.DataFrame:
        found = self.bundle.indexes[kind].query(vector, k + 1)
        keep = (found.rows[0] >= 0) & (found.rows[0] != without)
        rows, scores = found.rows[0][keep][:k], found.scores[0][keep][:k]
        return pl.DataFrame({"id": self.bundle.ids[kind].ids(rows), "similarity": scores})


_NOBODY = Served(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int32))


def _check_k(k: int) -> None:
    if k < 1:
        raise ConfigError(f"k must be at least 1 (got {k})")
