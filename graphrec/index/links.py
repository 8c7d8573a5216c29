"""hnswlib's own file as arrays over its bytes: where the vectors, rows and links of the graph lie.

The file (hnswalg.h, ``saveIndex``, 0.8.0) is a head of 96 bytes, an element per vector (number of links, links of the
lowest layer, vector, label), and per element the links of the layers above. Nothing is copied: a file that is
memory-mapped is shared by all processes that search it, and open at once.
"""

import struct
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from graphrec.arrays import IntVector, RowVector
from graphrec.errors import ArtifactError
from graphrec.index.files import Stored

HEAD = 96


class Links(NamedTuple):
    """The graph of a file that was checked: every link leads to an element."""

    base: RowVector
    """The elements as whole numbers, int32 ``[count * (3 + links + dim)]``; vectors are the same bytes as float32."""
    above: RowVector
    """Links of the layers above, layer by layer, each with its number first, int32."""
    raised: IntVector
    """Elements that are on layers above, ascending, int64."""
    raised_at: IntVector
    """Where in ``above`` the links of each begin, int64."""
    links: int
    """Room for links of an element on the lowest layer; above there is half of it."""
    top: int
    """The highest layer."""
    entry: int
    """The element that a search begins with."""


def read_links(raw: npt.NDArray[np.uint8], stored: Stored) -> Links:
    """Return the graph in the bytes of a file.

    Args:
        raw: The whole file, uint8.
        stored: What its record says.

    Raises:
        ArtifactError: If the file is of another index than its record, is cut, or a link leads out of it.
    """
    if len(raw) < HEAD or len(raw) % 4:
        raise ArtifactError(f"{stored.file} must be an hnswlib index (got {len(raw)} bytes); build the index again")
    head = raw[:HEAD].tobytes()
    _, capacity, count, width, label, vector = struct.unpack_from("<6Q", head)
    top, entry, max_links, links, _ = struct.unpack_from("<iI3Q", head, 48)
    for field, value in (("dim", (label - vector) // 4), ("count", count), ("max_links", max_links)):
        _expect(stored, field, value, getattr(stored, field))
    _expect(stored, "links", links, 2 * max_links)
    _expect(stored, "element_bytes", width, 4 * (3 + links + stored.dim))
    if capacity < count:
        _refuse(stored, "capacity", capacity, f"be at least {count}")
    numbers = raw[HEAD:].view(np.int32)
    size = count * width // 4
    if len(numbers) < size or (count and not (0 <= entry < count and 0 <= top <= count)):
        _refuse(stored, "bytes", len(raw), f"hold {count} elements and an entry among them")
    base, above = numbers[:size], numbers[size:]
    layers, raised, raised_at = _layers(above, count, links)
    if (count and layers[entry] != top) or not _sound(base, above, layers, raised, raised_at, width // 4, links):
        _refuse(stored, "links", "others", "all lead to its elements")
    return Links(base, above, raised, raised_at, links, top, entry)


def _expect(stored: Stored, field: str, value: int, wanted: int) -> None:
    if value != wanted:
        _refuse(stored, field, value, f"be {wanted}")


def _refuse(stored: Stored, field: str, value: object, rule: str) -> None:
    raise ArtifactError(f"{stored.file}.{field} must {rule} (got {value}); build the index again")


@numba.njit(cache=True, nogil=True)
def _layers(above: RowVector, count: int, links: int) -> tuple[RowVector, IntVector, IntVector]:
    """Return each one's highest layer (-1 where the file makes no sense), who is raised, and where its links begin."""
    layers, places = np.full(count, -1, np.int32), np.zeros(count, np.int64)
    room, at = 4 * (1 + links // 2), 0
    for one in range(count):
        if at >= len(above):
            break
        size = above[at]
        if size < 0 or size % room or at + 1 + size // 4 > len(above):
            break
        layers[one], places[one] = size // room, at + 1
        at += 1 + size // 4
    raised = np.flatnonzero(layers > 0)
    return layers, raised, places[raised]


@numba.njit(cache=True, nogil=True)
def _sound(
    base: RowVector,
    above: RowVector,
    layers: RowVector,
    raised: IntVector,
    raised_at: IntVector,
    width: int,
    links: int,
) -> bool:
    """Tell whether every link leads to an element that is on its layer."""
    for one in range(len(layers)):
        if layers[one] < 0 or not _leads(base, one * width, links, layers, 0):
            return False
    for place in range(len(raised)):
        for layer in range(1, layers[raised[place]] + 1):
            start = raised_at[place] + (layer - 1) * (1 + links // 2)
            if not _leads(above, start, links // 2, layers, layer):
                return False
    return True


@numba.njit(cache=True, nogil=True)
def _leads(numbers: RowVector, start: int, room: int, layers: RowVector, layer: int) -> bool:
    """Tell whether the links that begin at ``start``, their number first, lead to elements on a layer."""
    count = numbers[start]
    if not 0 <= count <= room:
        return False
    for place in range(start + 1, start + 1 + count):
        if not 0 <= numbers[place] < len(layers) or layers[numbers[place]] < layer:
            return False
    return True
