"""A hint to the processor: these numbers will be read soon."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _prefetch(typing_context: Any, array: Any, place: Any) -> Any:
    """Fetch the cache line that holds ``array[place]``, for compiled loops; ``place`` must lie within the array."""

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


prefetch: Any = intrinsic(_prefetch)
