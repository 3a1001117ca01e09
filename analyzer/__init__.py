"""platerisk: what a database of licence-plate sightings gives away about the people in the cars."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from analyzer.kernel_cache import discard_stale

__version__ = "0.1.0"

discard_stale(Path(__file__).parent)

_HOMES = {
    "Adversary": "analyzer.risk.adversary",
    "AnalyzerError": "analyzer.errors",
    "Estimate": "analyzer.estimate",
    "Policy": "analyzer.policy.policy",
    "Provenance": "analyzer.report.origin",
    "Sightings": "analyzer.sightings",
    "assess": "analyzer.assessing",
    "check_publication": "analyzer.report.publication",
    "build_case": "analyzer.report.case",
    "compare_policies": "analyzer.policy.compare",
    "draw_map": "analyzer.report.map_pages",
    "compare_sharing": "analyzer.policy.sharing",
    "find_commutes": "analyzer.patterns.commutes",
    "find_companions": "analyzer.patterns.companions",
    "find_meetings": "analyzer.patterns.meetings",
    "find_motifs": "analyzer.patterns.motifs",
    "find_places": "analyzer.patterns.places",
    "find_routines": "analyzer.patterns.routines",
    "find_trips": "analyzer.patterns.trips",
    "find_weekly_profile": "analyzer.patterns.profiles",
    "measure_anonymity": "analyzer.risk.anonymity",
    "measure_attribute_gain": "analyzer.risk.gain",
    "measure_inference": "analyzer.risk.inference",
    "measure_linkage": "analyzer.risk.linkage",
    "measure_plateless": "analyzer.risk.plateless",
    "measure_predictability": "analyzer.risk.predictability",
    "measure_unicity": "analyzer.risk.unicity",
    "measure_unicity_grid": "analyzer.risk.grid",
    "measure_worst_case": "analyzer.risk.worst_case",
    "profile_risk": "analyzer.risk.profile",
    "read_cameras": "analyzer.camera_lists",
    "read_sightings": "analyzer.ingest.reader",
    "recommend_policy": "analyzer.policy.recommend",
    "sweep_cameras": "analyzer.policy.cameras",
    "sweep_open_store": "analyzer.policy.open_store",
    "sweep_retention": "analyzer.policy.retention",
}

__all__ = [*sorted(_HOMES), "synthetic"]


def __getattr__(name: str) -> Any:
    # A public name brings its module when it is first used: `platerisk --help` needs none of them.
    if name == "synthetic":
        return import_module("analyzer.synthetic")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'analyzer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
