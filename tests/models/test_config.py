import pytest

from graphrec.errors import ConfigError
from graphrec.models.config import ModelConfig, TrainingConfig


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dim": 0}, r"ModelConfig.dim must be greater than or equal to 1 \(got 0\)"),
        ({"temperature": 0}, "ModelConfig.temperature must be greater than 0"),
        ({"negative": 3}, "did you mean 'negatives'"),
        ({"loss": "hinge"}, "ModelConfig.loss must be 'softmax', 'max_margin', 'bpr' or 'logistic'"),
        ({"blocks": ["sound"]}, r"ModelConfig.blocks.0 must be 'text', 'image' or 'columns' \(got 'sound'\)"),
        ({"blocks": ["text", "text"]}, r"ModelConfig.blocks: must name each block once"),
    ],
)
def test_a_wrong_model_setting_raises(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ModelConfig.parse(values)


def test_a_wrong_training_setting_raises() -> None:
    with pytest.raises(ConfigError, match=r"TrainingConfig\.hidden_share must be less than 1"):
        TrainingConfig.parse({"hidden_share": 1})
