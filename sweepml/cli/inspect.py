"""`sweepml inspect`: what a detector says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sweepml.cli.text import columns, plain, table, tree
from sweepml.runtime.bundle import GOLDEN_TOLERANCE, Bundle
from sweepml.schema.manifest import EdgeInputs, Manifest

_STRONGEST: Final = 8
"""Features that the report shows; all of them are in the JSON."""


def run(path: str, *, as_json: bool = False) -> int:
    """Print a bundle's manifest; return the exit status.

    Raises
    ------
    SweepmlError
        If there is no bundle, or it is unusable.
    """
    bundle = Bundle(path)
    if as_json:
        whole = {"bundle_id": bundle.bundle_id, **bundle.manifest.facts()}
        print(json.dumps(whole, indent=2, sort_keys=True, allow_nan=False))
    else:
        print(describe(bundle))
    return 0


def describe(bundle: Bundle) -> str:
    """Return a bundle's manifest as aligned text."""
    manifest = bundle.manifest
    head = [
        ("bundle", bundle.bundle_id),
        ("name", manifest.name),
        ("created", manifest.created),
        ("model", str(manifest.model.get("name", "unknown"))),
        ("features", f"{len(manifest.features)} (schema {manifest.feature_schema})"),
        *([("edges", _edges(manifest.edges))] if manifest.edges else []),
        ("internal", ", ".join(manifest.internal_networks)),
        ("judges", f"sources with at least {manifest.min_dst_count} destinations in a window"),
        ("at once", _at_once(manifest)),
        ("closes", f"{plain(manifest.close_after_s)} s after the last window that looked like a sweep"),
        ("proved", f"{len(manifest.golden_scores)} golden scores reproduced to {GOLDEN_TOLERANCE:g}"),
    ]
    parts = [table(head), _windows(manifest), _features(manifest)]
    sections: list[tuple[str, Mapping[str, Any]]] = [
        ("alert budget, and what validation says of it", manifest.alert_budget),
        ("model", {name: value for name, value in manifest.model.items() if name != "name"}),
        ("training", manifest.training),
        ("metrics", manifest.metrics),
        ("versions", manifest.versions),
    ]
    parts += [[title, *tree(values, "  ")] for title, values in sections if values]
    return "\n\n".join("\n".join(part) for part in parts)


def _edges(edges: EdgeInputs) -> str:
    return f"at most {edges.per_row} of each source, with {len(edges.columns)} columns (schema {edges.edge_schema})"


def _at_once(manifest: Manifest) -> str:
    if not manifest.milestones:
        return "nothing is judged before a window closes"
    counts = ", ".join(str(count) for count in manifest.milestones)
    return f"judged when the destinations of the last {manifest.windows[0][0]} s reach {counts}"


def _windows(manifest: Manifest) -> list[str]:
    rows = [
        [f"{length_s} s", f"{stride_s} s", plain(threshold)]
        for (length_s, stride_s), threshold in zip(manifest.windows, manifest.thresholds, strict=True)
    ]
    return ["windows", *columns(["length", "every", "threshold"], rows, "  ")]


def _features(manifest: Manifest) -> list[str]:
    strongest = sorted(manifest.features, key=lambda usage: -usage.weight)[:_STRONGEST]
    rows = [
        [usage.name, f"{usage.weight:.3f}", plain(usage.usual_low), plain(usage.usual_high), usage.unit]
        for usage in strongest
    ]
    title = f"strongest features ({len(strongest)} of {len(manifest.features)}), usual range over benign sources"
    return [title, *columns(["feature", "weight", "low", "high", "unit"], rows, "  ")]
