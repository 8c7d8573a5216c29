import pytest

from graphrec.errors import ConfigError
from graphrec.models.config.pinsage import PinSageConfig


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dim": 0}, r"PinSageConfig.dim must be greater than or equal to 1 \(got 0\)"),
        ({"temperature": 0}, "PinSageConfig.temperature must be greater than 0"),
        ({"negative": 3}, "did you mean 'negatives'"),
        ({"loss": "hinge"}, "PinSageConfig.loss must be 'softmax', 'max_margin', 'bpr' or 'logistic'"),
        ({"blocks": ["sound"]}, r"PinSageConfig.blocks.0 must be 'text', 'image' or 'columns' \(got 'sound'\)"),
        ({"blocks": ["text", "text"]}, r"PinSageConfig.blocks: must name each block once"),
        ({"svd_start": True}, r"svd_start must go with id_vectors, which it starts \(got id_vectors: false\)"),
        (
            {"popularity_bias": True},
            r"popularity_bias must go with positives: \{past: 1\} \(got next_action, actions\)",
        ),
        ({"positives": {"past": 1, "actions": 1}}, r"positives must be \['past'\] with positives: \{past: 1\}"),
        ({"positives": {"actions": 0}}, r"PinSageConfig.positives.actions must be greater than 0 \(got 0\)"),
        ({"positives": {"past": 0.3}}, r"positives.past must be 1 with positives: \{past: 1\} \(got 0.3\)"),
        ({"hard_negatives": {"band": [0.05, 0.005]}}, r"hard_negatives.band: must hold two rising fractions"),
        ({"hard_negatives": {"band": [0, 5]}}, r"hard_negatives.band: must hold two rising fractions"),
        ({"positives": {"past": 1}, "loss": "bpr"}, r"loss must be softmax .* \(got bpr\); leave it out"),
        ({"positives": {"past": 1}, "negative_power": 1}, r"negative_power must be 0 .* \(got 1.0\); leave it out"),
        ({"positives": {"past": 1}, "log_q": True}, r"log_q must be False .* \(got True\); leave it out"),
        (
            {"positives": {"past": 1}, "hard_negatives": {"max_per_positive": 2}},
            r"hard_negatives.max_per_positive must be 0 .* \(got 2\); leave it out",
        ),
    ],
)
def test_a_wrong_model_setting_raises(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PinSageConfig.parse(values)


def test_the_past_draws_negatives_alike_and_comes_back_from_its_own_values() -> None:
    config = PinSageConfig.parse({"positives": {"past": 1}})
    assert (config.negative_power, config.hard_negatives.max_per_positive) == (0, 0)
    assert PinSageConfig.parse(config.model_dump(mode="json")) == config
