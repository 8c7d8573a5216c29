import pytest

from graphrec.errors import ConfigError
from graphrec.interests import InterestConfig


def test_defaults_are_the_papers() -> None:
    config = InterestConfig()
    assert (config.window_days, config.decay_per_day, config.served) == (90.0, 0.01, 3)
    assert config.merge_cosine == "auto"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window_days", 0), ("merge_cosine", 1.1), ("merge_cosine", "best"), ("merge_cosine", float("nan")),
        ("decay_per_day", -1), ("served", 0), ("mode", "all"), ("max_actions", 0),
    ],
)  # fmt: skip
def test_value_out_of_range_raises(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=name):
        InterestConfig.parse({name: value})
