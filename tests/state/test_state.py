from graphrec.state import Event, Known


def liked(name: str) -> Event:
    return Event(name, "ada", f"flit {name}", "like", 1000)


def test_equal_knowledge_has_one_stamp_and_any_change_another() -> None:
    known = Known((liked("a"), liked("b")), {"f": 0.0, "g": 2.0})
    assert known.stamp == Known((liked("a"), liked("b")), {"g": 2.0, "f": 0.0}).stamp
    others = [
        Known((liked("b"), liked("a")), known.wishes), Known((liked("a"),), known.wishes),
        Known(known.events, {"f": 1.0, "g": 2.0}), Known(known.events), Known(), Known(forgotten=True),
    ]  # fmt: skip
    assert len({known.stamp, *(one.stamp for one in others)}) == 1 + len(others)
