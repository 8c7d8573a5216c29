"""Linear layers whose bias and GELU are applied with the product, beside the layers as they came."""

from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModel

from graphrec.features.config import TextConfig
from graphrec.features.fused import FusedLinear, fuse
from graphrec.features.transformer import Transformer
from graphrec.features.weights import find_weights

pytestmark = pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="this processor computes no bfloat16 by oneDNN"
)


@pytest.mark.parametrize("gelu", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_a_layer_answers_as_the_three_passes_do(gelu: bool, bias: bool) -> None:
    torch.manual_seed(0)
    linear = nn.Linear(24, 40, bias=bias).bfloat16()
    rows = torch.randn(3, 7, 24).bfloat16()
    plain = linear(rows).float()
    expected = nn.functional.gelu(plain) if gelu else plain
    with torch.inference_mode():
        found = FusedLinear(linear, gelu=gelu)(rows)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, atol=0.02, rtol=0.02)


def test_a_model_of_berts_make_is_fused_and_means_the_same(tiny_bert: Path) -> None:
    model = AutoModel.from_pretrained(tiny_bert, local_files_only=True, dtype=torch.bfloat16).eval()
    ids = torch.arange(5, 13)[None]
    with torch.inference_mode():
        plain = model(input_ids=ids).last_hidden_state.float()
        fuse(model)
        found = model(input_ids=ids).last_hidden_state.float()
    layer = model.encoder.layer[0]
    assert isinstance(layer.intermediate.dense, FusedLinear)
    assert isinstance(layer.intermediate.intermediate_act_fn, nn.Identity)  # else GELU would come twice
    assert not any(isinstance(one, nn.Linear) for one in model.encoder.modules())
    torch.testing.assert_close(found, plain, atol=0.1, rtol=0.05)


def test_layers_of_other_names_and_another_activation_stay() -> None:
    other = nn.ModuleDict({"wi": nn.Linear(4, 4), "dense": nn.Linear(4, 4)}).bfloat16()
    other.intermediate_act_fn = nn.ReLU()
    fuse(other)
    assert isinstance(other["wi"], nn.Linear)
    assert isinstance(other["dense"], FusedLinear)
    assert isinstance(other.intermediate_act_fn, nn.ReLU)


def test_float32_is_left_alone(tiny_bert: Path) -> None:
    config = TextConfig.parse({"model": str(tiny_bert), "max_tokens": 12, "precision": "float32"})
    assert isinstance(Transformer(find_weights(config), config).module.encoder.layer[0].intermediate.dense, nn.Linear)
