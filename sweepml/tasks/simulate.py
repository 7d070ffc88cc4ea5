"""Simulation: a configuration in, a log with its ground truth out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sweepml.config.simulate import SimulateConfig
from sweepml.errors import ConfigError
from sweepml.origins.values import timestamp_us
from sweepml.simulation.log_files import check_log_name
from sweepml.simulation.network import NetworkPlan
from sweepml.simulation.simulate import Simulation
from sweepml.simulation.simulate import simulate as simulate_network
from sweepml.simulation.truth import beside, write_episodes, write_roles
from sweepml.tasks.inject import sweep_options

_US_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class SimulatedLog:
    """A finished simulation.

    Attributes
    ----------
    log, episodes, roles
        The files that were written.
    simulation
        What was done.
    """

    log: Path
    episodes: Path
    roles: Path
    simulation: Simulation


def simulate(config: SimulateConfig) -> SimulatedLog:
    """Write the log of a made-up network, and beside it its episodes and roles files.

    Raises
    ------
    ConfigError
        If a setting is out of range.
    """
    output = check_log_name(config.output)
    plan = network_plan(config)
    options = sweep_options(config.sweeps)
    simulation = simulate_network(plan, output, config.sweeps.count, options)
    episodes, roles = beside(output, "episodes"), beside(output, "roles")
    write_episodes(episodes, simulation.episodes)
    write_roles(roles, simulation.roles)
    return SimulatedLog(output, episodes, roles, simulation)


def network_plan(config: SimulateConfig) -> NetworkPlan:
    """Return the plan that a configuration describes.

    Raises
    ------
    ConfigError
        If the start is no time, or a number is out of range.
    """
    try:
        begin_us = timestamp_us(config.start)
    except ValueError:
        raise ConfigError(f"start is a time such as 2026-01-05T08:00:00Z, got {config.start!r}") from None
    if not 0 < config.hours <= 24 * 366:
        raise ConfigError(f"hours must lie between 0 and 8,784 (a year), got {config.hours:g}")
    return NetworkPlan(
        config.seed, config.hosts, begin_us, begin_us + round(config.hours * _US_PER_HOUR), config.dual_stack
    )
