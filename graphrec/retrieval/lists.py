"""Every user's list, made with the version: whoever asks for nothing special need not wait for it to be computed."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic_core import to_json

from graphrec.arrays import mapped
from graphrec.retrieval.rendered import rendered, told
from graphrec.retrieval.retriever import Retriever

LIST = "list"
"""Column of a frame of lists."""
CONTENT, STARTS, K = "content.bin", "starts.npy", "k.npy"


class Lists:
    """The answers of one version to its users, as JSON; memory-mapped, so that workers share them.

    Args:
        content: All lists, one behind the other, uint8 ``[bytes]``.
        starts: Where each user's begins, and where the last ends, int64 ``[users + 1]``.
        k: Length that was asked for.
    """

    def __init__(self, content: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], k: int) -> None:
        self._content, self._starts, self.k = content, starts, k

    def __len__(self) -> int:
        return len(self._starts) - 1

    def of(self, user_row: int) -> bytes:
        """Return a user's reason and candidates: a JSON object."""
        return self._content[self._starts[user_row] : self._starts[user_row + 1]].tobytes()

    @classmethod
    def open(cls, folder: Path) -> "Lists":
        """Open what :func:`save_lists` wrote."""
        size = (folder / CONTENT).stat().st_size
        content = np.asarray(np.memmap(folder / CONTENT, np.uint8, "r")) if size else np.zeros(0, np.uint8)
        return cls(content, mapped(folder / STARTS), int(np.load(folder / K, allow_pickle=False)))


def lists_of(retriever: Retriever, user_rows: Iterable[int], k: int) -> pl.DataFrame:
    """Return the lists of some users, binary ``list``, each as :meth:`Retriever.recommend` answers."""
    users = retriever.bundle.ids[retriever.bundle.settings.user_type].series
    answers = (retriever.recommend(users[row], k) for row in user_rows)
    return pl.DataFrame({LIST: [to_json(told(one.reason, rendered(one))) for one in answers]}, {LIST: pl.Binary})


def save_lists(folder: Path, parts: Iterable[pl.DataFrame], k: int) -> int:
    """Write the lists of all users, in the order of their rows, and return how many bytes they take."""
    np.save(folder / K, k)
    sizes = [np.zeros(1, np.int64)]
    with (folder / CONTENT).open("wb") as file:
        for part in parts:
            file.writelines(part[LIST])
            sizes.append(part[LIST].bin.size().to_numpy().astype(np.int64))
    starts = np.concatenate(sizes).cumsum()
    np.save(folder / STARTS, starts)
    return int(starts[-1])
