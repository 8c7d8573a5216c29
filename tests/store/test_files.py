import errno
import os
from pathlib import Path

import pytest

from graphrec.errors import ArtifactError, StoreWriteError
from graphrec.store.files import Draft, Lease, files_below, storage_errors, sweep, write_if_absent, write_over


def test_write_if_absent_keeps_the_first(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "name"
    assert write_if_absent(target, b"one", "t") is True
    assert write_if_absent(target, b"two", "t") is False
    assert target.read_bytes() == b"one"
    write_over(target, b"three", "t")
    assert target.read_bytes() == b"three"
    assert list(target.parent.iterdir()) == [target]


def test_a_link_whose_answer_was_lost_is_known_as_ours(tmp_path: Path) -> None:
    with Draft(tmp_path) as draft:
        draft.folder.mkdir()
        os.link(draft.path, tmp_path / "final")
        assert draft.create(tmp_path / "final") is True
    assert draft.folder.is_dir()
    assert not draft.path.exists()


def test_only_dead_drafts_are_swept(tmp_path: Path) -> None:
    alive = Draft(tmp_path)
    alive.folder.mkdir()
    for name in ("attempt-dead", "attempt-committed"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.draft").touch()
    os.link(tmp_path / "attempt-committed.draft", tmp_path / "final")
    assert sweep(tmp_path, "final") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["attempt-committed", "final", alive.path.name, alive.folder.name]
    )


def test_a_lease_keeps_writers_out_and_readers_in(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    reader = Lease(path, exclusive=False)
    assert Lease(path, exclusive=False).read() == b"content"
    with pytest.raises(BlockingIOError):
        Lease(path, exclusive=True, wait=False)
    reader.close()
    reader.close()
    Lease(path, exclusive=True, wait=False).close()


def test_links_and_pipes_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").touch()
    assert list(files_below(tmp_path)) == ["a/file"]
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(ArtifactError, match=r"plain files \(got link\)"):
        files_below(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
def test_errors_of_the_disk_are_typed(tmp_path: Path, number: int) -> None:
    with pytest.raises(StoreWriteError, match="nothing was published: free some space"), storage_errors(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "file"))


def test_errors_of_something_else_pass(tmp_path: Path) -> None:
    for error in (OSError(errno.EACCES, "denied", "/elsewhere/input"), FileNotFoundError(errno.ENOENT, "none")):
        with pytest.raises(type(error)) as raised, storage_errors(tmp_path):
            raise error
        assert raised.value is error
