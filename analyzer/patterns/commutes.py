"""Commutes: routines between home and work, with their return."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer.engine import Engine, get_engine
from analyzer.errors import UsageError
from analyzer.patterns.roles import HOME, WORK
from analyzer.patterns.routes import routes_of_part
from analyzer.patterns.routines import WEEKDAYS
from analyzer.result import Result, as_table
from analyzer.schema import Rows

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes

    from analyzer.patterns.places import Places
    from analyzer.patterns.routines import Routines


COMMUTE_WEEKDAYS = 3
"""A commute is kept on three days a week or more: who works on two is no commuter."""

TOLD_DAYS = 5
"""So many days on two weekdays alone tell that there are no more; fewer do not."""


@dataclass(frozen=True)
class Commutes(Result):
    """Commutes of all vehicles that have one; at most one a vehicle.

    Attributes
    ----------
    routines : Routines
        Of which the commutes are made.
    places : Places
        Homes and works.
    engine : Engine
        Where the parts are worked on.
    """

    routines: Routines
    places: Places
    engine: Engine = field(repr=False, compare=False)

    @cached_property
    def rows(self) -> Rows:
        """All commutes as columns of numbers, sorted by vehicle."""
        return commutes_of(self.routines.rows, self.places.rows)

    def __len__(self) -> int:
        return len(self.rows["vehicle"])

    def to_pandas(self) -> pd.DataFrame:
        """Give all commutes as a table.

        Returns
        -------
        pandas.DataFrame
            ``vehicle``; ``home``, ``work`` (place numbers); ``home_lat, home_lon, home_radius_m,
            work_lat, work_lon, work_radius_m``; ``outbound_minute, return_minute`` (of the local
            day, at the first camera of the trip); ``outbound_arrival_minute,
            return_arrival_minute`` (at its last camera); ``outbound_spread_min,
            return_spread_min``; ``outbound_days, return_days`` (days seen); ``round_trips`` (days
            on which both were); ``first_seen, last_seen`` (dates between which both were kept);
            ``weekdays`` (of the way out); ``regularity`` (of the way out); ``confidence`` (that
            both places are right).
        """
        rows = dict(self.rows)
        for name in ("home_camera", "work_camera"):
            del rows[name]
        rows["vehicle"] = self.places.trips.sightings.vehicle_names(rows["vehicle"])
        days = np.arange(128)[:, None] >> np.arange(7) & 1
        names = np.array([" ".join(np.array(WEEKDAYS)[row > 0]) for row in days], object)
        rows["weekdays"] = names[rows["weekdays"]]
        for name in ("first_seen", "last_seen"):
            rows[name] = rows[name].astype("datetime64[D]").astype("datetime64[s]")
        return as_table(rows)

    @cached_property
    def od_matrix(self) -> GeoDataFrame:
        """Commutes between zones, counted.

        Returns
        -------
        geopandas.GeoDataFrame
            ``origin`` (zone of home), ``destination`` (zone of work), ``vehicles``, ``trips`` (days
            on which the way out was seen), ``geometry`` (LineString between the middles of the
            zones, EPSG:4326; none where a zone has no position); most vehicles first. Flows of few
            vehicles are in it: suppress them before you publish.
        """
        import geopandas
        import shapely

        table = self.places.trips.sightings.camera_table
        rows = self.rows
        zone = table["zone"].to_numpy()
        flows = (
            pd.DataFrame(
                {
                    "origin": zone[rows["home_camera"]],
                    "destination": zone[rows["work_camera"]],
                    "trips": rows["outbound_days"],
                }
            )
            .groupby(["origin", "destination"], as_index=False)
            .agg(vehicles=("trips", "size"), trips=("trips", "sum"))
            .sort_values(["vehicles", "origin", "destination"], ascending=[False, True, True])
            .reset_index(drop=True)
        )
        zones = table.groupby("zone").agg(
            name=("zone_name", "first"), lat=("lat", "mean"), lon=("lon", "mean")
        )
        ends = [
            zones.loc[flows[end], ["lon", "lat"]].to_numpy(float).reshape(-1, 2)
            for end in ("origin", "destination")
        ]
        lines = shapely.linestrings(np.nan_to_num(np.stack(ends, axis=1))) if len(flows) else []
        geometry = geopandas.GeoSeries(lines, crs="EPSG:4326")
        known = ~np.isnan(np.hstack(ends)).any(axis=1)
        for end in ("origin", "destination"):
            flows[end] = zones.loc[flows[end], "name"].to_numpy(object)
        return geopandas.GeoDataFrame(as_table(flows), geometry=geometry.where(known))

    def routes(self) -> pd.DataFrame:
        """Give the route variants of each commute.

        Returns
        -------
        pandas.DataFrame
            ``vehicle``; ``way`` ("outbound", "return"); ``drives`` (that were seen); ``variants``
            (ways that cameras tell apart, see `analyzer.patterns.routes`); ``share`` (of the drives
            that can be told to a variant, those on the commonest).
        """
        trips = self.places.trips
        rows = self.rows
        broadcast = {
            **trips.rule,
            "plane": trips.plane,
            "clock": trips.clock,
            **{name: rows[name] for name in ("vehicle", "home", "work")},
        }
        frames = self.engine.map(trips.sightings.parts(), routes_of_part, broadcast)
        found = dict(self.engine.reduce(frames, key=("vehicle", "way")))
        found["vehicle"] = trips.sightings.vehicle_names(found["vehicle"])
        found["way"] = np.array(["outbound", "return"], object)[found["way"]]
        return as_table(found)

    def hours(self) -> pd.DataFrame:
        """Count at which half hour of the day commuters are seen to leave and to arrive.

        Returns
        -------
        pandas.DataFrame
            ``minute`` (at which the half hour begins, local), ``leave_home, reach_work, leave_work,
            reach_home``: vehicles whose usual minute lies in it. Suppress small counts before you
            publish them.
        """
        names = {
            "leave_home": "outbound_minute",
            "reach_work": "outbound_arrival_minute",
            "leave_work": "return_minute",
            "reach_home": "return_arrival_minute",
        }
        counts = {
            name: np.bincount(self.rows[column].astype(np.int64) // 30, minlength=48)
            for name, column in names.items()
        }
        return pd.DataFrame({"minute": 30 * np.arange(48), **counts})

    def score(self, truth: object):
        """Compare with a known truth; see `analyzer.scoring.commutes.score_commutes`."""
        from analyzer.scoring.commutes import score_commutes

        return score_commutes(
            self.to_pandas(), truth, self.places.trips.sightings.vehicles, self.places.stays()
        )

    def summary(self) -> str:
        """Tell how many vehicles commute, and when."""
        rows = self.rows
        vehicles = self.places.trips.sightings.n_vehicles
        if not len(self):
            return f"No commute was found among {vehicles:,} vehicles."
        out, back = np.median(rows["outbound_minute"]), np.median(rows["return_minute"])
        return (
            f"{len(self):,} of {vehicles:,} vehicles ({100 * len(self) / vehicles:.0f} %) show a "
            "commute: the same way from home to work and back, on at least three days.\n"
            f"Half of them are seen leaving home before {hour_text(out)} and leaving work before "
            f"{hour_text(back)}."
        )

    def plot(self) -> Axes:
        """Draw at which local hours commuters leave home and leave work."""
        from analyzer.charts import new_axes

        axes = new_axes()
        for name, label in (("outbound_minute", "from home"), ("return_minute", "from work")):
            axes.hist(self.rows[name] / 60, np.arange(0, 24.5, 0.5), histtype="step", label=label)
        axes.set(xlabel="local hour of departure", ylabel="vehicles", xlim=(0, 24))
        axes.legend()
        return axes


def hour_text(minute: float) -> str:
    """Write a minute of the day as on a clock.

    Examples
    --------
    >>> hour_text(485.4)
    '08:05'
    """
    whole = round(minute) % 1440
    return f"{whole // 60:02d}:{whole % 60:02d}"


def commutes_of(routines: Rows, places: Rows) -> Rows:
    """Pair the routines between home and work of each vehicle.

    Parameters
    ----------
    routines : Rows
        As `analyzer.patterns.routines.routines_of_part` makes them.
    places : Rows
        As `analyzer.patterns.places.places_of_part` makes them.

    Returns
    -------
    Rows
        One row a vehicle, sorted; a way out and the way back that was kept on the same days.
    """
    home = _by_vehicle(places, places["role"] == HOME)
    work = _by_vehicle(places, places["role"] == WORK)
    both = home.add_suffix("_home").join(work.add_suffix("_work"), how="inner")
    frame = pd.DataFrame({name: routines[name] for name in routines})
    frame = frame.merge(both[["place_home", "place_work"]].reset_index(), on="vehicle")
    leads = {
        way: (frame["origin"] == frame[origin]) & (frame["destination"] == frame[destination])
        for way, origin, destination in (
            ("out", "place_home", "place_work"),
            ("back", "place_work", "place_home"),
        )
    }
    # Of the ways out, the one of most round trips, with its way back.
    merits = ["round_trips", "together", "support"]
    out = frame[leads["out"] & frame["return_minute"].notna()].sort_values(
        ["vehicle", *merits, "minute"], ascending=[True, False, False, False, True]
    )
    out = out.drop_duplicates("vehicle").set_index("vehicle")
    back = out[["return_minute"]].reset_index().merge(
        frame[leads["back"]], left_on=["vehicle", "return_minute"], right_on=["vehicle", "minute"]
    )
    back = back.set_index("vehicle")
    vehicles = out.index
    kept = np.bitwise_count(out.loc[vehicles, "weekdays"].to_numpy())
    support = out.loc[vehicles, "support"].to_numpy()
    vehicles = vehicles[(kept >= COMMUTE_WEEKDAYS) | (support < TOLD_DAYS)]
    out, back, both = out.loc[vehicles], back.loc[vehicles], both.loc[vehicles]
    return {
        "vehicle": vehicles.to_numpy(np.int32),
        "home": both["place_home"].to_numpy(),
        "work": both["place_work"].to_numpy(),
        **{
            f"{role}_{name}": both[f"{name}_{role}"].to_numpy()
            for role in ("home", "work")
            for name in ("lat", "lon", "radius_m", "camera")
        },
        "outbound_minute": out["minute"].to_numpy(),
        "return_minute": back["minute"].to_numpy(),
        "outbound_arrival_minute": out["arrival_minute"].to_numpy(),
        "return_arrival_minute": back["arrival_minute"].to_numpy(),
        "outbound_spread_min": out["spread_min"].to_numpy(),
        "return_spread_min": back["spread_min"].to_numpy(),
        "outbound_days": out["support"].to_numpy(),
        "return_days": back["support"].to_numpy(),
        "round_trips": out["round_trips"].to_numpy(),
        "first_seen": np.maximum(out["first_seen"], back["first_seen"]).to_numpy(),
        "last_seen": np.minimum(out["last_seen"], back["last_seen"]).to_numpy(),
        "weekdays": out["weekdays"].to_numpy(),
        "regularity": out["regularity"].to_numpy(),
        "confidence": (both["confidence_home"] * both["confidence_work"]).to_numpy(),
    }


def _by_vehicle(places: Rows, chosen: np.ndarray) -> pd.DataFrame:
    names = ("vehicle", "place", "lat", "lon", "radius_m", "camera", "confidence")
    return pd.DataFrame({name: places[name][chosen] for name in names}).set_index("vehicle")


def find_commutes(
    routines: Routines,
    places: Places,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Commutes:
    """Find commutes: a routine from home to work, and one that leads back.

    Parameters
    ----------
    routines : Routines
        From `find_routines`.
    places : Places
        From `find_places`; the places between which the routines lead.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default.
        The parts are those that `find_trips` made; so many are worked on at once as fit.

    Returns
    -------
    Commutes

    Raises
    ------
    UsageError
        If the routines lead between other places.

    Notes
    -----
    A commute is kept on three days of the week or more. Whoever is seen on five days or more, all
    on the same one or two days of the week, is none. Who changes hours, or works in turns, has
    several ways out and several back; those are told together that were kept on the same days,
    so that no commute leaves by one schedule and returns by another. The schedule of most round
    trips is the one that is named; `Routines` has the others.

    Examples
    --------
    >>> from analyzer.patterns.places import find_places
    >>> from analyzer.patterns.routines import find_routines
    >>> from analyzer.patterns.trips import find_trips
    >>> from analyzer.array_sightings import from_arrays
    >>> hours = np.add.outer(24 * np.arange(14), [8, 9, 18, 19]).ravel()
    >>> seen = from_arrays(np.zeros(56), hours * 3_600_000, np.tile([0, 1, 1, 0], 14))
    >>> trips = find_trips(seen, "90min")
    >>> places = find_places(trips)
    >>> commutes = find_commutes(find_routines(trips, places), places).to_pandas()
    >>> commutes[["outbound_minute", "return_minute", "round_trips"]].values.tolist()
    [[480.0, 1080.0, 12.0]]
    """
    if routines.places is not places and routines.places != places:
        raise UsageError("routines come from other places; call find_routines on the places given")
    return Commutes(routines, places, get_engine(engine, memory=memory))
