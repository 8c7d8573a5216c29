"""A folder of tables to a proposed config."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrec.errors import DataError
from graphrec.tables.config import InputConfig
from graphrec.tables.propose.edges import propose_edges
from graphrec.tables.propose.entities import Entity, Kinds, find_entities
from graphrec.tables.propose.files import list_tables
from graphrec.tables.propose.guess import Guess
from graphrec.tables.propose.kinds import kind_of
from graphrec.tables.propose.nodes import propose_nodes
from graphrec.tables.propose.profile import Table, profile
from graphrec.tables.propose.settings import propose_settings
from graphrec.tables.propose.shape import Shape, find_shape
from graphrec.tables.propose.write import written


@dataclass(frozen=True)
class Proposal:
    """A config as guessed from the files.

    Attributes:
        nodes: Node types.
        edges: Relations.
        sections: The other sections.
        columns: Table to column to what it was taken for.
        unsure: What a person should look at, one line each.
        left_out: Files and tables that are not read, and why.
    """

    nodes: Mapping[str, Guess]
    edges: Sequence[Guess]
    sections: Mapping[str, Guess]
    columns: Mapping[str, Mapping[str, str]]
    unsure: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def values(self) -> dict[str, Any]:
        """The config as plain values, without ``data`` and ``store``."""
        out: dict[str, Any] = {
            "nodes": {name: guess.values for name, guess in self.nodes.items()},
            "edges": [guess.values for guess in self.edges],
        }
        return out | {name: guess.values for name, guess in self.sections.items()}

    @property
    def guesses(self) -> list[dict[str, Any]]:
        """Every setting that was guessed for a reason: ``setting``, ``value``, ``why``."""
        return list(self._guesses())

    def _guesses(self) -> Iterator[dict[str, Any]]:
        parts = {f"nodes.{name}": guess for name, guess in self.nodes.items()}
        parts |= {f"edges.{number}.{one.values['relation']}": one for number, one in enumerate(self.edges)}
        for name, guess in (parts | dict(self.sections)).items():
            for field, why in guess.why.items():
                yield {"setting": f"{name}.{field}".rstrip("."), "value": guess.values.get(field), "why": why}

    def text(self, data: str) -> str:
        """Return the config as commented YAML.

        Args:
            data: Root of the tables, as the config names it.
        """
        return written(data, self.nodes, self.edges, self.sections)


def propose(folder: Path) -> Proposal:
    """Look at a folder of tables and guess what they are.

    Large tables are looked at in streams and by parts: memory stays bounded.

    Args:
        folder: Root of the tables.

    Raises:
        DataError: If the folder holds no table that can be read, or none that joins who acts with what is acted on.
    """
    listing = list_tables(folder)
    left_out = list(listing.left_out)
    tables = []
    for found in listing.tables:
        table = profile(found)
        if isinstance(table, Table):
            tables.append(table)
        else:
            left_out.append(f"{found.pattern}: {table}")
    if not tables:
        raise DataError(f"DIR must hold a table with rows (got {'; '.join(left_out[:3])}); export them again")
    kinds = {table.name: {name: kind_of(column) for name, column in table.columns.items()} for table in tables}
    entities = find_entities(tables, kinds)
    shape = find_shape(tables, entities, kinds)
    return _proposal(shape, entities, kinds, left_out)


def _proposal(shape: Shape, entities: Sequence[Entity], kinds: Kinds, left_out: list[str]) -> Proposal:
    nodes = propose_nodes(shape, entities, kinds)
    edges = propose_edges(shape, nodes, kinds)
    sections = propose_settings(shape, nodes, edges, kinds)
    unsure = [*shape.unsure, *(one for guess in [*nodes.values(), *edges, *sections.values()] for one in guess.unsure)]
    columns = {table: {name: kind.what for name, kind in told.items()} for table, told in kinds.items()}
    proposal = Proposal(nodes, edges, sections, columns, tuple(dict.fromkeys(unsure)), tuple(left_out))
    used = InputConfig.parse({name: proposal.values[name] for name in ("nodes", "edges")}).patterns
    rest = [f"{table}: no part found for it" for table in kinds if table not in used]
    return Proposal(nodes, edges, sections, columns, proposal.unsure, (*left_out, *rest))
