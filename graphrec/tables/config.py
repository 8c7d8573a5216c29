"""What the config says about the input: node tables, edge tables and quality rules."""

from datetime import date
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from graphrec.section import Section

TimeUnit = Literal["datetime", "s", "ms", "us", "ns"]
EdgeRole = Literal["action", "negative", "exposure", "context"]


class TableRef(Section):
    """Where rows come from: files, joined and given new columns by SQL expressions."""

    table: str
    """Path or glob below ``data``: ``.parquet``, ``.csv``, ``.jsonl`` / ``.ndjson``."""
    join: tuple["Join", ...] = ()
    """Further tables, left-joined in order."""
    derive: dict[str, str] = Field(default={})
    """New columns as SQL expressions over the columns read, e.g. ``{user: "user_id - 1"}``."""
    where: dict[str, str | int | float | bool] | str | None = None
    """Rows to keep: ``{event: like}`` or an SQL condition such as ``"rating >= 4"``."""


class Join(TableRef):
    """A table left-joined to the rows read so far."""

    on: dict[str, str]
    """Column here to column there."""
    columns: tuple[str, ...] = ()
    """Columns to take from it; empty takes all."""
    combine: Literal["text"] | None = None
    """Where several rows stand for one key: ``text`` writes the distinct values of each column behind one another,
    the most frequent first (tag words, genres); ``None`` refuses them."""

    @model_validator(mode="before")
    @classmethod
    def _yaml_reads_on_as_true(cls, values: Any) -> Any:
        """YAML 1.1 parses a bare ``on`` key as true; here it means the field."""
        if not isinstance(values, dict):
            return values
        return {"on" if key is True else key: value for key, value in values.items()}


class NodeConfig(TableRef):
    """One node type and the columns that describe it."""

    table: str = ""
    """Path or glob below ``data``; none where ``from_edges``."""
    from_edges: bool = False
    """Whether nodes have no table of their own: every id that an edge names is one, from its oldest dated
    edge on (users of a bare log)."""
    id: str
    """Column with the outside key, strings or integers; with ``from_edges`` the column that edges name it by."""
    text: tuple[str, ...] = ()
    """Text columns, joined by a blank line before encoding."""
    image: str | None = None
    """Column with images: encoded bytes, or the files that hold them as paths or ``file://`` URLs."""
    image_folder: str | None = None
    """Folder that image files must lie in and paths are relative to, itself relative to ``data``; default: ``data``."""
    numeric: tuple[str, ...] = ()
    """Columns scaled to mean 0 and deviation 1; missing values are marked."""
    categorical: tuple[str, ...] = ()
    """Columns turned one-hot, or hashed where they have many values."""
    flags: tuple[str, ...] = ()
    """Boolean columns kept for filters, never a feature."""
    show: tuple[str, ...] = ()
    """Further columns kept for display and filters."""
    author: str | None = None
    """Column with the id of the node that made this one."""
    author_type: str | None = None
    """Node type of the author; default: the first declared node type."""
    created_at: str | None = None
    """Column with the time the node came to be; ``None`` means always there."""
    created_unit: TimeUnit = "datetime"
    """Unit of ``created_at``."""

    @model_validator(mode="after")
    def _rows_come_from_one_place(self) -> Self:
        described = sorted(self.model_fields_set - {"from_edges", "id"})
        if self.from_edges and described:
            raise ValueError(f"nodes with `from_edges` must name their id alone (got {described} too); name a table")
        if not self.from_edges and not self.table:
            raise ValueError("nodes must name a table (got none); add `table`, or `from_edges: true` to take every id "
                             "that edges name")  # fmt: skip
        return self

    @model_validator(mode="after")
    def _columns_have_one_role(self) -> Self:
        single = [name for name in (self.image, self.author) if name is not None]
        roles = [*self.text, *self.numeric, *self.categorical, *self.flags, *single]
        twice = sorted({name for name in roles if roles.count(name) > 1})
        if twice:
            raise ValueError(f"nodes must give each column one role (got {twice} under several)")
        taken = sorted({*roles, *self.show} & {"id", "created_s", "author_row"} - {self.id})
        if taken:
            raise ValueError(
                f"nodes must not use the names id, created_s, author_row (got {taken}); derive another name"
            )
        return self


class TimeColumn(Section):
    """A time column and its unit."""

    column: str
    """Name of the column."""
    unit: TimeUnit = "datetime"
    """``datetime`` (UTC where no zone is given) or seconds, milli-, micro- or nanoseconds since 1970."""


class EdgeConfig(TableRef):
    """One relation ``(source, relation, target)`` and where its edges stand."""

    source: str
    """Node type the edge starts from."""
    relation: str
    """Name of the relation."""
    target: str
    """Node type the edge leads to."""
    source_id: str | None = None
    """Column with the source's id; default: the id column of the source's node table."""
    target_id: str | None = None
    """Column with the target's id; default: the id column of the target's node table."""
    time: TimeColumn | None = None
    """When the edge came to be; ``None`` means undated."""
    start: TimeColumn | None = None
    """Start of validity (campaigns)."""
    end: TimeColumn | None = None
    """End of validity, exclusive."""
    weight: float | str = Field(default=1.0)
    """A number, or the column that holds it, at least 0; ``derive: {plays: "LOG1P(count)"}`` with ``weight: plays``
    tames counts."""
    half_life_days: float | None = Field(default=None, gt=0)
    """Recency half-life of the weight; ``None`` keeps weights as they are."""
    role: EdgeRole = "context"
    """``action`` (an engagement: history, interests, test events), ``negative`` (a hide: a filter, never an edge to
    walk), ``exposure`` (shown: read by evaluation, never walked) or ``context`` (structure to walk)."""
    split: Literal["auto", "test"] = "auto"
    """``test`` marks a given test table: its rows are only ever measured on."""

    @property
    def triplet(self) -> tuple[str, str, str]:
        """The relation as ``(source, relation, target)``."""
        return (self.source, self.relation, self.target)


class QualityConfig(Section):
    """Rules every row is held to; what breaks one goes to the quarantine."""

    max_bad_fraction: float = Field(default=0.01, ge=0, le=1)
    """Share of a table's rows that may be quarantined before the run stops."""
    min_time: date = date(1970, 1, 1)
    """Times before this day are implausible."""
    max_time: date | None = None
    """Times on or after this day are implausible; ``None``: one day after the clock when reading starts."""
    max_text_bytes: int = Field(default=65536, gt=0)
    """Longest text, in UTF-8 bytes."""
    max_id_bytes: int = Field(default=256, gt=0)
    """Longest string id, in UTF-8 bytes."""
    max_image_pixels: int = Field(default=32_000_000, gt=0)
    """Largest image; larger ones are refused before decoding."""
    max_image_bytes: int = Field(default=64 * 2**20, gt=0)
    """Largest image, encoded."""


class InputConfig(Section):
    """The declared schema of somebody's tables."""

    nodes: dict[str, NodeConfig]
    """Node type to its table."""
    edges: tuple[EdgeConfig, ...]
    """Relations in the order of reading."""
    ignore: dict[str, dict[str, tuple[str, ...]]] = Field(default={})
    """Event kinds that are known and not read: table, column, values (``"*"``: any). Where several edges select on a
    column of one table by name, every other value of it is quarantined as an unknown event kind."""
    forgotten: dict[str, str] = Field(default={})
    """Node type to the ``forgotten.json`` below ``data`` that ``graphrec drain`` writes: who stands in it is left out
    of every table, report and quarantine."""
    quality: QualityConfig = QualityConfig()
    """Rules for rows."""

    @property
    def patterns(self) -> list[str]:
        """Every path or glob below ``data`` that is read, each once, sorted."""
        tables = [*self.nodes.values(), *self.edges]
        named = {pattern for one in tables for pattern in _patterns(one)}
        return sorted((named | set(self.forgotten.values())) - {""})

    @field_validator("nodes")
    @classmethod
    def _node_types_name_files(cls, nodes: dict[str, NodeConfig]) -> dict[str, NodeConfig]:
        for name in nodes:
            if not name or set(name) & set("/\\."):
                raise ValueError(f"must name node types without a slash or a dot (got {name!r})")
        return nodes

    @model_validator(mode="after")
    def _forgotten_are_of_declared_nodes(self) -> Self:
        unknown = sorted(set(self.forgotten) - set(self.nodes))
        if unknown:
            raise ValueError(f"forgotten must name declared node types (got {unknown}, have {', '.join(self.nodes)})")
        return self

    @model_validator(mode="after")
    def _edges_join_declared_nodes(self) -> Self:
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in self.nodes:
                    known = ", ".join(self.nodes)
                    raise ValueError(f"edges.{edge.relation} must join declared node types (got {end!r}, have {known})")
        return self

    @model_validator(mode="after")
    def _nodes_from_edges_have_some(self) -> Self:
        ends = {end for edge in self.edges for end in (edge.source, edge.target)}
        missing = sorted(name for name, node in self.nodes.items() if node.from_edges and name not in ends)
        if missing:
            raise ValueError(f"nodes with `from_edges` must be an end of some edge (got {missing}); name a table")
        return self


def _patterns(ref: TableRef) -> list[str]:
    """Return the paths and globs that a table and its joins name."""
    return [ref.table, *(pattern for join in ref.join for pattern in _patterns(join))]
