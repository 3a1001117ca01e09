"""Predictability: how well the next place of a vehicle can be told from those before it.

Beside the bound that entropy sets stands what simple predictors really get right on weeks that they
have not seen: a bound is no attack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.estimate import Estimate, mean_estimate, wilson
from analyzer.fitting import fit_to_engine
from analyzer.local_time import MONDAY_1970, to_local
from analyzer.patterns.trips import DEFAULT_MAX_GAP, find_trips
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.risk.entropy import lempel_ziv_entropy, predictability_bound, shannon_entropy
from analyzer.risk.points import places_of_cameras
from analyzer.risk.predictors import PREDICTORS, hits_on_held_out_weeks
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_DESTINATIONS = 100
"""Entropy estimated from a shorter sequence says more of the estimate than of the vehicle."""

PUBLISHED = (
    ("bound_real", 0.93, "Song et al. 2010, doi:10.1126/science.1177170", "hourly antennas"),
    ("markov_1", 0.71, "Ikanovic & Mollgaard 2017, EPJ Data Science", "next place of a phone"),
)
"""Figure, value, source, and what it was measured on: to stand beside ours, not to be reached."""

BOUND = "mean over vehicles with {least} destinations or more; normal, 95 %; baseline: 1/N"
ENTROPY = "mean over vehicles with {least} destinations or more, bits; normal, 95 %"
ACCURACY = (
    "mean over vehicles of the share of held-out destinations told rightly; normal, 95 %; "
    "baseline: a uniform guess among the places of the vehicle"
)
EXCLUDED = "vehicles with fewer than {least} destinations; Wilson, 95 %, over all vehicles"

_BINS = 20


@dataclass(frozen=True)
class Predictability(Result):
    """How predictable the destinations of vehicles are, and how many were predicted.

    Attributes
    ----------
    entropy : dict of str to Estimate
        Mean entropy in bits: ``random`` (log₂ N), ``uncorrelated`` (how often each place is
        visited), ``real`` (their order, too).
    bound : dict of str to Estimate
        Mean of the greatest share that any predictor can tell, for each of these entropies.
    accuracy : dict of str to Estimate
        Mean share of destinations in held-out weeks that a predictor told: ``most_frequent`` (place
        of all), ``markov_1``, ``markov_2`` (after the last place, or two), ``hour``,
        ``markov_1_hour`` (both), and ``chosen``: for each vehicle the one that was right most often
        in the weeks before.
    excluded : Estimate
        Share of all vehicles that have too few destinations.
    space : str
        What a destination is told as: "zone", "camera", or a distance.
    histogram : tuple of int
        Vehicles by their bound from the real entropy, in bins of 5 %.
    synthetic : bool
        Whether the data are synthetic.
    """

    entropy: dict[str, Estimate]
    bound: dict[str, Estimate]
    accuracy: dict[str, Estimate]
    excluded: Estimate
    space: str
    histogram: tuple[int, ...]
    synthetic: bool = False

    @property
    def figures(self) -> dict[str, Estimate]:
        """All figures by name: ``entropy_…``, ``bound_…``, and the predictors."""
        return {
            **{f"entropy_{name}": figure for name, figure in self.entropy.items()},
            **{f"bound_{name}": figure for name, figure in self.bound.items()},
            **self.accuracy,
            "excluded": self.excluded,
        }

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        bound, lines = self.bound["real"], []
        place = {"zone": "the zone", "camera": "the camera"}.get(
            self.space, f"the cell of {self.space}"
        )
        if not bound.is_measured:
            lines.append(
                "Predictability cannot be measured: no vehicle has "
                f"{LEAST_DESTINATIONS} destinations."
            )
        else:
            lines.append(
                f"Of {bound.n:,} vehicles, {place} where the next trip ends could be told for "
                f"{bound.percent()} of trips, by an estimate of the bound from entropy: no attack, "
                "and off where sequences are short."
            )
        told = self.accuracy["chosen"]
        if told.is_measured:
            lines.append(
                f"In weeks not seen before, {told.percent()} of trips were really told, by the "
                "predictor that was best for the vehicle before; always saying its most frequent "
                f"place is right for {self.accuracy['most_frequent'].percent()}, a uniform guess "
                f"among its places for {100 * told.baseline:.0f} %."
            )
            if bound.is_measured and told.value > bound.value:
                lines.append(
                    "The predictor was right more often than that estimate: it is too low here."
                )
        if self.excluded.value > 0:
            lines.append(
                f"{self.excluded.percent()} of all vehicles have fewer than {LEAST_DESTINATIONS} "
                "destinations and are not counted."
            )
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give the figures: figure, value, low, high, n, method, baseline, published, source."""
        published = {figure: (value, source) for figure, value, source, _ in PUBLISHED}
        return pd.DataFrame(
            [
                {
                    "figure": name,
                    **figure.to_dict(),
                    "published": published.get(name, (None, None))[0],
                    "source": published.get(name, (None, None))[1],
                }
                for name, figure in self.figures.items()
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "space": self.space,
            "least_destinations": LEAST_DESTINATIONS,
            **{
                group: {name: figure.to_dict() for name, figure in getattr(self, group).items()}
                for group in ("entropy", "bound", "accuracy")
            },
            "excluded": self.excluded.to_dict(),
            "published": [
                dict(zip(("figure", "value", "source", "measured_on"), row, strict=True))
                for row in PUBLISHED
            ],
            "synthetic": self.synthetic,
        }

    def plot(self) -> Axes:
        """Draw how many vehicles have which bound, with the mean accuracy of each predictor."""
        from analyzer.charts import new_axes

        axes = new_axes()
        edges = np.linspace(0, 100, _BINS + 1)
        axes.stairs(self.histogram, edges, fill=True, color="0.8", label="bound by entropy")
        for number, (name, figure) in enumerate(self.accuracy.items()):
            if figure.is_measured:
                axes.axvline(
                    100 * figure.value, color=f"C{number}", label=f"told: {name.replace('_', ' ')}"
                )
        axes.set(xlabel="share of destinations (%)", ylabel="vehicles", xlim=(0, 100))
        axes.legend()
        return axes


def measure_predictability(
    sightings: Sightings,
    *,
    space: str = "zone",
    max_gap: str = DEFAULT_MAX_GAP,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Predictability:
    """Measure how well the destination of a vehicle's next trip can be told.

    The sequence of a vehicle is that of the places where its trips end (the last camera of each
    trip), one symbol a trip: hours are never filled in, so that a night at home counts once.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    space : str
        What a place is: ``"zone"`` (cameras that stand together are one place), ``"camera"``, or a
        distance such as ``"2km"``.
    max_gap : str
        Longest gap inside a trip.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    Predictability

    Raises
    ------
    UsageError
        If `space` or `max_gap` is impossible, or there are no sightings.

    Notes
    -----
    For each vehicle with 100 destinations or more, N is the number of its places; entropies are
    S = log₂ N, that of its visits to each place, and the Lempel–Ziv estimate of its sequence
    (`analyzer.risk.entropy`); each bounds the share Π of destinations that can be told, by Fano's
    inequality with this N, all in bits.

    Predictors (`analyzer.risk.predictors`) learn the weeks before the one in which they are
    tried; the later half of the calendar weeks is held out for the test, and which predictor is
    ``chosen`` is settled on the earlier half. A place never visited before is always missed. The
    figures are means over vehicles, each weighing the same.

    References
    ----------
    Song, C., Qu, Z., Blumm, N., Barabási, A.-L. (2010). Limits of predictability in human mobility.
    Science 327, 1018–1021. doi:10.1126/science.1177170

    Examples
    --------
    Somebody goes between two far cameras twice a day, for eight weeks.

    >>> from analyzer.array_sightings import from_arrays
    >>> ends = np.add.outer(24 * np.arange(56), [8, 18]).ravel() * 3_600_000
    >>> commuter = from_arrays(np.zeros(112), ends, np.tile([0, 1], 56))
    >>> found = measure_predictability(commuter)
    >>> round(found.bound["real"].value, 2), found.accuracy["markov_1"].value
    (0.96, 1.0)
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    adversary = Adversary(points=1, space=space)
    places = places_of_cameras(sightings, adversary.space, adversary.cell_m)
    if not len(sightings):
        raise UsageError("there are no sightings here, so nothing can be predicted")
    trips = find_trips(sightings, max_gap, engine=runner)
    first, last = (_week_of(sightings.clock.local(np.array([end])))[0] for end in sightings.span_ms)
    shared = {
        "places": places,
        "clock_starts": sightings.clock.starts,
        "clock_offsets": sightings.clock.offsets,
        "first_tested": int(first + (last - first + 1 + 1) // 2),
        "least": LEAST_DESTINATIONS,
    }
    frames = runner.map(trips.parts, predictability_of_part, shared)
    rows = runner.reduce(frames, key=("vehicle",))
    return _predictability(rows, sightings, space)


def _week_of(local: np.ndarray) -> np.ndarray:
    return (local // DAY_MS - MONDAY_1970) // 7


def predictability_of_part(trips: Rows, broadcast: Broadcast) -> Rows:
    """Measure each vehicle of a part that has enough destinations.

    Returns
    -------
    Rows
        ``vehicle``, ``places`` (N), ``uncorrelated`` and ``real`` (entropies in bits), ``tested``
        (held-out destinations), one column of hits for each of `PREDICTORS`, and ``chosen``.
    """
    clock = broadcast["clock_starts"], broadcast["clock_offsets"]
    started = to_local(trips["started_at"], *clock)
    measured = _measure_vehicles(
        trips["vehicle"],
        broadcast["places"][trips["destination"]],
        started % DAY_MS // HOUR_MS,
        _week_of(to_local(trips["ended_at"], *clock)),
        broadcast["first_tested"],
        broadcast["least"],
    )
    vehicle, counts, entropies, hits = measured
    # Of equally good predictors the simplest: the first.
    chosen = hits[:, 0].argmax(axis=1)
    return {
        "vehicle": vehicle,
        "places": counts[:, 0],
        "tested": counts[:, 1],
        "uncorrelated": entropies[:, 0],
        "real": entropies[:, 1],
        **{name: hits[:, 1, column] for column, name in enumerate(PREDICTORS)},
        "chosen": hits[np.arange(len(hits)), 1, chosen],
    }


@numba.njit(cache=True, nogil=True)
def _measure_vehicles(
    vehicle: np.ndarray,
    place: np.ndarray,
    hour: np.ndarray,
    week: np.ndarray,
    first_tested: int,
    least: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    most = len(vehicle) // least
    vehicles = np.empty(most, np.int32)
    counts = np.empty((most, 2), np.int64)
    entropies = np.empty((most, 2))
    hits = np.empty((most, 2, len(PREDICTORS)), np.int64)
    number = np.full(place.max() + 1 if len(place) else 0, -1, np.int64)
    rows, start = 0, 0
    while start < len(vehicle):
        stop = start
        while stop < len(vehicle) and vehicle[stop] == vehicle[start]:
            stop += 1
        if stop - start >= least:
            # Places of one vehicle are numbered by their first visit.
            symbols = np.empty(stop - start, np.int64)
            n_places = 0
            for i in range(start, stop):
                if number[place[i]] < 0:
                    number[place[i]] = n_places
                    n_places += 1
                symbols[i - start] = number[place[i]]
            for i in range(start, stop):
                number[place[i]] = -1
            # The clock that is put back must not lead back into a week that is over.
            weeks = week[start:stop].copy()
            for i in range(1, len(weeks)):
                weeks[i] = max(weeks[i], weeks[i - 1])
            visits = np.zeros(n_places, np.int64)
            for symbol in symbols:
                visits[symbol] += 1
            vehicles[rows] = vehicle[start]
            hits[rows], tested = hits_on_held_out_weeks(
                symbols, hour[start:stop], weeks, first_tested
            )
            counts[rows, 0], counts[rows, 1] = n_places, tested[1]
            entropies[rows, 0] = shannon_entropy(visits)
            entropies[rows, 1] = lempel_ziv_entropy(symbols)
            rows += 1
        start = stop
    return vehicles[:rows], counts[:rows], entropies[:rows], hits[:rows]


@numba.njit(cache=True, nogil=True)
def _bounds(entropy: np.ndarray, places: np.ndarray) -> np.ndarray:
    bounds = np.empty(len(entropy))
    for i in range(len(entropy)):
        bounds[i] = predictability_bound(entropy[i], places[i])
    return bounds


def _predictability(rows: Rows, sightings: Sightings, space: str) -> Predictability:
    places = rows["places"].astype(np.int64)
    by_chance = 1 / np.maximum(places, 1)
    entropies = {
        "random": np.log2(np.maximum(places, 1)),
        "uncorrelated": rows["uncorrelated"].astype(float),
        "real": rows["real"].astype(float),
    }
    bounds = {name: _bounds(values, places) for name, values in entropies.items()}
    tested = rows["tested"] > 0
    chance = float(by_chance.mean()) if len(places) else None
    chance_tested = float(by_chance[tested].mean()) if tested.any() else None
    least = LEAST_DESTINATIONS
    return Predictability(
        entropy={
            name: mean_estimate(values, method=ENTROPY.format(least=least))
            for name, values in entropies.items()
        },
        bound={
            name: mean_estimate(
                values, method=BOUND.format(least=least), baseline=chance, within=(0.0, 1.0)
            )
            for name, values in bounds.items()
        },
        accuracy={
            name: mean_estimate(
                rows[name][tested] / rows["tested"][tested],
                method=ACCURACY,
                baseline=chance_tested,
                within=(0.0, 1.0),
            )
            for name in (*PREDICTORS, "chosen")
        },
        excluded=wilson(
            sightings.n_vehicles - len(places),
            sightings.n_vehicles,
            method=EXCLUDED.format(least=least),
        ),
        space=space,
        histogram=tuple(
            np.bincount(
                np.minimum((bounds["real"] * _BINS).astype(np.int64), _BINS - 1), minlength=_BINS
            ).tolist()
        ),
        synthetic=sightings.synthetic,
    )
