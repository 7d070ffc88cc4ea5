"""Which sweeps are tried: none twice, none that the horizon has no room for."""

from dataclasses import replace

import pytest

from sweepml.config.frontier import FrontierConfig, GridConfig
from sweepml.errors import ConfigError
from sweepml.tasks.frontier.cells import make_cells

CONFIG = FrontierConfig(grid=GridConfig([2, 100], [10, 20, 80, 160], [0.0, 1.0], 4))


def test_the_horizon_cuts_and_what_it_makes_equal_is_tried_once() -> None:
    cells = make_cells(CONFIG)
    assert [one.size for one in cells if one.rate_per_hour == 2 and one.success_share == 0] == [10, 20, 48]
    assert [one.size for one in cells if one.rate_per_hour == 100 and one.success_share == 0] == [10, 20, 80, 160]
    assert len(set(cells)) == len(cells) == 14
    hour = make_cells(replace(CONFIG, horizon_s=3600))
    assert [one.size for one in hour if one.rate_per_hour == 100 and one.success_share == 1] == [10, 20, 80, 100]
    assert all(one.duration_s <= 3600 for one in hour)


def test_what_cannot_be_tried_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"grid\.sizes is empty"):
        make_cells(replace(CONFIG, grid=replace(CONFIG.grid, sizes=[])))
    with pytest.raises(ConfigError, match=r"grid\.trials must be at least 1, got 0"):
        make_cells(replace(CONFIG, grid=replace(CONFIG.grid, trials=0)))
    with pytest.raises(ConfigError, match="company must be at least 1, got 0"):
        make_cells(replace(CONFIG, company=0))
    with pytest.raises(ConfigError, match="rate_per_hour must be above 0"):
        make_cells(replace(CONFIG, grid=replace(CONFIG.grid, rates_per_hour=[-1])))
