"""All sections of the report, in the order in which a reader needs them."""

from __future__ import annotations

from sweepml.evaluation.benchmark_report import (
    against_rules,
    between_models,
    breakdown,
    checks,
    curves,
    evasions,
    evidence,
    exporters,
    measured,
)
from sweepml.evaluation.benchmark_report.blocks import Section
from sweepml.evaluation.benchmark_report.results import Results


def make_sections(results: Results) -> list[Section]:
    """Return the sections; one without rows says so in a sentence."""
    return [
        measured.measured_section(results),
        against_rules.headline_section(results),
        between_models.seeds_section(results),
        between_models.complement_section(results),
        curves.precision_recall_section(results),
        curves.survival_section(results),
        curves.budget_section(results),
        curves.calibration_section(results),
        breakdown.transfer_section(results),
        breakdown.strata_section(results),
        evasions.evasions_section(results),
        exporters.exporters_section(results),
        breakdown.roles_section(results),
        breakdown.windows_section(results),
        checks.probes_section(results),
        checks.allowlist_section(results),
        evidence.missed_section(results),
        evidence.false_alerts_section(results),
    ]
