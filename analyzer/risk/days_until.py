"""After how many days of collecting a vehicle is singled out, in a store that keeps everything.

What the adversary knows is drawn once from all of a vehicle's points, as for retention: it does not
grow with the store. A point helps from the day on which the store holds it. The vehicles that hold
a point are settled when its time bin is over, so a vehicle once singled out stays singled out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analyzer.engine import Engine
from analyzer.local_time import MONDAY_1970
from analyzer.risk.adversary import Adversary
from analyzer.risk.knowledge import Known, draw_targets
from analyzer.risk.shared_points import count_shared_points
from analyzer.sightings import Sightings
from analyzer.survival import Survival, kaplan_meier
from analyzer.units import DAY_MS


@dataclass(frozen=True)
class DaysUntilSingledOut:
    """When vehicles are singled out, counted in days from the first day of the data.

    Attributes
    ----------
    curve : Survival
        Days until singled out, over the targets; the first day of the data is day 1.
    targets : int
        Vehicles with as many points as the adversary knows.
    vehicles : int
        All vehicles.
    days : int
        Days of the data.
    """

    curve: Survival
    targets: int
    vehicles: int
    days: int


def days_until_singled_out(
    sightings: Sightings, adversary: Adversary, seed: int, engine: Engine
) -> DaysUntilSingledOut:
    """Find on which day each vehicle is singled out by what an adversary knows of it.

    Parameters
    ----------
    sightings : Sightings
        The population.
    adversary : Adversary
        Who knows what. Points are taken in the order of time.
    seed : int
        Of the draw.
    engine : Engine
        Where the parts run.

    Returns
    -------
    DaysUntilSingledOut

    Examples
    --------
    Two vehicles share the first two days and part on the third.

    >>> from analyzer.engine import get_engine
    >>> from analyzer.array_sightings import from_arrays
    >>> days = np.tile([0, 1, 2], 2) * 86_400_000
    >>> pair = from_arrays([0, 0, 0, 1, 1, 1], days, [0, 1, 2, 0, 1, 3])
    >>> found = days_until_singled_out(pair, Adversary(points=3), 0, get_engine())
    >>> found.curve.until(0.5).value
    3.0
    """
    targets = draw_targets(sightings, adversary, None, seed, engine)
    n_places = targets.shared["n_places"]
    known = in_order_of_time(targets.known, n_places)
    shared = count_shared_points(targets.parts, engine, targets.shared, known)
    ends = sightings.clock.local(np.array(sightings.span_ms)) // DAY_MS
    days = int(ends[1] - ends[0]) + 1
    met = shared < adversary.points
    # The first point that nobody shares with all before it, where there is one.
    first = known.keys[np.arange(len(shared)), np.where(met, shared, 0)]
    day = last_days_of_bins(first // n_places, adversary.time_ms) - int(ends[0]) + 1
    # The bin that the data end in is as complete as it will be.
    day = np.where(met, np.minimum(day, days), days)
    return DaysUntilSingledOut(kaplan_meier(day, met), len(shared), targets.vehicles, days)


def in_order_of_time(known: Known, n_places: int) -> Known:
    """Put what is known of each target in the order of time."""
    order = np.argsort(known.keys // n_places, axis=1, kind="stable")
    looks = None if known.looks is None else np.take_along_axis(known.looks, order, axis=1)
    return Known(
        known.vehicle, known.n_points, np.take_along_axis(known.keys, order, axis=1), looks
    )


def last_days_of_bins(bins: np.ndarray, bin_ms: int) -> np.ndarray:
    """Give the local day (since 1970-01-01) on which each time bin ends.

    Parameters
    ----------
    bins : numpy.ndarray of int64, shape (n,)
        As `analyzer.local_time.time_bins` numbers them.
    bin_ms : int
        Length of a bin.

    Examples
    --------
    >>> last_days_of_bins(np.array([47, 48]), 3_600_000).tolist()
    [1, 2]
    >>> last_days_of_bins(np.array([0]), 7 * 86_400_000).tolist()
    [10]
    """
    if bin_ms >= DAY_MS:
        days = bin_ms // DAY_MS
        return (bins + 1) * days + MONDAY_1970 - 1
    return bins // -(-DAY_MS // bin_ms)
