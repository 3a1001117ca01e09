"""What both kinds of risk profile are."""

from __future__ import annotations

from analyzer.result import Result


class RiskProfile(Result):
    """A risk profile: a `DatasetProfile` or a `VehicleProfile`."""
