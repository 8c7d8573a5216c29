"""Good rows and planted bad rows: exactly the planted are quarantined, and nothing is lost."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import GraphrecError
from tests.tables.world import check_counts, config, day, flit, good_tables, load, user, write

BAD_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"user_id": None}, "null id"),
    ({"flit_id": None}, "null id"),
    ({"user_id": ""}, "empty id"),
    ({"user_id": "x" * 999}, "over-long id"),
    ({"flit_id": "flit_9999"}, "unknown node"),
    ({"weight": None}, "missing weight"),
    ({"weight": float("nan")}, "non-finite weight"),
    ({"weight": -1.0}, "negative weight"),
    ({"timestamp": None}, "missing time"),
    ({"timestamp": day(9999)}, "time in the future"),
    ({"event": "blink"}, "unknown event kind"),
]
GOOD = st.builds(
    lambda who, what, kind, when, weight: {
        "user_id": user(who),
        "flit_id": flit(what),
        "event": kind,
        "timestamp": day(when),
        "weight": weight,
    },
    st.integers(0, 19),
    st.integers(0, 29),
    st.sampled_from(["like", "share"]),
    st.integers(0, 20),
    st.sampled_from([0.0, 0.5, 2.0]),
)
ROWS = st.lists(st.tuples(GOOD, st.one_of(st.none(), st.integers(0, len(BAD_EVENTS) - 1))), min_size=1, max_size=40)


@settings(max_examples=60)
@given(rows=ROWS, parts=st.integers(1, 3))
def test_exactly_the_planted_rows_are_quarantined(rows: list[tuple[dict[str, Any], int | None]], parts: int) -> None:
    tables = good_tables()
    schema = tables.pop("events").schema
    events = [good if bad is None else good | BAD_EVENTS[bad][0] for good, bad in rows]
    step = -(-len(rows) // parts)
    chunks = {f"part-{n}": pl.DataFrame(events[n * step : (n + 1) * step], schema=schema) for n in range(parts)}
    expected = {
        (f"events/part-{n // step}.parquet", n % step, BAD_EVENTS[bad][1])
        for n, (_, bad) in enumerate(rows)
        if bad is not None
    }
    settings_ = config(
        edges=[edge | {"table": "events/*.parquet"} for edge in config().model_dump()["edges"][:2]],
        quality={"max_bad_fraction": 1.0},
    )
    with TemporaryDirectory() as folder:
        write(Path(folder), tables)
        write(Path(folder) / "events", chunks)
        loaded = load(Path(folder), settings_)
    assert set(loaded.quarantine.select("file", "row", "rule").iter_rows()) == expected
    check_counts(loaded)
    distinct = {tuple(good.values()) for good, bad in rows if bad is None}
    assert sum(edges.frame.height for edges in loaded.tables.edges) == len(distinct)


@settings(max_examples=40)
@given(content=st.binary(max_size=200), suffix=st.sampled_from(["csv", "jsonl", "parquet"]))
def test_any_bytes_give_tables_or_one_line(content: bytes, suffix: str) -> None:
    nodes = {"user": {"table": f"users.{suffix}", "id": "id"}}
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"users.{suffix}"
        head = {"csv": b"id,text\n", "jsonl": b'{"id": "a"}\n', "parquet": b"PAR1"}[suffix]
        path.write_bytes(head + content)
        try:
            loaded = load(Path(folder), config(nodes=nodes, edges=[], quality={"max_bad_fraction": 1.0}))
        except GraphrecError as error:
            message = str(error)
        else:
            message = ""
            check_counts(loaded)
    assert "\n" not in message
