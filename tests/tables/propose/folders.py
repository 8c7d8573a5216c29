"""Small folders of tables with planted answers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphrec.config import RunConfig, load_config
from graphrec.tables.load import validate_tables
from graphrec.tables.propose import Proposal, propose
from tests.tables.world import png

START_S = 1_700_000_000
USERS, FLITS, EVENTS = 60, 40, 900


def ids(prefix: str, number: int, rng: np.random.Generator) -> list[str]:
    """Return ids in no order."""
    return [f"{prefix}{one:03x}" for one in rng.permutation(number)]


def events(rng: np.random.Generator, users: list[Any], flits: list[Any], number: int = EVENTS) -> dict[str, list[Any]]:
    """Return who, what and when (seconds) of a log in which every user and flit stands."""
    who = [users[n % len(users)] for n in range(number)]
    what = [flits[int(n)] for n in rng.permutation(number) % len(flits)]
    when = sorted(START_S + int(n) for n in rng.integers(60 * 86_400, size=number))
    return {"who": who, "what": what, "when": when}


def written(folder: Path, **tables: pl.DataFrame) -> Path:
    """Write tables as parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


def network(folder: Path, seed: int = 0) -> Path:
    """Write users, posts with text and images, five kinds of events in milliseconds, follows."""
    rng = np.random.default_rng(seed)
    users, flits = ids("u", USERS, rng), ids("p", FLITS, rng)
    log = events(rng, users, flits)
    born = [datetime.fromtimestamp(START_S, UTC) + timedelta(hours=n) for n in range(FLITS)]
    posts = {
        "post_id": flits,
        "written_by_author": [users[n % USERS] for n in range(FLITS)],
        "body": [f"a short post about birds number {n} and more" for n in range(FLITS)],
        "photo": [png() if n % 2 else None for n in range(FLITS)],
        "published_at": born,
        "nsfw": [n % 9 == 0 for n in range(FLITS)],
        "lang": [("nl", "en")[n % 2] for n in range(FLITS)],
    }
    kinds = [("view", "like", "share", "hide")[int(n)] for n in rng.choice(4, size=EVENTS, p=[0.5, 0.3, 0.15, 0.05])]
    people = {"account": users, "age": [float(n % 50) + 0.5 for n in range(USERS)], "city": ["a", "b", "c"] * 20}
    follows = {"follower": users, "followed": [*users[1:], users[0]]}
    return written(
        folder,
        people=pl.DataFrame(people),
        posts=pl.DataFrame(posts),
        log=pl.DataFrame(
            {"ts": [1000 * at for at in log["when"]], "kind": kinds, "post_id": log["what"], "account": log["who"]}
        ),
        follows=pl.DataFrame(follows),
    )


def checked(folder: Path, tmp_path: Path) -> tuple[Proposal, RunConfig]:
    """Return what is proposed, after the YAML was loaded and every table read without a fault."""
    proposal = propose(folder)
    path = tmp_path / "proposed.yaml"
    path.write_text(proposal.text(str(folder)), encoding="utf-8")
    config = load_config(path)
    reports = validate_tables(config.input, config.data).report
    faults = [(one.name, one.fault, dict(one.rules)) for one in reports if one.bad_fraction > 0.01]
    assert not faults
    return proposal, config
