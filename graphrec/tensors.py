"""Tensors on the device that a model is on.

Rows are drawn and gathered by the processor, as arrays; what is multiplied goes to where the weights are.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy.typing as npt
import torch
from torch import Tensor, nn

Key = TypeVar("Key")


def device_of(model: nn.Module) -> torch.device:
    """Return where a model's weights are."""
    return next(model.parameters()).device


def tensor_on(device: torch.device, array: npt.NDArray[Any]) -> Tensor:
    """Return an array as a tensor on a device; on the processor over the same memory."""
    return torch.from_numpy(array).to(device)


def moved(tensors: Mapping[Key, Tensor], device: torch.device) -> dict[Key, Tensor]:
    """Return tensors on a device; those that are there stay the same."""
    return {key: tensor.to(device) for key, tensor in tensors.items()}
