"""What the columns of a table of things say of a node: text, image, columns, flags, time of creation."""

from collections.abc import Mapping

from graphrec.tables.propose import words as say
from graphrec.tables.propose.guess import Guess
from graphrec.tables.propose.kinds import UNITS, Kind
from graphrec.tables.propose.profile import Column, Table

MOST_TEXTS = 4
"""Text columns that are encoded; more only thin each other out."""
RESERVED = ("created_s", "author_row")
FIELDS = {
    "text": "text", "number": "numeric", "rating": "numeric", "count": "numeric", "category": "categorical",
    "event": "categorical", "flag": "flags", "label": "show", "link": "show",
}  # fmt: skip
"""Kind of column to the field of a node type that lists such columns."""
CONTENT = ("text", "image", "numeric", "categorical", "flags")
"""Fields that describe a node, beside those that only show it."""


class Description:
    """Fields of a node type, filled from one table after another.

    Args:
        guess: The node type.
    """

    def __init__(self, guess: Guess) -> None:
        self.guess = guess
        self._fields: dict[str, list[tuple[Column, Kind]]] = {}

    def read(self, table: Table, kinds: Mapping[str, Kind], taken: set[str], *, own: bool) -> list[str]:
        """Give every column of a table its part, but those ``taken``; return the names used, in the table's order.

        Only the node's ``own`` table tells when it came to be: a joined one may not know every node.
        """
        image = next((name for name, kind in kinds.items() if kind.what == "image"), None)
        used = []
        for name, kind in kinds.items():
            beside_image = image not in (None, name) and say.SIZES & set(say.words(name))
            fits = name not in taken and name not in RESERVED and not beside_image and (own or kind.what != "time")
            if fits and self._place(name, kind, table):
                used.append(name)
        return used

    def add(self, field: str, column: Column, kind: Kind) -> None:
        """List one column in a field."""
        self._fields.setdefault(field, []).append((column, kind))

    def forget(self, names: list[str]) -> None:
        """Take columns back."""
        for field, columns in self._fields.items():
            self._fields[field] = [one for one in columns if one[0].name not in names]

    @property
    def content(self) -> int:
        """Number of columns that describe the node."""
        return sum(len(self._fields.get(field, ())) for field in CONTENT) + ("image" in self.guess.values)

    def finish(self) -> None:
        """Write the lists of columns into the guess, with the reasons."""
        texts = self._fields.get("text", [])
        rank = sorted(texts, key=lambda one: (not say.TEXTS & set(say.words(one[0].name)), -one[0].words))
        kept = {column.name for column, _ in rank[:MOST_TEXTS]}
        self._fields["text"] = [one for one in texts if one[0].name in kept]
        self._fields["show"] = [*self._fields.get("show", []), *(one for one in texts if one[0].name not in kept)]
        for field in ("text", "numeric", "categorical", "flags", "show"):
            columns = self._fields.get(field, [])
            if columns:
                why = "; ".join(f"{column.name}: {kind.why}" for column, kind in columns)
                self.guess.set(field, [column.name for column, _ in columns], why)

    def _place(self, name: str, kind: Kind, table: Table) -> bool:
        """Put one column where it belongs; return whether it has a place."""
        values = self.guess.values
        if kind.what == "image" and "image" not in values:
            self.guess.set("image", name, kind.why)
        elif kind.what == "time" and "created_at" not in values and say.CREATED & set(say.words(name)):
            return self._created(name, kind, table)
        elif kind.what in FIELDS and not (kind.what == "number" and not kind.sure):
            self.add(FIELDS[kind.what], table.columns[name], kind)
        else:
            return False
        return True

    def _created(self, name: str, kind: Kind, table: Table) -> bool:
        if kind.detail not in (*UNITS, "datetime") and table.found.format == "parquet":
            self.guess.unsure.append(
                f"{table.name}: {name} holds times as text: derive a datetime column to use it as created_at"
            )
            return False
        self.guess.set("created_at", name, kind.why)
        if kind.detail in UNITS:
            self.guess.set("created_unit", kind.detail)
        return True
