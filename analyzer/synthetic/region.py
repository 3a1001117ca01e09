"""A synthetic region: made from a few numbers, seen by cameras, and known in truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.errors import UsageError
from analyzer.result import Result
from analyzer.sightings import Sightings
from analyzer.synthetic.land_use import site_table
from analyzer.synthetic.passages import BLOCK_ROWS
from analyzer.synthetic.scene import TIMEZONE, Scene, make_scene
from analyzer.synthetic.settings import Difficulty, find_difficulty
from analyzer.synthetic.truth import Truth, TruthWriter, drifting_camera, truth_of
from analyzer.synthetic.writing import TRUTH_VEHICLES, build_store, write_region

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@dataclass(frozen=True, repr=False)
class Region(Result):
    """A synthetic region; made by `make_region`.

    Nothing large is made before it is asked for, and a region of any size can be written without
    holding it in memory.

    Attributes
    ----------
    scene : Scene
        Places, people, cameras and rates.
    regime : str
        "dense" or "sparse".
    """

    scene: Scene = field(repr=False)
    regime: str

    @cached_property
    def sightings(self) -> Sightings:
        """What the cameras saw, in a temporary store that goes with the object."""
        return self.build_store()

    @property
    def cameras(self) -> GeoDataFrame:
        """Camera sites: camera, name, zone, geometry (points, EPSG:4326)."""
        return self.sightings.cameras

    @cached_property
    def truth(self) -> Truth:
        """What really happened."""
        return truth_of(self.scene)

    @cached_property
    def sites(self) -> pd.DataFrame:
        """Schools, shops, mosques, clinics and universities: site, category, lat, lon."""
        return site_table(self.scene.land_use.sites)

    @property
    def settings(self) -> Difficulty:
        """Rates and shares, fixed before any scoring."""
        return self.scene.settings

    @property
    def provenance(self) -> dict[str, Any]:
        """What the data are and how to make them again; ``synthetic`` is True."""
        scene = self.scene
        return {
            "synthetic": True,
            "made_by": "analyzer.synthetic.make_region",
            "vehicles": scene.vehicles,
            "days": scene.days,
            "seed": scene.seed,
            "start": scene.start.isoformat(),
            "timezone": TIMEZONE,
            "regime": self.regime,
            "camera_sites": len(scene.camera_sites.edge),
            "drifting_camera": drifting_camera(scene.camera_sites),
            "settings": asdict(scene.settings),
            "attribution": "towns: GeoNames (CC BY 4.0); Eshonguzar's position is a proxy",
        }

    def build_store(
        self, path: str | Path | None = None, *, parts: int | None = None,
        block_rows: int = BLOCK_ROWS,
    ) -> Sightings:  # fmt: skip
        """Write what the cameras saw as a store.

        Parameters
        ----------
        path : path, optional
            Folder of the store; a temporary one by default.
        parts : int, optional
            Number of parts; by default as many as the rows need.
        block_rows : int
            Rows held at once while they are made, roughly. The store does not depend on it.

        Returns
        -------
        Sightings
        """
        return build_store(self.scene, self.provenance, path, parts=parts, block_rows=block_rows)

    def write(
        self, path: str | Path, format: str = "csv", *, block_rows: int = BLOCK_ROWS,
        truth_vehicles: int = TRUTH_VEHICLES,
    ) -> Path:  # fmt: skip
        """Write the region as files: sightings with (synthetic) plates, cameras, sites, truth.

        Parameters
        ----------
        path : path
            A new or empty folder.
        format : {"csv", "parquet"}
            Of the sightings and the truth.
        block_rows : int
            Rows held at once, roughly. The files' rows do not depend on it.
        truth_vehicles : int
            Vehicles whose trips are held at once while the truth is written; each day of each takes
            about 1 KB. CSV is the same to the byte; Parquet holds the same rows in other groups.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        UsageError
            If the format is not known.
        InputError
            If the folder holds something.
        """
        return write_region(self.scene, self.provenance, path, format, block_rows, truth_vehicles)

    def trip_blocks(self, vehicles: int = TRUTH_VEHICLES) -> Iterator[pd.DataFrame]:
        """Give the table ``truth.trips`` in pieces of so many vehicles, for large regions."""
        writer = TruthWriter(self.scene)
        for first in range(0, self.scene.vehicles, vehicles):
            yield writer.trips(np.arange(first, min(self.scene.vehicles, first + vehicles)))

    def summary(self) -> str:
        """Tell in plain sentences what the region is."""
        scene = self.scene
        sites = len(scene.camera_sites.edge)
        return (
            f"A synthetic region: {scene.vehicles:,} vehicles around Tashkent, {scene.days} days "
            f"from {scene.start.isoformat()}, {sites:,} camera sites, regime {self.regime}, "
            f"seed {scene.seed}."
        )

    def to_pandas(self) -> pd.DataFrame:
        """Give the sightings as a frame."""
        return self.sightings.to_pandas()

    def plot(self) -> Any:
        """Draw roads, homes and cameras.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from matplotlib import pyplot

        scene = self.scene
        _, axes = pyplot.subplots()
        for a, b in scene.roads.ends:
            axes.plot(scene.roads.lon[[a, b]], scene.roads.lat[[a, b]], color="0.7", linewidth=0.8)
        axes.scatter(scene.people["home_lon"], scene.people["home_lat"], s=1, label="homes")
        cameras = scene.camera_sites.cameras
        axes.scatter(cameras["lon"], cameras["lat"], s=9, marker="^", label="cameras")
        axes.set(xlabel="longitude", ylabel="latitude", title="Synthetic region", aspect=1.33)
        axes.legend()
        return axes


def make_region(
    vehicles: int = 5_000,
    days: int = 28,
    seed: int = 1,
    *,
    regime: str = "dense",
    cameras: int = 100,
    start: str | date = "2025-09-01",
    difficulty: Difficulty | str = "standard",
    **settings: Any,
) -> Region:
    """Make a synthetic region: the surroundings of Tashkent, with cars, cameras, and a known truth.

    Parameters
    ----------
    vehicles : int
        Number of vehicles; the first of them commutes from Chirchiq through Tashkent to Eshonguzar.
    days : int
        Number of days.
    seed : int
        The same numbers and seed give the same bytes.
    regime : {"dense", "sparse"}
        Seen about five times a day, or about 40 times in 180 days (with 100 camera sites).
    cameras : int
        Number of camera sites, 20 to 2,000; a site has one, two or four readers, which are one
        zone.
    start : str or datetime.date
        First day.
    difficulty : Difficulty or str
        Settings, or the name of a preset: "standard", "easy", "hard", "alone" (nobody travels
        together), "held_out" (another layout and another mix of people).
    **settings
        Single settings by name, for example ``miss_rate=0.2``; see `Difficulty`.

    Returns
    -------
    Region
        With ``.sightings``, ``.cameras``, ``.truth``, ``.sites`` and ``.write(path, format)``.

    Raises
    ------
    UsageError
        If a number is out of range or a name is not known.

    Notes
    -----
    Every draw is a hash of the seed, the vehicle, the day and the purpose, so days and vehicles can
    be made in any order. Travel follows the fastest way on a road graph (or a second one that some
    drivers prefer), slowed by the hour; who misses work, shops, worships or meets whom is drawn day
    by day.

    Examples
    --------
    >>> region = make_region(vehicles=50, days=2)
    >>> region.truth.vehicles.loc[0, ["kind", "home_town", "work_town"]].tolist()
    ['commuter', 'Chirchiq', 'Eshonguzar']
    >>> region.sightings.synthetic
    True
    """
    resolved = find_difficulty(difficulty, regime, settings)
    return Region(make_scene(vehicles, days, seed, _first_day(start), cameras, resolved), regime)


def _first_day(start: str | date) -> date:
    if isinstance(start, datetime):
        return start.date()
    if isinstance(start, date):
        return start
    try:
        return date.fromisoformat(start)
    except (TypeError, ValueError):
        raise UsageError(f"start {start!r} is not a day; write for example '2025-09-01'") from None
