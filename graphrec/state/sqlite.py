"""The state in one SQLite file in WAL mode: many processes of one machine read and write it at once."""

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from math import isfinite
from pathlib import Path
from sys import intern

from graphrec.errors import ConfigError, StateError
from graphrec.forgotten import Forgotten, hash_of
from graphrec.ids import Id
from graphrec.state.state import CLEARED, Event, Known, Outcome

NEWEST = 1000
"""Newest events of each kind of a user that an answer looks at: what he was shown does not hide what he did."""
MOST_WISHES = 200
"""Wishes that one user may have."""
MOST_KEPT = 1000
"""Users whose state is remembered until somebody writes."""
PATIENCE_S = 10.0
"""How long a writer waits for another process's transaction."""
LAYOUT = 1
"""Raised when a reader of today could not read the tables."""

# Ids have no declared type: SQLite would turn the text "42" into a number in an INTEGER column, and 42 into text.
SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, user NOT NULL, flit NOT NULL,
    kind TEXT NOT NULL, time_s INTEGER NOT NULL
);
DROP INDEX IF EXISTS events_of_user;
CREATE INDEX IF NOT EXISTS events_of_kind ON events (user, kind, seq);
CREATE TABLE IF NOT EXISTS wishes (user NOT NULL, flit NOT NULL, factor REAL NOT NULL, PRIMARY KEY (user, flit));
CREATE TABLE IF NOT EXISTS forgotten (hash BLOB PRIMARY KEY, at_s INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
"""
# From kind to kind by the index: who was shown a hundred thousand flits is read as fast as others.
NEWEST_OF_EACH_KIND = """
WITH RECURSIVE kinds (kind) AS (
    SELECT min(kind) FROM events WHERE user = :user
    UNION ALL
    SELECT (SELECT min(kind) FROM events WHERE user = :user AND kind > kinds.kind) FROM kinds WHERE kind IS NOT NULL
)
SELECT event_id, flit, events.kind, time_s FROM kinds JOIN events ON seq IN (
    SELECT seq FROM events WHERE user = :user AND kind = kinds.kind ORDER BY seq DESC LIMIT :most
) ORDER BY seq
"""


class SqliteState:
    """A :class:`graphrec.state.State` in one file; safe for many threads, and for many processes of one machine.

    Args:
        path: The file; made with its first use. Beside it lie ``-wal`` and ``-shm`` files that belong to it.

    Raises:
        StateError: If the file is no state, a newer graphrec wrote it, or it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock, self._write_lock = threading.RLock(), threading.Lock()
        self._kept: dict[Id, Known] = {}
        self._stamp = -1
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer, self._reader = _connected(path), _connected(path)
            self._key = self._prepared()

    def append(self, events: Sequence[Event]) -> list[Outcome]:
        """Keep events, all of them or none, and tell what became of each."""
        users = list({one.user for one in events})
        with self._transaction() as told:
            gone = {user for user, is_gone in zip(users, self._forgot(told, users), strict=True) if is_gone}
            return [_stored(told, one, one.user in gone) for one in events]

    def wish(self, user: Id, factors: Mapping[Id, float]) -> Known:
        """Set what the interests nearest to some flits are worth to a user."""
        wrong = [factor for factor in factors.values() if not (isfinite(factor) and factor >= 0)]
        if wrong:
            raise ConfigError(f"factor must be a finite number, at least 0 (got {wrong[0]}); 0 mutes")
        with self._transaction() as told:
            if not self._forgot(told, [user])[0]:
                _set_wishes(told, user, factors)
        return self.of(user)

    def forget(self, user: Id) -> None:
        """Remove what is known of a user and refuse to learn anything again."""
        with self._transaction() as told:
            told.execute("INSERT OR IGNORE INTO forgotten VALUES (?, ?)", (self._hash(user), int(time.time())))
            told.execute("DELETE FROM events WHERE user = ?", (user,))
            told.execute("DELETE FROM wishes WHERE user = ?", (user,))
        with self._errors(), self._write_lock:  # the log still holds the rows: fold it into the file, then empty it
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def of(self, user: Id, *, looked: bool = False) -> Known:
        """Return what is known of a user now; asked again before anybody has written, from memory."""
        remembered = self._kept.get(user) if looked else None
        if remembered is not None:
            return remembered
        with self._errors(), self._lock:
            (stamp,) = self._reader.execute("PRAGMA data_version").fetchone()
            if stamp != self._stamp or len(self._kept) > MOST_KEPT:
                self._kept, self._stamp = {}, stamp
            known = self._kept.get(user)
            if known is None:
                known = self._kept[user] = self._read(user)
            return known

    def forgot(self, users: Sequence[Id]) -> list[bool]:
        """Return which of some users asked to be forgotten."""
        with self._errors(), self._lock:
            return self._forgot(self._reader, users)

    def forgotten(self) -> Forgotten:
        """Return everybody who asked to be forgotten."""
        with self._errors(), self._lock:
            rows = self._reader.execute("SELECT hash FROM forgotten").fetchall()
        return Forgotten(self._key, frozenset(bytes(row[0]) for row in rows))

    def since(self, seq: int) -> Iterator[tuple[int, Event]]:
        """Yield the events after a place in the order they came, as of the first of them."""
        with self._errors(), closing(_connected(self._path)) as own:
            rows = own.execute(
                "SELECT seq, event_id, user, flit, kind, time_s FROM events WHERE seq > ? ORDER BY seq", (seq,)
            )
            for row in rows:
                yield row[0], Event(*row[1:])

    def drained(self, upto: int | None = None) -> int:
        """Return the place up to which events were handed over; ``upto`` moves it."""
        with self._transaction() as told:
            if upto is not None:
                told.execute("INSERT OR REPLACE INTO meta VALUES ('drained', ?)", (upto,))
            found = told.execute("SELECT value FROM meta WHERE name = 'drained'").fetchone()
            return 0 if found is None else int(found[0])

    def prune(self, upto: int, before_s: int) -> int:
        """Remove events up to a place that are older than an instant, and return how many."""
        with self._transaction() as told:
            return told.execute("DELETE FROM events WHERE seq <= ? AND time_s < ?", (upto, before_s)).rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock, self._write_lock:
            self._reader.close()
            self._writer.close()

    def _read(self, user: Id) -> Known:
        if self._forgot(self._reader, [user])[0]:
            return Known(forgotten=True)
        rows = self._reader.execute(NEWEST_OF_EACH_KIND, {"user": user, "most": NEWEST})
        wishes = self._reader.execute("SELECT flit, factor FROM wishes WHERE user = ? ORDER BY rowid", (user,))
        events = (Event(name, user, flit, intern(kind), time_s) for name, flit, kind, time_s in rows)
        return Known(tuple(events), dict(wishes.fetchall()))

    def _forgot(self, told: sqlite3.Connection, users: Sequence[Id]) -> list[bool]:
        asked = "SELECT 1 FROM forgotten WHERE hash = ?"
        return [told.execute(asked, (self._hash(user),)).fetchone() is not None for user in users]

    def _hash(self, user: Id) -> bytes:
        """Return the keyed hash of an id; 42 and "42" are two users."""
        return hash_of(self._key, type(user), user)

    def _prepared(self) -> bytes:
        """Make the tables where they are missing, and return the key of the hashes."""
        (layout,) = self._writer.execute("PRAGMA user_version").fetchone()
        if layout > LAYOUT:
            raise StateError(
                f"state.layout must be at most {LAYOUT} (got {layout} in {self._path}); a newer graphrec wrote it: "
                "upgrade this one"
            )
        self._writer.executescript(SCHEMA)
        with self._transaction() as told:
            told.execute("INSERT OR IGNORE INTO meta VALUES ('key', ?)", (secrets.token_bytes(32),))
            told.execute(f"PRAGMA user_version = {LAYOUT}")
            return bytes(told.execute("SELECT value FROM meta WHERE name = 'key'").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for one transaction: on disk when the block ends, undone where it raises."""
        with self._errors(), self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StateError(
                f"state must be a readable and writable SQLite file (got {self._path}: {error})"
            ) from error


def _connected(path: Path) -> sqlite3.Connection:
    """Open the file; a commit returns once the log is forced to disk, and what is deleted is overwritten."""
    connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
    for setting in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {setting}").fetchone()
    return connection


def _stored(told: sqlite3.Connection, event: Event, forgotten: bool) -> Outcome:
    if forgotten:
        return "forgotten"
    row = (event.event_id, event.user, event.flit, event.kind, event.time_s)
    done = told.execute("INSERT OR IGNORE INTO events (event_id, user, flit, kind, time_s) VALUES (?, ?, ?, ?, ?)", row)
    return "stored" if done.rowcount else "repeated"


def _set_wishes(told: sqlite3.Connection, user: Id, factors: Mapping[Id, float]) -> None:
    for flit, factor in factors.items():
        if factor == CLEARED:
            told.execute("DELETE FROM wishes WHERE user = ? AND flit = ?", (user, flit))
        else:
            told.execute("INSERT OR REPLACE INTO wishes VALUES (?, ?, ?)", (user, flit, factor))
    (number,) = told.execute("SELECT count(*) FROM wishes WHERE user = ?", (user,)).fetchone()
    if number > MOST_WISHES:
        raise ConfigError(f"wishes must be at most {MOST_WISHES} a user (got {number}); clear some first")
