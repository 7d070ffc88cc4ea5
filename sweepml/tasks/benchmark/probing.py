"""Leakage probes: boosted trees that see only what must not tell a sweep, cross-validated like any model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from sweepml.datasets.splits import RowKeys, Split, assign_groups, grouped_folds
from sweepml.evaluation.benchmark_tables import PROBES
from sweepml.evaluation.probes import PROBE_MATRICES, judge_probe
from sweepml.pipeline.rows import balanced_weights
from sweepml.tasks.benchmark.contestants import Tables
from sweepml.tasks.benchmark.rounds import Round

_TREES = 60


def probe_table(here: Round, tables: Tables, folds: int, seed: int) -> pd.DataFrame:
    """Probe a cross-validated round.

    Parameters
    ----------
    here
        On whose folds the probes are tested.
    tables
        Training rows.
    folds, seed
        As the models have them.

    Returns
    -------
    DataFrame
        One row a probe, see `sweepml.evaluation.benchmark_tables.PROBES`.
    """
    rows = tables.of(here.train).rows
    groups = assign_groups(here.train, tie=here.tie)
    fold = grouped_folds(groups, folds, seed)[groups.places(rows.units)][rows.unit]
    group = groups.group[groups.places(rows.units)][rows.unit]
    keys = RowKeys(rows.units, rows.unit, rows.features.start_us, rows.features.end_us)
    made: list[dict[str, Any]] = []
    for name, matrix in PROBE_MATRICES.items():
        values = matrix(rows, here.train)
        scores = np.zeros(len(rows), np.float64)
        for number in range(folds):
            train, test = fold != number, fold == number
            Split(keys, groups, train, test)  # raises where anything leaks
            known = train & (rows.y >= 0)
            model = HistGradientBoostingClassifier(max_iter=_TREES, early_stopping=False, random_state=seed)
            weights = balanced_weights(rows.y[known], group[known])
            model.fit(values[known], rows.y[known], sample_weight=weights)
            scores[test] = model.predict_proba(values[test])[:, 1]
        result = judge_probe(rows.y, scores, group, seed)
        made.append({"arena": here.name, "probe": name, **_columns(result)})
    return PROBES.make(made)


def _columns(result: Any) -> dict[str, Any]:
    figures = asdict(result)
    columns: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, dict):  # a figure with its interval
            columns |= {name: value["value"], f"{name}_low": value["low"], f"{name}_high": value["high"]}
        elif isinstance(value, tuple):
            columns |= {f"{name}_low": value[0], f"{name}_high": value[1]}
        else:
            columns[name] = value
    return columns | {"is_chance": result.is_chance}
