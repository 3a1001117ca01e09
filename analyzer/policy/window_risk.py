"""Window risk: the figures of one retention window, of one risk."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.estimate import Estimate


@dataclass(frozen=True)
class WindowRisk:
    """What one retention window gives away.

    Attributes
    ----------
    days, exposed_days : int
        Days kept, and days that a leak shows (the days for which the store stood open are added).
    status : str
        ``"measured"``, ``"one leak day"`` or ``"not measurable"``.
    leak_days : int
        Number of leak days behind the figures.
    share : Estimate
        Vehicles singled out, of all with enough points in the days of knowledge.
    share_in_window : Estimate
        Vehicles singled out, of those of which at least one known point is left.
    exposed_vehicles : Estimate
        Vehicles of which at least one known point is left.
    exposed_rows : float
        Share of the sightings recorded before the leak that it shows.
    risk : str
        Which risk the shares are.
    added_per_day : Estimate or None
        By how much the share grows with each day kept beyond the window before (or beyond none),
        paired by vehicle and leak day.
    whole_window : Estimate or None
        Of homes, works and commutes, the share for which they are found in the window as a whole;
        `share` counts those too that are found in a shorter stretch of it up to the leak.
    """

    days: int
    exposed_days: int
    status: str
    leak_days: int
    share: Estimate
    share_in_window: Estimate
    exposed_vehicles: Estimate
    exposed_rows: float
    risk: str = "unicity"
    added_per_day: Estimate | None = None
    whole_window: Estimate | None = None

    @property
    def window(self) -> str:
        """The window as it is written, e.g. ``"30D"``."""
        return f"{self.days}D"
