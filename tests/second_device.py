"""A second device on any machine: the processor under another name, which refuses what a GPU refuses.

Its tensors hold numbers that the processor computes, so that results can be compared; an operation over tensors of both
devices raises, as does reading one as an array. Only indices may lie on the processor, as torch has it for GPUs.
"""

from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

ELSEWHERE = "elsewhere"
ATEN = torch.ops.aten
MOVES = (ATEN._to_copy.default, ATEN.copy_.default)
INDEXES = (ATEN.index.Tensor, ATEN.index_put.default, ATEN.index_put_.default, ATEN._index_put_impl_.default)


class Away(torch.Tensor):
    """A tensor of the second device."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls: type["Away"], held: torch.Tensor) -> "Away":
        """Wrap what the processor computed."""
        make: Any = torch.Tensor._make_wrapper_subclass
        out: Away = make(cls, held.size(), strides=held.stride(), dtype=held.dtype, device=f"{ELSEWHERE}:0")
        out.held = held
        return out

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        """Run an operation that has a tensor of the second device among its arguments."""
        return _run(func, *args, **(kwargs or {}))


def _run(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Run an operation on the processor, and give back tensors of the device that a GPU would leave them on."""
    flat = pytree.tree_leaves((args, kwargs))
    tensors = [one for one in flat if isinstance(one, torch.Tensor)]
    if func not in MOVES:
        met = tensors[:1] if func in INDEXES else tensors
        if len({one.device.type for one in met if one.dim()}) > 1:
            raise RuntimeError(f"{func}: expected all tensors to be on the same device")
    asked = kwargs.get("device")
    away = torch.device(asked).type == ELSEWHERE if asked is not None else any(isinstance(one, Away) for one in tensors)
    if func is ATEN.copy_.default:
        away = isinstance(tensors[0], Away)
    args, kwargs = pytree.tree_map(_here, (args, kwargs))
    same = {id(one.held): one for one in flat if isinstance(one, Away)}  # what is changed in place stays as it is
    with torch.inference_mode(mode=False), torch.no_grad():  # no view of an inference tensor can be wrapped
        out = func(*args, **kwargs)
        return pytree.tree_map(lambda one: _there(one, same) if away else one, out)


def _here(value: Any) -> Any:
    if isinstance(value, torch.device):
        return torch.device("cpu")
    return value.held if isinstance(value, Away) else value


def _there(value: Any, same: dict[int, Away]) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return same[id(value)] if id(value) in same else Away(value)


class _Module(_DummyBackendModule):
    """What ``torch.elsewhere`` is."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        """Return what autocast may compute in."""
        return [torch.bfloat16]


_setup_privateuseone_for_python_backend(ELSEWHERE, _Module())
LIBRARY: Any = torch.library.Library("_", "IMPL")  # type: ignore[no-untyped-call]
LIBRARY.fallback(_run, "PrivateUse1")  # where tensors are made on it, no argument is one yet
