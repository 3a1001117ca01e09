"""Scores: results held against a known truth. Knows tables, not how they were found or made."""

from __future__ import annotations

from analyzer.scoring.commutes import score_commutes
from analyzer.scoring.kinds import score_by_kind
from analyzer.scoring.oracle import score_oracle
from analyzer.scoring.places import reliability, score_places
from analyzer.scoring.routines import score_routines
from analyzer.scoring.score import Score, f1_estimate, median_estimate
from analyzer.scoring.trips import score_trips
from analyzer.scoring.truth import Truth

__all__ = [
    "Score",
    "Truth",
    "f1_estimate",
    "median_estimate",
    "reliability",
    "score_by_kind",
    "score_commutes",
    "score_oracle",
    "score_places",
    "score_routines",
    "score_trips",
]
