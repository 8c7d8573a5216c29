"""What an evaluation found: frames, plain values, benchmark figures and a table for people."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from graphrec.errors import ArtifactError, ConfigError
from graphrec.evaluation.recommender import Setting
from graphrec.plots import table

if TYPE_CHECKING:
    from rich.table import Table

    from graphrec.plots import Figure

MIN_USERS = 200
"""Fewer test users are not a result."""
FIGURE_SCHEMA = {
    "method": pl.String,
    "slice": pl.String,
    "metric": pl.String,
    "k": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
DIFFERENCE_SCHEMA = {
    "method": pl.String,
    "reference": pl.String,
    "slice": pl.String,
    "metric": pl.String,
    "k": pl.Int64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
}
_ALL_ON = ("all",)
_FACTS, _FIGURES, _DIFFERENCES = "evaluation.json", "figures.parquet", "differences.parquet"


@dataclass(frozen=True)
class SliceFacts:
    """What a slice is and how much it rests on.

    Attributes:
        what: In words.
        users: Users with anything held out in it.
        events: Held-out (user, flit) pairs.
        cold_share: Share of the events whose flit has no training action.
    """

    what: str
    users: int
    events: int
    cold_share: float

    @property
    def is_result(self) -> bool:
        """Whether there are enough users to conclude anything."""
        return self.users >= MIN_USERS

    def counts(self) -> dict[str, float]:
        """Return users, events and cold share."""
        return {"users": self.users, "events": self.events, "cold_share": self.cold_share}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, ``is_result`` among them."""
        return {**asdict(self), "is_result": self.is_result}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SliceFacts":
        """Build from what :meth:`to_dict` gave."""
        return cls(values["what"], values["users"], values["events"], values["cold_share"])


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """Every method on every slice, with intervals.

    Attributes:
        frame: ``method``, ``slice``, ``metric``, ``k``, ``value``, ``low``, ``high``, ``users``, ``events``,
            ``cold_share``. Coverage and gini have no interval (null); they and novelty stand in slice ``all``.
        differences: ``method`` minus ``reference``: ``slice``, ``metric``, ``k``, ``difference``, ``low``, ``high``
            and ``verdict`` (``above``, ``below``, ``no difference``; with fewer than 200 users ``not a result``),
            paired over users.
        slices: By name.
        settings: What each method was set to.
        dropped: Held-out actions that are no truth, by reason.
        reference: Whom ``differences`` compare to.
    """

    frame: pl.DataFrame
    differences: pl.DataFrame
    slices: Mapping[str, SliceFacts]
    settings: Mapping[str, Setting]
    dropped: Mapping[str, int]
    reference: str

    def save(self, folder: Path) -> None:
        """Write ``evaluation.json`` (:meth:`to_dict`), ``figures.parquet`` and ``differences.parquet``."""
        (folder / _FACTS).write_text(json.dumps(self.to_dict(), indent=1, allow_nan=False))
        self.frame.write_parquet(folder / _FIGURES)
        self.differences.write_parquet(folder / _DIFFERENCES)

    @classmethod
    def open(cls, folder: Path) -> "Evaluation":
        """Read what :meth:`save` wrote.

        Raises:
            ArtifactError: If a file is missing.
        """
        missing = [name for name in (_FACTS, _FIGURES, _DIFFERENCES) if not (folder / name).is_file()]
        if missing:
            raise ArtifactError(f"evaluation folder must hold {missing[0]} (got none in {folder}); run again")
        facts = json.loads((folder / _FACTS).read_text())
        return cls(
            frame=pl.read_parquet(folder / _FIGURES),
            differences=pl.read_parquet(folder / _DIFFERENCES),
            slices={name: SliceFacts.from_dict(one) for name, one in facts["slices"].items()},
            settings=facts["settings"],
            dropped=facts["dropped"],
            reference=facts["reference"],
        )

    def to_polars(self) -> pl.DataFrame:
        """Return :attr:`frame`."""
        return self.frame

    def to_dict(self) -> dict[str, Any]:
        """Return everything as finite JSON values (null where a figure does not exist)."""
        return {
            "reference": self.reference,
            "slices": {name: one.to_dict() for name, one in self.slices.items()},
            "settings": {name: dict(one) for name, one in self.settings.items()},
            "dropped": dict(self.dropped),
            "figures": self.frame.fill_nan(None).drop("users", "events", "cold_share").to_dicts(),
            "differences": self.differences.fill_nan(None).to_dicts(),
        }

    def value(self, method: str, metric: str, k: int, slice_name: str = "all") -> float:
        """Return one figure.

        Raises:
            ConfigError: If it was not measured.
        """
        found = self.frame.filter(method=method, metric=metric, k=k, slice=slice_name)
        if found.height != 1:
            known = sorted(set(self.frame["slice"])), sorted(set(self.frame["method"])), sorted(set(self.frame["k"]))
            raise ConfigError(
                f"Evaluation.value must be measured (got {method}.{metric}@{k} on {slice_name!r}; measured: {known})"
            )
        return float(found["value"][0])

    def __repr__(self) -> str:
        facts = self.slices["all"]
        return f"Evaluation({len(self.settings)} methods on {facts.users:,} users, {facts.events:,} events)"

    def _repr_html_(self) -> str:
        facts = self.slices["all"]
        title = f"{facts.users:,} users, {facts.events:,} held-out actions, {facts.cold_share:.0%} on cold items"
        frame = self.frame.filter(slice="all").with_columns(
            pl.format("{}@{}", pl.col("metric"), pl.col("k")).alias("what")
        )
        wide = frame.pivot(on="what", index="method", values="value", maintain_order=True)
        return table(title, wide.to_dicts())

    def plot_recall(self, k: int = 50, slice_name: str = "all") -> "Figure":
        """Draw recall@k of every method with its interval, the reference on top, the best of the others next.

        Args:
            k: Length of the lists.
            slice_name: Which users or items.
        """
        from graphrec.plots.charts import plot_intervals

        found = self.frame.filter(metric="recall", k=k, slice=slice_name).sort(
            pl.col("method") != self.reference, -pl.col("value"), "method"
        )
        rows = [(one["value"], one["low"], one["high"]) for one in found.to_dicts()]
        facts = self.slices[slice_name]
        return plot_intervals(
            f"Recall@{k}, {slice_name}: {facts.users:,} users, {facts.events:,} actions",
            found["method"].to_list(),
            rows,
        )

    def figures(self, prefix: str = "", slices: Sequence[str] = _ALL_ON) -> list[dict[str, Any]]:
        """Return benchmark figures: ``name`` (``<method>.<metric>@<k>``), ``value``, ``low``, ``high``.

        Args:
            prefix: Put before each name.
            slices: Slices to list; other than ``all`` they end the name: ``<method>.<metric>@<k>.<slice>``.
        """
        rows = self.frame.filter(pl.col("slice").is_in(list(slices))).fill_nan(None).to_dicts()
        return [
            {
                "name": f"{prefix}{one['method']}.{one['metric']}@{one['k']}"
                + ("" if one["slice"] == "all" else f".{one['slice']}"),
                "value": one["value"],
                "low": one["low"],
                "high": one["high"],
            }
            for one in rows
        ]

    def table(
        self, slice_name: str = "all", shown: Sequence[str] = ("recall", "ndcg"), k: Sequence[int] | None = None
    ) -> "Table":
        """Return one slice as a rich table: a line per method, figures with intervals, above or below the reference.

        Args:
            slice_name: Which slice.
            shown: Metrics to show; the first at the last cut is the one compared to the reference.
            k: Cuts to show; default all.

        Raises:
            ConfigError: If the slice was not measured.
        """
        from rich.table import Table

        if slice_name not in self.slices:
            raise ConfigError(f"Evaluation.table slice must be one of {list(self.slices)} (got {slice_name!r})")
        cuts = sorted(set(self.frame["k"])) if k is None else list(k)
        columns = [(metric, cut) for cut in cuts for metric in shown]
        table = Table(title=self._title(slice_name), caption="\\[low, high]: 95 % bootstrap interval over users")
        table.add_column("method")
        for metric, cut in columns:
            table.add_column(f"{metric}@{cut}", justify="right")
        table.add_column(f"{shown[0]}@{cuts[-1]} against {self.reference}", justify="right")
        for method in self.settings:
            cells = [self._cell(method, slice_name, metric, cut) for metric, cut in columns]
            table.add_row(method, *cells, self._against(method, slice_name, shown[0], cuts[-1]))
        return table

    def _title(self, slice_name: str) -> str:
        one = self.slices[slice_name]
        title = f"{slice_name}: {one.what}\n{one.users:,} users, {one.events:,} events, {one.cold_share:.1%} cold"
        return title if one.is_result else f"{title}\nNOT A RESULT: fewer than {MIN_USERS} users"

    def _cell(self, method: str, slice_name: str, metric: str, k: int) -> str:
        found = self.frame.filter(method=method, metric=metric, k=k, slice=slice_name).to_dicts()
        if not found:
            return "-"
        low, high = found[0]["low"], found[0]["high"]
        value = f"{found[0]['value']:.4f}"
        return value if low is None else f"{value} \\[{low:.4f}, {high:.4f}]"

    def _against(self, method: str, slice_name: str, metric: str, k: int) -> str:
        found = self.differences.filter(method=method, metric=metric, k=k, slice=slice_name).to_dicts()
        if not found:
            return "-"
        one = found[0]
        return f"{one['difference']:+.4f} \\[{one['low']:+.4f}, {one['high']:+.4f}] {one['verdict']}"
