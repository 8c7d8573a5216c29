"""Parquet files that grow part by part and are joined at the end, so that memory stays bounded."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

_PART_ROWS = 2_000_000


class TableWriter:
    """Collects frames of one table and writes ``path`` on :meth:`close`.

    Args:
        path: The parquet file to write; parts stand beside it until then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames: list[pl.DataFrame] = []
        self._parts: list[Path] = []
        self._waiting = 0
        self.rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Append rows; they keep their order."""
        self._frames.append(frame)
        self._waiting += len(frame)
        self.rows += len(frame)
        if self._waiting >= _PART_ROWS:
            self._flush()

    def _flush(self) -> None:
        part = self._path.with_name(f".{self._path.stem}-{len(self._parts):05d}.parquet")
        pl.concat(self._frames).write_parquet(part)
        self._parts.append(part)
        self._frames, self._waiting = [], 0

    def close(self) -> None:
        """Write the file: at once where it is small, streamed from the parts where it is not."""
        if not self._parts:
            pl.concat(self._frames).write_parquet(self._path)
            return
        if self._frames:
            self._flush()
        pl.scan_parquet(self._parts).sink_parquet(self._path, maintain_order=True)
        for part in self._parts:
            part.unlink()


def name_ids(prefix: str, count: int) -> pl.Series:
    """Return the ids of ``count`` rows, zero-padded to one width (at least four digits, advertisers two)."""
    least = {"bird": 4, "flit": 5, "adv": 2}.get(prefix, 1)
    width = max(least, len(str(max(count - 1, 0))))
    return pl.Series([f"{prefix}_{row:0{width}d}" for row in range(count)], dtype=pl.String)


def datetimes(name: str, time_s: npt.NDArray[np.integer]) -> pl.Series:
    """Return seconds since 1970 UTC as naive datetimes in microseconds."""
    return pl.Series(name, time_s.astype(np.int64) * 1_000_000).cast(pl.Datetime("us"))
