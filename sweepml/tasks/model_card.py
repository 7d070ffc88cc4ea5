"""A detector's model card: what it is for, what it learned from, how good it is and what it cannot do."""

from __future__ import annotations

from collections.abc import Iterable

from sweepml.runtime.bundle import Bundle
from sweepml.tasks.train import TrainResult, render

_HEAD = """\
# The default detector

<!-- Written by `python -m sweepml.cli.default_detector`: change sweepml/tasks/model_card.py. -->

The bundle that `sweepml score LOG...` uses where no other is named. It is meant for a first look at a network of your
own, and as a baseline; a detector that was trained or calibrated on your own traffic (`sweepml train`,
`sweepml calibrate`) knows it better.

## What it says

That a source sweeps: that it probes one port, or a few, on many hosts. It says nothing about what for. Inventories,
vulnerability scanners, monitors and patch management sweep, too; whoever runs them should be on an allowlist with an
expiry date. It judges sources that contact at least {min_dst_count} hosts within one of its windows ({windows}), by
{features} features of which none is an address, a port number or a time of day.

## What it learned from

    python -m sweepml.cli.default_detector

writes it again: {model}, features of schema `{schema}`, bundle id `{bundle_id}`, made {created}. Sweeps are the
laboratory's, a few of published captures, those injected into copies of published traffic (`_any`: all scanners,
`_slow`: slow ones) and those of a made-up network.

| capture | connections | hours | sweeps | caught | false sources |
|---|---|---|---|---|---|
"""

_FIGURES = """
{sweeps} episodes in all; what was caught and false is explained below. Published captures are not part of the
repository (data/README.md).

## How good it is

Every episode and every benign source was judged by a model that had seen neither it nor its copies (five folds by
groups of sources); calibration and thresholds of each fold come from the other folds. The networks themselves were
seen: docs/transfer.md is about networks that were not, docs/frontier.md about how slow and small a sweep it catches.

```
{table}
```

## What it cannot do

- Vouch for its false-alarm rate: {exposure:.0f} source-days of traffic without a false alert would prove no less than
  {lowest:.0f} a day per 1,000 sources. The thresholds are those of a budget of {budget:g} on what there was.
- Tell a sweep in which nearly every probe succeeds, at the pace of a person, from a busy client (docs/frontier.md).
- See a source that hides behind a NAT gateway or a proxy: what it sees is the gateway.
- Judge networks of a kind that it never met. Watch it for a week before you let it wake anybody up.
"""


def render_card(result: TrainResult) -> str:
    """Return the card of a trained detector as Markdown."""
    manifest = Bundle(result.bundle_path).manifest
    captures = manifest.training["captures"]
    head = _HEAD.format(
        min_dst_count=manifest.min_dst_count,
        windows=", ".join(f"{length_s:,} s" for length_s, _ in manifest.windows),
        features=len(manifest.features),
        model=str(manifest.model["name"]).replace("_", " "),
        schema=manifest.feature_schema,
        bundle_id=result.bundle_id,
        created=manifest.created[:10],
    )
    whole = result.evaluations[0].model
    rows = "".join(
        f"| {one['name']} | {one['connections']:,} | {one['span_s'] / 3600:.1f} | {one['sweep_episodes']} "
        f"| {_of_capture(whole.caught, one['name'])} | {_of_capture(whole.false_sources, one['name'])} |\n"
        for one in captures
    )
    return (
        head
        + rows
        + _FIGURES.format(
            sweeps=sum(one["sweep_episodes"] for one in captures),
            table=render(result.evaluations[:1], result.choice),
            exposure=result.choice.exposure.source_days,
            lowest=result.choice.lowest_verifiable_rate,
            budget=result.choice.budget.per_day_per_1000,
        )
    )


def _of_capture(pairs: Iterable[tuple[str, str]], capture: str) -> int:
    return sum(name == capture for name, _ in pairs)
