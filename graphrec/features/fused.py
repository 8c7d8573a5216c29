"""Linear layers that add their bias, and apply GELU, while their product is still in the processor's cache.

In bfloat16 torch runs the three as passes of their own over the whole batch: a fifth of MiniLM's time on a processor
with AMX, by its profile.
"""

from typing import Any

import torch
from torch import Tensor, nn

_NAMES = ("query", "key", "value", "dense")
"""Of BERT's linear layers, and of those built alike (RoBERTa, XLM-R, ELECTRA); others may read layers' weights."""


class FusedLinear(nn.Module):
    """A linear layer for inference by oneDNN, with GELU behind it if asked for.

    Args:
        linear: The layer, its weight and bias bfloat16.
        gelu: Whether exact GELU (Hendrycks and Gimpel, arXiv:1606.08415) follows.
    """

    def __init__(self, linear: nn.Linear, *, gelu: bool) -> None:
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach())
        self._bias = None if linear.bias is None else linear.bias.detach()
        self._after: tuple[str, list[Any], str] = ("gelu", [], "none") if gelu else ("none", [], "")

    def forward(self, rows: Tensor) -> Tensor:
        """Return bfloat16 ``[..., out]`` of bfloat16 ``[..., in]``."""
        out: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self._weight, self._bias, *self._after)
        return out


def fuse(module: nn.Module) -> None:
    """Replace the linear layers of a bfloat16 model of BERT's make by fused ones, in place; it can learn no more.

    Where the processor or this torch has no oneDNN for bfloat16 the model stays as it is.
    """
    if not torch.backends.mkldnn.is_available() or not torch.ops.mkldnn._is_mkldnn_bf16_supported():  # type: ignore[no-untyped-call]
        return
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and name in _NAMES:
                setattr(parent, name, FusedLinear(child, gelu=_takes_gelu(parent)))


def _takes_gelu(parent: Any) -> bool:
    """Tell whether a layer of BERT's feed-forward block applies exact GELU, and if so leave that to the product."""
    follows = getattr(parent, "intermediate_act_fn", None)
    exact = type(follows).__name__ == "GELUActivation" and getattr(follows, "act", None) is nn.functional.gelu
    if exact:
        parent.intermediate_act_fn = nn.Identity()
    return exact
