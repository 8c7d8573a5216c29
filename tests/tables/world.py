"""A small world in files: users, flits, advertisers and their edges, good unless a test plants something."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
from PIL import Image

from graphrec.tables.config import InputConfig
from graphrec.tables.load import LoadedTables, load_tables, validate_tables

NOW = datetime(2024, 6, 1, tzinfo=UTC)
START = datetime(2024, 1, 1)
USERS, FLITS, ADS = 20, 30, 4

CONFIG: dict[str, Any] = {
    "nodes": {
        "user": {"table": "users.parquet", "id": "user_id", "numeric": ["age_days"], "categorical": ["country"]},
        "flit": {
            "table": "flits.parquet",
            "id": "flit_id",
            "text": ["text"],
            "image": "image",
            "created_at": "created_at",
            "flags": ["unsafe"],
            "author": "author_id",
        },
        "advertiser": {"table": "advertisers.parquet", "id": "advertiser_id", "text": ["name"]},
    },
    "edges": [
        {
            "source": "user",
            "relation": f"{kind}s",
            "target": "flit",
            "table": "events.parquet",
            "where": {"event": kind},
            "time": {"column": "timestamp"},
            "weight": "weight",
            "role": "action",
        }
        for kind in ("like", "share")
    ]
    + [
        {
            "source": "user",
            "relation": "follows",
            "target": "user",
            "table": "follows.parquet",
            "source_id": "follower_id",
            "target_id": "followed_id",
        },
        {
            "source": "advertiser",
            "relation": "promotes",
            "target": "flit",
            "table": "promotions.parquet",
            "start": {"column": "start"},
            "end": {"column": "end"},
        },
    ],
    "quality": {"max_bad_fraction": 0.5},
}


def png(size: tuple[int, int] = (8, 8)) -> bytes:
    """Return an encoded image."""
    buffer = BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(buffer, "PNG")
    return buffer.getvalue()


def user(number: int) -> str:
    return f"bird_{number:04d}"


def flit(number: int) -> str:
    return f"flit_{number:04d}"


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def good_tables() -> dict[str, pl.DataFrame]:
    """Return tables without a single bad row."""
    users = {"user_id": [user(n) for n in range(USERS)], "country": ["nl", "be"] * (USERS // 2)}
    flits = {
        "flit_id": [flit(n) for n in range(FLITS)],
        "author_id": [user(n % USERS) for n in range(FLITS)],
        "text": [f"flit number {n}" for n in range(FLITS)],
        "image": [png() if n % 3 == 0 else None for n in range(FLITS)],
        "created_at": [day(n) for n in range(FLITS)],
        "unsafe": [n % 7 == 0 for n in range(FLITS)],
    }
    events = {
        "user_id": [user(n % USERS) for n in range(60)],
        "flit_id": [flit(n * 7 % FLITS) for n in range(60)],
        "event": [("like", "share")[n % 2] for n in range(60)],
        "timestamp": [day(40 + n) for n in range(60)],
        "weight": [1.0 + n / 8 for n in range(60)],
    }
    follows = {
        "follower_id": [user(n) for n in range(USERS)],
        "followed_id": [user((n + 1) % USERS) for n in range(USERS)],
    }
    promotions = {
        "advertiser_id": [f"adv_{n}" for n in range(ADS)],
        "flit_id": [flit(n) for n in range(ADS)],
        "start": [day(n) for n in range(ADS)],
        "end": [day(n + 900) for n in range(ADS)],
    }
    return {
        "users": pl.DataFrame(users | {"age_days": [float(n) for n in range(USERS)]}),
        "flits": pl.DataFrame(flits),
        "advertisers": pl.DataFrame({"advertiser_id": [f"adv_{n}" for n in range(ADS)], "name": ["Seed & Co"] * ADS}),
        "events": pl.DataFrame(events),
        "follows": pl.DataFrame(follows),
        "promotions": pl.DataFrame(promotions),
    }


def write(folder: Path, tables: Mapping[str, pl.DataFrame]) -> Path:
    """Write every table as parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


def with_row(frame: pl.DataFrame, row: int, **values: Any) -> pl.DataFrame:
    """Return ``frame`` with some values of one row replaced."""
    rows = frame.to_dicts()
    rows[row] |= values
    return pl.DataFrame(rows, schema=frame.schema)


def config(**changes: Any) -> InputConfig:
    return InputConfig.parse(CONFIG | changes)


def load(folder: Path, settings: InputConfig | None = None) -> LoadedTables:
    return load_tables(settings or config(), folder, now=NOW)


def validate(folder: Path, settings: InputConfig | None = None) -> LoadedTables:
    return validate_tables(settings or config(), folder, now=NOW)


def planted(loaded: LoadedTables) -> list[tuple[str, int | None, str]]:
    """Return table, row and rule of every quarantine entry."""
    return list(loaded.quarantine.select("table", "row", "rule").iter_rows())


def check_counts(loaded: LoadedTables) -> None:
    """Nothing is lost: every row read is good, quarantined, a repeat, or not selected."""
    for one in loaded.report:
        if one.fault is None:
            kept = one.rows_good + one.rows_quarantined + one.duplicates_dropped + one.rows_filtered
            assert one.rows_read == kept, one
            entries = loaded.quarantine.filter(pl.col("table") == one.name)
            places = entries.select("file", "row").unique().height
            assert places == one.rows_quarantined + one.rows_without_image, one
