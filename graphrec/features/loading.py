"""How transformers loads a folder here: from this machine alone, silently, on as many threads as were given."""

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Refuse every request to the hub while a folder is read; the setting of the process comes back after."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide transformers' own progress bar and remarks while weights load; what matters of them is checked here."""
    from transformers.utils import logging as transformers_logging

    told: Any = transformers_logging  # untyped
    bar, verbosity = told.is_progress_bar_enabled(), told.get_verbosity()
    told.disable_progress_bar()
    told.set_verbosity_error()
    try:
        yield
    finally:
        told.set_verbosity(verbosity)
        if bar:
            told.enable_progress_bar()


@contextlib.contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Let torch use ``threads`` threads inside the block."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
