"""The truth of a synthetic region: homes, work places, every trip, who goes with whom.

It is written from the plans that vehicles follow, never from what cameras see, by code that imports
no analysis. Tables are made when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from analyzer.errors import InputError
from analyzer.synthetic.camera_sites import CameraSites
from analyzer.synthetic.companions import COMPANION_KINDS
from analyzer.synthetic.driving import AT_HOME, AT_VISIT, AT_WORK, ELSEWHERE, PLACES
from analyzer.synthetic.people import KINDS, STORY, has_commute
from analyzer.synthetic.plates import PUBLIC_KEY, format_plates, pseudonyms
from analyzer.synthetic.readers import trips_of
from analyzer.synthetic.scene import TIMEZONE, Scene
from analyzer.synthetic.schedules import CONVOY_BASE

TABLES = ("vehicles", "trips", "companions", "visits")

_TIMES = ("started_at", "ended_at", "arrived_at", "left_at")
_NAMES = ("vehicle", "vehicle_a", "vehicle_b")


@dataclass(frozen=True)
class Truth:
    """What really happened in a synthetic region.

    Attributes
    ----------
    vehicles : pandas.DataFrame
        vehicle (pseudonym), plate, kind, home_lat, home_lon, home_town, work_lat, work_lon,
        work_town (NaN or None where there is none; a student's university counts as work),
        has_commute (goes to one place away from home on three days a week or more),
        leave_home_minute, leave_work_minute (usual minute of the day; NaN where there is none, as
        for those who work in turns), household, story (the commuter from Chirchiq through Tashkent
        to Eshonguzar).
    trips : pandas.DataFrame
        vehicle, started_at, ended_at (Asia/Tashkent), origin, destination (kinds of place),
        origin_lat, origin_lon, destination_lat, destination_lon. The first trip of a day begins
        where the last one ended.
    companions : pandas.DataFrame
        vehicle_a, vehicle_b (a before b in the order of `vehicles`), kind ("convoy" or "couple"),
        journeys (trips that both really made together). Pairs that never travelled together are not
        in it.
    visits : pandas.DataFrame
        vehicle, category, arrived_at, left_at, lat, lon: stays at a school, shop, mosque
        ("worship") or clinic that begin and end within the data.
    """

    _tables: dict[str, Callable[[], pd.DataFrame]] = field(repr=False)

    @cached_property
    def vehicles(self) -> pd.DataFrame:
        """Vehicles, one row each, seen or not."""
        return self._tables["vehicles"]()

    @cached_property
    def trips(self) -> pd.DataFrame:
        """All trips, by vehicle (in the order of `vehicles`) and time."""
        return self._tables["trips"]()

    @cached_property
    def companions(self) -> pd.DataFrame:
        """Pairs that travelled together."""
        return self._tables["companions"]()

    @cached_property
    def visits(self) -> pd.DataFrame:
        """Stays at schools, shops, mosques and clinics."""
        return self._tables["visits"]()

    @cached_property
    def _by_plate(self) -> dict[str, str]:
        plates = (_normalise(plate) for plate in self.vehicles["plate"])
        return dict(zip(plates, self.vehicles["vehicle"], strict=True))

    def vehicle_of(self, plate: str) -> str:
        """Find the pseudonym of a plate, however it is spelled.

        Raises
        ------
        InputError
            If no vehicle of the region has that plate (the message does not repeat it).
        """
        try:
            return self._by_plate[_normalise(plate)]
        except KeyError:
            raise InputError(
                "no vehicle of this synthetic region has that plate; plates stand in truth.vehicles"
            ) from None

    def with_key(self, key: bytes) -> Truth:
        """Give the same truth with the pseudonyms that another key makes.

        Parameters
        ----------
        key : bytes
            The secret of a key file, for scoring a store that was read with it.

        Returns
        -------
        Truth
        """
        names = pseudonyms(self.vehicles["plate"], key)
        renamed = dict(zip(self.vehicles["vehicle"], names, strict=True))

        def renaming(table: str) -> Callable[[], pd.DataFrame]:
            def make() -> pd.DataFrame:
                frame = getattr(self, table).copy()
                for name in _NAMES:
                    if name in frame:
                        frame[name] = frame[name].map(renamed)
                return frame

            return make

        return Truth({table: renaming(table) for table in TABLES})


def _normalise(plate: str) -> str:
    return plate.upper().replace(" ", "").replace("-", "")


def truth_of(scene: Scene) -> Truth:
    """Give the truth of a scene, under the public key of synthetic regions.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    Truth
    """
    writer = TruthWriter(scene)
    everybody = np.arange(scene.vehicles)
    # Trips give visits, too: they are made once.
    trips: list[pd.DataFrame] = []

    def all_trips() -> pd.DataFrame:
        if not trips:
            trips.append(writer.trips(everybody))
        return trips[0]

    return Truth(
        {
            "vehicles": lambda: writer.vehicles,
            "trips": all_trips,
            "companions": lambda: writer.companions,
            "visits": lambda: writer.visits(all_trips()),
        }
    )


GROUPED = 20_000
"""Vehicles whose joint trips are held at once, about."""


class TruthWriter:
    """Write the truth of a scene, all of it or for some vehicles."""

    def __init__(self, scene: Scene):
        self._scene = scene

    @cached_property
    def vehicles(self) -> pd.DataFrame:
        """The table `Truth.vehicles`."""
        people, towns = self._scene.people, self._scene.towns
        plates = format_plates(self._scene.plates)
        town_names = np.array([*towns.name, None], object)
        commutes = has_commute(people)
        return pd.DataFrame(
            {
                "vehicle": pseudonyms(plates, PUBLIC_KEY),
                "plate": plates,
                "kind": np.array(KINDS, object)[people["kind"]],
                "home_lat": people["home_lat"].round(5),
                "home_lon": people["home_lon"].round(5),
                "home_town": town_names[people["town"]],
                "work_lat": people["work_lat"].round(5),
                "work_lon": people["work_lon"].round(5),
                "work_town": town_names[people["work_town"]],
                "has_commute": commutes,
                "leave_home_minute": people["leave_home"].round(1),
                "leave_work_minute": people["leave_work"].round(1),
                "household": people["household"],
                "story": np.arange(len(people)) == STORY,
            }
        )

    @cached_property
    def _names(self) -> np.ndarray:
        return self.vehicles["vehicle"].to_numpy(object)

    def _raw_trips(self, vehicles: np.ndarray) -> np.ndarray:
        scene = self._scene
        return trips_of(scene.world, scene.calendar, np.asarray(vehicles, np.int64))

    def trips(self, vehicles: np.ndarray) -> pd.DataFrame:
        """The table `Truth.trips` for some vehicles, given by their numbers."""
        trips = self._raw_trips(vehicles)
        places = np.array(PLACES, object)
        frame = pd.DataFrame(
            {
                "vehicle": self._names[trips["vehicle"]],
                "started_at": local_times(trips["started_at"]),
                "ended_at": local_times(trips["ended_at"]),
                "origin": places[trips["origin"]],
                "destination": places[trips["destination"]],
            }
        )
        for name in ("origin_lat", "origin_lon", "destination_lat", "destination_lon"):
            frame[name] = trips[name].round(5)
        return frame

    def visits(self, trips: pd.DataFrame) -> pd.DataFrame:
        """The table `Truth.visits` from trips that are ordered by vehicle and time."""
        kinds = {name for code, name in enumerate(PLACES) if code not in _NO_VISIT}
        stays = trips["destination"].isin(kinds) & (trips["vehicle"] == trips["vehicle"].shift(-1))
        arrived, left = trips[stays], trips["started_at"].shift(-1)[stays]
        return pd.DataFrame(
            {
                "vehicle": arrived["vehicle"],
                "category": arrived["destination"],
                "arrived_at": arrived["ended_at"],
                "left_at": left,
                "lat": arrived["destination_lat"],
                "lon": arrived["destination_lon"],
            }
        ).reset_index(drop=True)

    @cached_property
    def companions(self) -> pd.DataFrame:
        """The table `Truth.companions`."""
        # By groups, since the trips of all who ever drive with somebody do not fit into memory.
        found = [self._joint_trips(members) for members in _groups(self._scene, GROUPED)]
        counts = pd.concat(found).sort_values(["vehicle_a", "vehicle_b", "joint"])
        return pd.DataFrame(
            {
                "vehicle_a": self._names[counts["vehicle_a"]],
                "vehicle_b": self._names[counts["vehicle_b"]],
                "kind": np.array(COMPANION_KINDS, object)[
                    (counts["joint"] < CONVOY_BASE).to_numpy().astype(int)
                ],
                "journeys": counts["journeys"].to_numpy(),
            }
        )

    def _joint_trips(self, members: np.ndarray) -> pd.DataFrame:
        """Count the trips of each pair among some vehicles that drive with nobody else."""
        trips = self._raw_trips(members)
        trips = trips[trips["joint"] > 0]
        columns = ("joint", "row", "destination", "vehicle")
        joint = pd.DataFrame({name: trips[name] for name in columns})
        # There and back of one day are told apart by the order in which each member made them.
        joint["leg"] = joint.groupby(["joint", "row", "vehicle"]).cumcount()
        pairs = joint.merge(joint, on=["joint", "row", "leg"], suffixes=("_a", "_b"))
        pairs = pairs[pairs["vehicle_a"] < pairs["vehicle_b"]]
        counts = pairs.groupby(["vehicle_a", "vehicle_b", "joint"]).size()
        return counts.reset_index(name="journeys")


def _groups(scene: Scene, size: int) -> Iterator[np.ndarray]:
    """Give those who drive with somebody, about so many at once, never one without the other."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    partner, convoy = scene.people["partner"], scene.convoys.of
    members = np.flatnonzero((partner >= 0) | (convoy >= 0))
    paired, driven = np.flatnonzero(partner >= 0), np.flatnonzero(convoy >= 0)
    one = np.r_[paired, driven]
    other = np.r_[partner[paired], len(partner) + convoy[driven]]
    nodes = len(partner) + int(convoy.max(initial=-1)) + 1
    ties = coo_array((np.ones(len(one), bool), (one, other)), shape=(nodes, nodes))
    group = connected_components(ties, directed=False)[1][members]
    members = members[np.argsort(group, kind="stable")]
    group = np.sort(group)
    if not len(members):
        yield members
    start = 0
    for end in (np.flatnonzero(np.diff(group, append=-1)) + 1).tolist():
        if end - start >= size or end == len(members):
            yield np.sort(members[start:end])
            start = end


_NO_VISIT = tuple(int(code) for code in (AT_HOME, AT_WORK, AT_VISIT, ELSEWHERE))


def local_times(milliseconds: np.ndarray) -> pd.DatetimeIndex:
    """Turn instants (ms, UTC) into time stamps of Tashkent."""
    stamps = np.asarray(milliseconds, np.int64).view("datetime64[ms]")
    return pd.DatetimeIndex(stamps, tz="UTC").tz_convert(TIMEZONE)


def drifting_camera(sites: CameraSites) -> str:
    """Give the name of the camera whose clock drifts."""
    return str(sites.cameras["name"].iloc[sites.drifting])


def read_truth(folder: str | Path) -> Truth:
    """Read the truth that `Region.write` wrote beside the sightings.

    Parameters
    ----------
    folder : path
        The region's folder, or its folder ``truth``.

    Returns
    -------
    Truth

    Raises
    ------
    InputError
        If a table is missing.
    """
    folder = Path(folder)
    if (folder / "truth").is_dir():
        folder = folder / "truth"
    return Truth({table: _reading(folder, table) for table in TABLES})


def _reading(folder: Path, table: str) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        for suffix, reader in ((".csv", _read_csv), (".parquet", pd.read_parquet)):
            if (folder / f"{table}{suffix}").is_file():
                return reader(folder / f"{table}{suffix}")
        raise InputError(f"{folder}: no truth table {table}.csv or {table}.parquet")

    return read


def _read_csv(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path)
    for name in _present(_TIMES, frame):
        frame[name] = pd.to_datetime(frame[name], format="ISO8601").dt.tz_convert(TIMEZONE)
    return frame


def _present(names: Iterable[str], frame: pd.DataFrame) -> list[str]:
    return [name for name in names if name in frame]
