"""Which device tensors are computed on."""

from graphrec.engine.config import Device
from graphrec.errors import ConfigError


def find_device(asked: Device) -> str:
    """Return the device of this process, ``cpu`` or ``cuda``, as torch names it.

    Raises:
        ConfigError: If a GPU is asked for where torch sees none.
    """
    if asked == "cpu":  # torch need not be loaded for it
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if asked == "cuda":
        raise ConfigError(
            "runtime.device must be one that torch sees (got 'cuda', and torch sees no GPU); take runtime.device=auto, "
            "or install a torch built for CUDA and ask `graphrec doctor`"
        )
    return "cpu"
