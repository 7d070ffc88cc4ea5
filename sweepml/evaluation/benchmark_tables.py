"""The tables that a benchmark gives: every column declared once, and all of them as Parquet in a folder.

A *contestant* is what is judged, at one operating point. An *arena* is one set of captures with one protocol of
training and testing. A *scenario* is one sweep episode, ``capture/episode_id``, an id that never changes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa

from sweepml.errors import InputError, InputMissingError, did_you_mean
from sweepml.evaluation.table_schema import TableSchema
from sweepml.schema.connection import Column

PRECISION_DEPTHS: Final = (10, 20, 50)
"""k of precision at k. Chosen, not tuned: what a person reads in an hour, a morning and a day."""
BASE_RATES: Final = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4}
"""Name in a column -> share of source-days that hold a sweep. Chosen, not tuned."""


def _text(name: str, definition: str) -> Column:
    return Column(name, "string", "text", definition)


def _count(name: str, unit: str, definition: str) -> Column:
    return Column(name, "int64", unit, definition)


def _real(name: str, unit: str, definition: str) -> Column:
    return Column(name, "float64", unit, definition)


def _flag(name: str, definition: str) -> Column:
    return Column(name, "bool", "yes or no", definition)


def _interval(name: str, unit: str, method: str) -> tuple[Column, Column]:
    return (
        _real(f"{name}_low", unit, f"lower end of the 95 % interval of {name}: {method}"),
        _real(f"{name}_high", unit, f"upper end of the 95 % interval of {name}: {method}"),
    )


_ARENA: Final = _text("arena", "id of the arena")
_CONTESTANT: Final = _text("contestant", "id of the contestant")
_WHO: Final = (_ARENA, _CONTESTANT)
_EPISODES: Final = "bootstrap over episodes, Wilson where all agree"
_SOURCES: Final = "bootstrap over sources, Wilson where all agree"
_RATE: Final = "false alerts per day per 1,000 sources"

CONTESTANTS: Final = TableSchema(
    "contestants",
    "one contestant: a model, a rule, a bundle or foreign alerts at one operating point",
    (
        _text("contestant", "id, such as random_walk or random_walk@budget"),
        _text("title", "what reports call it"),
        _text("kind", "model, rule, bundle or alerts"),
        _text(
            "operating_point", "shipped: as it comes; budget: threshold tuned on validation data to the alert budget"
        ),
        _text("threshold", "the threshold or thresholds, readable; empty where there is none to show"),
        _text("note", "what a reader must know, or empty"),
    ),
    ("contestant",),
)

ARENAS: Final = TableSchema(
    "arenas",
    "one arena: a set of captures and a protocol of training and testing",
    (
        _ARENA,
        _text("title", "what reports call it"),
        _text("protocol", "how training and testing were kept apart"),
        _text("captures", "names of the captures that were tested on, comma separated"),
        _real("source_days", "days", "time watched, summed over sources"),
        _real("span_s", "s", "summed length of the captures"),
        _count("source_count", "sources", "sources over all captures"),
        _count("episode_count", "episodes", "sweep episodes, the number of independent ones"),
        _flag("is_control", "whether no capture holds a sweep, so that every alert is false"),
    ),
    ("arena",),
)

ALERTS: Final = TableSchema(
    "alerts",
    "one alert of a contestant at its operating point, as judged",
    (
        *_WHO,
        _text("capture", "name of the capture"),
        _text("source", "address, or name of the identity, that the alert is about"),
        _text("role", "role of the source; the kind of its attack where it has no role but one, else unknown"),
        _count("detected_us", "us since 1970 UTC", "when the alert could be raised"),
        _count("since_us", "us since 1970 UTC", "start of the evidence"),
        _count("horizon_s", "s", "length of the judged window, 0 where the detector has none"),
        _real("score", "own", "higher is more suspicious; comparable within one contestant only"),
        _flag("is_true", "whether it is about a sweep episode of its source"),
        _text("kind", "empty if true, else background, outside_episode or the kind of another attack that it is about"),
        _text("scenarios", "scenarios that it is about, comma separated"),
        _flag("merged_into", "whether an earlier alert stands for it: it is not the first of its finding"),
        _text("ports", "protocol/port (destinations) in the evidence, most first; empty where merged_into"),
        _count("dst_count", "destinations", "distinct destinations in the evidence; -1 where merged_into"),
        _count("answered", "edges", "edges in the evidence that were answered; -1 where merged_into"),
        _count("refused", "edges", "edges that were refused; -1 where merged_into"),
        _count("unanswered", "edges", "edges that nobody answered; -1 where merged_into"),
        _count("blocked", "edges", "edges that something on the way rejected; -1 where merged_into"),
        _count("unknown", "edges", "edges of whose outcome the log says nothing; -1 where merged_into"),
        _text("suppressed_by", "allowlist entry that would suppress it, or empty"),
    ),
)

EPISODES: Final = TableSchema(
    "episodes",
    "one scenario before one contestant",
    (
        *_WHO,
        _text("scenario", "capture/episode_id, a permanent id"),
        _text("capture", "name of the capture"),
        _text("episode_id", "id within the capture"),
        _text("kind", "sweep or distributed_sweep"),
        _text("tool", "what swept, as the episodes file says, or unknown"),
        _text("scope", "internal, public or mixed: where the targets are; unknown where no record is labelled"),
        _text("protocol", "protocols, joined by +"),
        _text("ports", "protocol/port (destinations), most first"),
        _count("port_count", "services", "distinct services probed"),
        _count("source_count", "sources", "sources that took part"),
        _count("target_count", "destinations", "distinct destinations of the episode's records"),
        _real("rate_per_s", "1/s", "new targets a second over the episode; NaN where it lasts no time"),
        _real("success_share", "share", "answered edges of those whose outcome is known; NaN where none is"),
        _real("duration_s", "s", "from the first to the last probe, of whichever source"),
        _flag("caught", "whether any of its sources had an alert about it"),
        _real("delay_s", "s", "from the first probe to the first alert; NaN if missed"),
        _real("targets_touched", "destinations", "touched by the alerted source before the alert; NaN if missed"),
        _text("alert_source", "source of the first alert; empty if missed"),
    ),
    ("arena", "contestant", "scenario"),
)

STRATA: Final = TableSchema(
    "strata",
    "recall of one contestant over the episodes of one kind",
    (
        *_WHO,
        _text("dimension", "scope, rate, size, success, protocol, tool, role, ports, sources or evasion"),
        _text("stratum", "the bin or the value"),
        _count("episode_count", "episodes", "episodes in the stratum"),
        _count("caught", "episodes", "of these, caught"),
        _real("recall", "share", "caught of all"),
        *_interval("recall", "share", "Wilson"),
    ),
    ("arena", "contestant", "dimension", "stratum"),
)

SUMMARY: Final = TableSchema(
    "summary",
    "one contestant in one arena, in one line",
    (
        *_WHO,
        _count("episode_count", "episodes", "sweep episodes"),
        _count("caught", "episodes", "episodes with an alert about them"),
        _real("recall", "share", "caught of all; NaN where there is no episode"),
        *_interval("recall", "share", _EPISODES),
        _count("true_alerts", "findings", "distinct (episode, source) with an alert"),
        _real("precision", "share", "right findings of all; NaN where nothing was raised"),
        *_interval("precision", "share", _SOURCES),
        _count("false_alerts", "findings", "wrong findings, after merging those of one source that follow closely"),
        _count("false_sources", "sources", "sources with a wrong finding"),
        _real("false_rate", "1/(day 1000 sources)", f"{_RATE}; NaN where nothing was watched"),
        *_interval(
            "false_rate", "1/(day 1000 sources)", "bootstrap over sources; 0 to the one-sided Poisson bound where none"
        ),
        *(
            column
            for k in PRECISION_DEPTHS
            for column in (
                _real(
                    f"precision_at_{k}", "share", f"right ones of the {k} findings of highest score, of all if fewer"
                ),
                *_interval(f"precision_at_{k}", "share", _SOURCES),
            )
        ),
        _real(
            "average_precision",
            "share",
            "over findings by falling score; every (episode, source) without a finding counts as never found",
        ),
        *_interval("average_precision", "share", "bootstrap over sources"),
        _real("median_delay_s", "s", "Kaplan-Meier median; NaN where fewer than half are ever caught"),
        *_interval("median_delay_s", "s", "from the curve's log-log interval; NaN at an end that is not reached"),
        _real("median_targets", "destinations", "Kaplan-Meier median of the targets touched before the alert"),
        *_interval("median_targets", "destinations", "from the curve's log-log interval; NaN at an end not reached"),
        *(
            column
            for name in BASE_RATES
            for column in (
                _real(
                    f"precision_at_{name}", "share", f"of a source-day verdict when {name} of source-days hold a sweep"
                ),
                *_interval(f"precision_at_{name}", "share", "from the worse and better ends of recall and false_rate"),
            )
        ),
    ),
    ("arena", "contestant"),
)

SEEDS: Final = TableSchema(
    "seeds",
    "one model in one arena with one seed of folds and model",
    (
        *_WHO,
        _count("seed", "number", "of folds and model"),
        _count("episode_count", "episodes", "sweep episodes"),
        _count("caught", "episodes", "episodes with an alert about them"),
        _real("recall", "share", "caught of all; NaN where there is no episode"),
        _count("false_alerts", "findings", "wrong findings, after merging those of one source that follow closely"),
        _count("false_sources", "sources", "sources with a wrong finding"),
        _text("missed", "scenarios that were not caught, comma separated, sorted"),
    ),
    ("arena", "contestant", "seed"),
)

SURVIVAL: Final = TableSchema(
    "survival",
    "one step of a contestant's Kaplan-Meier curve of episodes not yet detected",
    (
        *_WHO,
        _text("axis", "seconds since the first probe, or targets touched"),
        _real("at", "s or destinations", "where the curve stands; it holds until the next row"),
        _real("undetected", "share", "episodes not yet detected, those that end undetected being censored there"),
        _real("low", "share", "lower end of the 95 % interval: Greenwood, on the log-log scale"),
        _real("high", "share", "upper end"),
        _count("at_risk", "episodes", "still going on and not detected just before"),
        _count("events", "episodes", "detected here"),
        _count("censored", "episodes", "that ended undetected here"),
    ),
    ("arena", "contestant", "axis", "at"),
)

ROLES: Final = TableSchema(
    "roles",
    "false alerts of one contestant on the sources of one role",
    (
        *_WHO,
        _text("role", "as in the table of alerts"),
        _count("source_count", "sources", "sources of that role"),
        _real("source_days", "days", "time watched, summed over them"),
        _count("false_alerts", "findings", "wrong findings on them"),
        _count("false_sources", "sources", "of them, with a wrong finding"),
        _real("false_rate", "1/(day 1000 sources)", f"{_RATE}; NaN where nothing was watched"),
        _real("false_rate_high", "1/(day 1000 sources)", "one-sided 95 % Poisson bound"),
    ),
    ("arena", "contestant", "role"),
)

BUDGET_CURVE: Final = TableSchema(
    "budget_curve",
    "what one contestant would do at one threshold: recall against the alert budget",
    (
        *_WHO,
        _real("threshold", "own", "in the contestant's own unit, the same for all horizons"),
        _count("false_alerts", "findings", "wrong findings at it"),
        _real("false_rate", "1/(day 1000 sources)", _RATE),
        _real("recall", "share", "episodes caught at it"),
        *_interval("recall", "share", "Wilson"),
    ),
    ("arena", "contestant", "threshold"),
)

CALIBRATION: Final = TableSchema(
    "calibration",
    "labelled rows of a model whose score lies in one bin",
    (
        *_WHO,
        _real("bin_low", "score", "lower end, inclusive"),
        _real("bin_high", "score", "upper end, exclusive but for 1"),
        _real("mean_score", "score", "mean of the scores"),
        _real("observed", "share", "rows that hold a sweep"),
        *_interval("observed", "share", _SOURCES),
        _count("count", "rows", "labelled rows in the bin"),
    ),
    ("arena", "contestant", "bin_low"),
)

PR: Final = TableSchema(
    "pr",
    "episode recall against alert precision of one contestant at one threshold",
    (
        *_WHO,
        _real("threshold", "own", "in the contestant's own unit, the same for all horizons"),
        _real("recall", "share", "episodes caught"),
        _real("precision", "share", "right findings of all"),
    ),
    ("arena", "contestant", "threshold"),
)

WINDOWS: Final = TableSchema(
    "windows",
    "a model's labelled rows of one horizon, each judged for itself",
    (
        *_WHO,
        _count("horizon_s", "s", "length of the window; 0: all rows"),
        _count("positives", "rows", "rows that hold a sweep"),
        _count("negatives", "rows", "rows that hold none"),
        _real("precision", "share", "of the positive verdicts"),
        _real("recall", "share", "of the positive rows"),
        _real("average_precision", "share", "of the scores; NaN where no row is positive"),
        _real("false_positive_ratio", "share", "of the negative rows"),
    ),
    ("arena", "contestant", "horizon_s"),
)

PROBES: Final = TableSchema(
    "probes",
    "one leakage probe: a model that sees only what must not tell a sweep",
    (
        _ARENA,
        _text("probe", "what it sees: addresses, ports or times"),
        _count("row_count", "rows", "labelled rows that it was tested on"),
        _count("group_count", "groups", "independent groups of sources among them"),
        _real("base_rate", "share", "positive rows: what a random score gets"),
        _real("average_precision", "share", "what the probe got"),
        *_interval("average_precision", "share", "bootstrap over groups of sources"),
        _real("chance_low", "share", "lower end of what random scores get: 95 % of shuffles of the groups' scores"),
        _real("chance_high", "share", "upper end"),
        _flag("is_chance", "whether the probe got no more than chance_high"),
    ),
    ("arena", "probe"),
)

ALLOWLIST: Final = TableSchema(
    "allowlist",
    "what one entry of an allowlist does to the alerts of one contestant, taken by itself",
    (
        *_WHO,
        _text("entry", "what it is about"),
        _text("reason", "why it is there"),
        _text("expires", "last day on which it holds"),
        _flag("is_expired", "whether it no longer holds"),
        _count("suppressed", "alerts", "that it suppresses"),
        _count("false_suppressed", "alerts", "of these, wrong ones"),
        _text("hidden", "scenarios that were caught and would not be with it, comma separated"),
        _text("covered", "scenarios that lie wholly within it, comma separated"),
    ),
)

TABLES: Final = {
    schema.name: schema
    for schema in (
        CONTESTANTS,
        ARENAS,
        SUMMARY,
        SEEDS,
        EPISODES,
        STRATA,
        SURVIVAL,
        ROLES,
        PR,
        BUDGET_CURVE,
        CALIBRATION,
        WINDOWS,
        PROBES,
        ALLOWLIST,
        ALERTS,
    )
}
"""Name -> schema, in the order in which a reader meets them."""


def check_tables(tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse tables that are none of a benchmark's.

    Raises
    ------
    InputError
        If a table has another name or does not fit its schema.
    """
    for name, frame in tables.items():
        if name not in TABLES:
            raise InputError(f"no table of a benchmark is called {name!r}; {did_you_mean(name, TABLES)}")
        TABLES[name].check(frame)


def join_tables(parts: list[dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Return the rows of several results below each other, every table of `TABLES` among them.

    Raises
    ------
    InputError
        As `check_tables`, or if two parts have rows of one key.
    """
    joined = {}
    for name, schema in TABLES.items():
        frames = [part[name] for part in parts if name in part and len(part[name])]
        joined[name] = pd.concat(frames, ignore_index=True) if frames else schema.make([])
    check_tables(joined)
    return joined


def write_tables(folder: str | os.PathLike[str], tables: Mapping[str, pd.DataFrame]) -> None:
    """Write every table as ``<name>.parquet``; the folder is made if there is none.

    Raises
    ------
    InputError
        As `check_tables`; nothing is written then.
    """
    check_tables(tables)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_parquet(Path(folder) / f"{name}.parquet", index=False, compression="zstd")


def read_tables(folder: str | os.PathLike[str]) -> dict[str, pd.DataFrame]:
    """Return the tables that a folder holds; those that it lacks are left out.

    Raises
    ------
    InputMissingError
        If it holds none.
    InputError
        If a file is damaged, or is a table of another version.
    """
    tables = {}
    for name, schema in TABLES.items():
        path = Path(folder) / f"{name}.parquet"
        if not path.exists():
            continue
        try:
            frame = pd.read_parquet(path)
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{path}: is no Parquet file that can be read: {error}") from None
        schema.check(frame)
        tables[name] = frame
    if not tables:
        raise InputMissingError(f"{folder}: holds no table of a benchmark, such as summary.parquet")
    return tables
