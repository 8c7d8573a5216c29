import pytest

from graphrec.errors import ConfigError
from graphrec.simulate import SimulationConfig
from graphrec.simulate.config import Preset


def test_presets_differ_in_size_and_take_changes() -> None:
    names: tuple[Preset, ...] = ("small", "default", "large")
    sizes = [SimulationConfig.preset(name, seed=7) for name in names]
    assert [one.users for one in sizes] == [200, 2_000, 140_000]
    assert {one.seed for one in sizes} == {7}


def test_unknown_preset_and_field_name_the_remedy() -> None:
    with pytest.raises(ConfigError, match="small, default, large"):
        SimulationConfig.preset("huge")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="did you mean 'users'"):
        SimulationConfig.preset("small", usres=3)


def test_window_is_whole_days_and_weeks_round_up() -> None:
    config = SimulationConfig.preset("small", days=15)
    assert config.end_s - config.start_s == 15 * 86_400
    assert config.weeks == 3
