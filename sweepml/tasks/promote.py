"""Promotion: a bundle becomes the champion only if a benchmark says that nothing gets worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sweepml.config.benchmark import BenchmarkConfig
from sweepml.errors import InputError
from sweepml.evaluation.comparison import Comparison, compare, of_contestant, render_comparison
from sweepml.runtime.bundle import Bundle
from sweepml.tasks.benchmark.contestants import bundle_contestant
from sweepml.tasks.benchmark.run import RESULTS_FILE, benchmark, read_results
from sweepml.tasks.export import Exported, export_bundle
from sweepml.tasks.progress import Progress, Silent
from sweepml.tracking.mlflow_run import Store
from sweepml.tracking.registry import CHAMPION, find_alias, set_alias

_DETECTOR: Final = "detector"
"""What champion and candidate are both called where they are compared."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """What became of a candidate.

    Attributes
    ----------
    candidate
        The bundle that was to be promoted.
    champion
        The bundle that had the alias before; None where none had.
    alias
        Which one.
    comparison
        Champion against candidate; None where there was nothing to compare.
    is_promoted
        Whether the alias names the candidate now.
    seen_in_training
        Captures of the comparison on which the candidate was trained: its figures there are better than on others.
    """

    candidate: Exported
    champion: Exported | None
    alias: str
    comparison: Comparison | None
    is_promoted: bool
    seen_in_training: tuple[str, ...] = ()


def promote(
    reference: str,
    config: BenchmarkConfig,
    results: tuple[str, str] | None = None,
    alias: str = CHAMPION,
    progress: Progress | None = None,
) -> Promotion:
    """Let an alias name a bundle if nothing gets worse by it.

    Where nothing has the alias yet, there is nothing to compare, and the candidate gets it.

    Parameters
    ----------
    reference
        The candidate, see `sweepml.tracking.registry.find_bundle`.
    config
        The benchmark in which both are judged, with its store. Its detectors are replaced by the two.
    results
        Results that exist already, in which the champion and the candidate were judged; the benchmark is then not run.
    alias
        Which one.
    progress
        Told about stages; silent by default.

    Raises
    ------
    InputMissingError
        If the store holds no such bundle.
    InputError
        If results are about other bundles or other captures.
    SweepmlError
        As `benchmark`.
    """
    store = Store.of(config.tracking, config.output_root)
    folder = Path(config.output_root) / config.name
    candidate = export_bundle(store, reference, folder / "candidate.onnx")
    holder = find_alias(store, alias)
    if holder is None:
        set_alias(store, candidate.registered, alias, {f"{alias}.over": "nothing: the first"})
        return Promotion(candidate, None, alias, None, is_promoted=True)
    champion = export_bundle(store, f"models:/{holder.name}/{holder.version}", folder / "champion.onnx")
    if holder.sha256 == candidate.registered.sha256:
        set_alias(store, candidate.registered, alias, {f"{alias}.over": f"version {holder.version}, the same file"})
        return Promotion(candidate, champion, alias, None, is_promoted=True)
    if results is None:
        both = replace(config, detectors=[str(champion.path), str(candidate.path)])
        judged = benchmark(both, progress or Silent(), command=f"sweepml promote {reference}").folder / RESULTS_FILE
        results = (str(judged), str(judged))
    base, head = (read_results(path) for path in results)
    _check_same_captures(base, head)
    comparison = compare(
        of_contestant(base, bundle_contestant(champion.bundle), _DETECTOR),
        of_contestant(head, bundle_contestant(candidate.bundle), _DETECTOR),
    )
    if not comparison.is_worse:
        facts = {f"{alias}.over": f"version {holder.version}", f"{alias}.captures": ", ".join(_captures(head))}
        set_alias(store, candidate.registered, alias, facts)
    return Promotion(
        candidate, champion, alias, comparison, not comparison.is_worse, _seen_in_training(candidate.bundle, head)
    )


def render_promotion(made: Promotion) -> str:
    """Return what became of a candidate, as text."""
    name = f"{made.candidate.registered.name} version {made.candidate.registered.version}"
    if made.champion is None:
        return f"{name} is the first @{made.alias}: there was nothing to compare it with"
    before = f"version {made.champion.registered.version}"
    if made.comparison is None:
        return f"{name} is @{made.alias}: its file is that of {before}"
    parts = [f"base: {before}, @{made.alias} so far; head: {name}\n\n{render_comparison(made.comparison)}"]
    if made.seen_in_training:
        parts.append(
            f"{name} was trained on {', '.join(made.seen_in_training)}: figures on captures that a detector was "
            "trained on flatter it; compare on others too (data=..., or quick=false with published captures)"
        )
    if made.is_promoted:
        parts.append(f"{name} is @{made.alias} now")
    else:
        parts.append(f"refused: {before} stays @{made.alias}")
    return "\n\n".join(parts)


def _captures(results: Mapping[str, Any]) -> dict[str, str]:
    """Return name -> fingerprint of the captures of a benchmark."""
    return {one["name"]: one["fingerprint"] for one in results["measurement"]["captures"]}


def _check_same_captures(base: Mapping[str, Any], head: Mapping[str, Any]) -> None:
    one, other = _captures(base), _captures(head)
    if one != other:
        differing = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
        raise InputError(
            f"the results are about different captures ({', '.join(differing)}), so that they cannot be compared: run "
            "the benchmark of both on the same ones"
        )


def _seen_in_training(bundle: Bundle, results: Mapping[str, Any]) -> tuple[str, ...]:
    trained = {one.get("sha256") for one in bundle.manifest.training.get("captures", [])}
    return tuple(name for name, fingerprint in _captures(results).items() if fingerprint in trained)
