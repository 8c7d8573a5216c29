import pytest

from graphrec.errors import ConfigError
from graphrec.training.config import TrainingConfig


def test_a_wrong_training_setting_raises() -> None:
    with pytest.raises(ConfigError, match=r"TrainingConfig\.hidden_share must be less than 1"):
        TrainingConfig.parse({"hidden_share": 1})
