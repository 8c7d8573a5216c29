"""What compiled loops share: how sums may be taken, and numbers fetched into the cache before they are read."""

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from graphrec.arrays import FloatMatrix, FloatVector, RowVector

FAST = {"reassoc", "contract", "nsz", "arcp"}
"""What compiled loops may do to sums, so that they are vectorised; NaN and infinity stay as they are."""
LINE = 16
"""Numbers of four bytes in a cache line."""
AHEAD = 4
"""Rows between the one that is read and the one that is fetched."""


def _prefetch(typing_context: Any, array: Any, place: Any) -> Any:
    """Fetch the cache line that holds ``array[place]``; ``place`` must lie within the array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        hint = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], hint)
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        read, keep, as_data = (ir.Constant(number, one) for one in (0, 3, 1))
        builder.call(function, [address, read, keep, as_data])
        return context.get_dummy_value()

    return types.none(array, place), generate


_prefetched: Any = intrinsic(_prefetch)


@numba.njit(cache=True, nogil=True)
def fetch(numbers: npt.NDArray[Any], start: int, count: int) -> None:
    """Ask for ``count`` numbers of four bytes from memory, which will be read soon; all must lie within the array."""
    for place in range(start, start + count, LINE):
        _prefetched(numbers, place)


@numba.njit(cache=True, fastmath=FAST, nogil=True)
def products(matrix: FloatMatrix, rows: RowVector, vector: FloatVector) -> FloatVector:
    """Return the inner product of some rows with a vector, float32 ``[n]``.

    Of some hundreds strewn over a matrix: fetched ahead, that takes half as long as to gather and to multiply.

    Args:
        matrix: float32 ``[num, dim]``, C order.
        rows: int32 ``[n]``.
        vector: float32 ``[dim]``.
    """
    out, numbers, dim = np.empty(len(rows), np.float32), matrix.ravel(), matrix.shape[1]
    for place in range(len(rows)):
        fetch(numbers, rows[min(place + AHEAD, len(rows) - 1)] * dim, dim)
        total = np.float32(0)
        for at in range(dim):
            total += matrix[rows[place], at] * vector[at]
        out[place] = total
    return out
