"""The scene: everything that is fixed before the first car drives (places, people, rates)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from analyzer.errors import UsageError
from analyzer.synthetic.attributes import Looks, draw_looks
from analyzer.synthetic.camera_sites import CameraSites, find_ways, place_cameras
from analyzer.synthetic.companions import Convoys, make_convoys
from analyzer.synthetic.driving import Rates, World, node_table
from analyzer.synthetic.holidays import EPOCH, make_calendar
from analyzer.synthetic.land_use import LandUse, make_land_use
from analyzer.synthetic.people import STORY, TAXI, THROUGH, VAN, make_people
from analyzer.synthetic.plates import OTHER_REGIONS, make_plates
from analyzer.synthetic.randomness import uniforms
from analyzer.synthetic.readers import UTC_OFFSET_MS, Readers
from analyzer.synthetic.roads import Roads, find_paths, free_seconds, make_roads
from analyzer.synthetic.settings import Difficulty
from analyzer.synthetic.towns import Towns, read_towns
from analyzer.synthetic.traffic import slowness_table
from analyzer.units import DAY_MS, SECOND_MS

TIMEZONE = "Asia/Tashkent"

_COMPANY, _FOREIGN = 990, 991


@dataclass(frozen=True)
class Scene:
    """A region before the first car drives.

    Attributes
    ----------
    vehicles, days, seed, start
        As given to `make_region`.
    settings : Difficulty
    towns, roads, land_use, camera_sites, people, convoys, looks, readers, world
        Its parts; see their modules.
    plates : numpy.ndarray of int64, shape (vehicles,)
        Plates as integers (see `plates`).
    calendar : numpy.ndarray of int64, shape (days + 1, 4)
        See `holidays.make_calendar`.
    """

    vehicles: int
    days: int
    seed: int
    start: date
    settings: Difficulty
    towns: Towns
    roads: Roads
    land_use: LandUse
    camera_sites: CameraSites
    people: np.ndarray
    convoys: Convoys
    looks: Looks
    readers: Readers
    world: World
    plates: np.ndarray
    calendar: np.ndarray

    @property
    def longest_way(self) -> int:
        """Cameras on the way that passes most of them."""
        return int(np.diff(self.world.ways.of["start"]).max())


def make_scene(
    vehicles: int, days: int, seed: int, start: date, cameras: int, settings: Difficulty
) -> Scene:
    """Make a scene.

    Parameters
    ----------
    vehicles, days, seed : int
    start : datetime.date
        First day.
    cameras : int
        Camera sites.
    settings : Difficulty

    Returns
    -------
    Scene

    Raises
    ------
    UsageError
        If a number is out of range.
    """
    for name, value, least in (("vehicles", vehicles, 1), ("days", days, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise UsageError(f"{name} must be a whole number of at least {least}")
    towns = read_towns()
    roads = make_roads(towns, settings)
    paths = find_paths(roads, seed)
    free_s = free_seconds(roads, paths)
    land_use = make_land_use(towns, roads, free_s, seed)
    sites = place_cameras(towns, roads, paths, land_use, cameras, seed)
    people = make_people(vehicles, towns, roads, land_use, free_s, settings, seed)
    convoys = make_convoys(people, roads, land_use, free_s, settings, seed)
    world = World(
        seed=seed,
        people=people,
        convoys=convoys,
        ways=find_ways(roads, paths, sites),
        sites=land_use.sites,
        nodes=node_table(roads),
        job_choice=land_use.job_choice,
        leisure_choice=land_use.leisure_choice,
        free_s=free_s,
        slowness=slowness_table(),
        rates=Rates(
            float(settings.car_use),
            float(settings.convoy_days),
            float(settings.pair_outings_weekend),
            float(settings.pair_outings_weekday),
            int(settings.signal_cycle_s * SECOND_MS),
        ),
    )
    start_ms = (start - EPOCH).days * DAY_MS - UTC_OFFSET_MS
    readers = Readers(
        float(settings.coverage),
        float(settings.miss_rate),
        float(settings.misread_rate),
        float(settings.double_rate),
        sites.drifting,
        int(settings.drift_ppm),
        start_ms,
        start_ms + days * DAY_MS,
    )
    return Scene(
        vehicles=vehicles,
        days=days,
        seed=seed,
        start=start,
        settings=settings,
        towns=towns,
        roads=roads,
        land_use=land_use,
        camera_sites=sites,
        people=people,
        convoys=convoys,
        looks=draw_looks(people, settings.attribute_missing, settings.attribute_wrong, seed),
        readers=readers,
        world=world,
        plates=_draw_plates(people, towns, seed),
        calendar=make_calendar(start, days),
    )


def _draw_plates(people: np.ndarray, towns: Towns, seed: int) -> np.ndarray:
    count = len(people)
    commercial = np.isin(people["kind"], (TAXI, VAN))
    company = uniforms(seed, count, _COMPANY) < np.where(commercial, 0.6, 0.05)
    company[STORY] = False
    region = towns.plate_region[people["town"]]
    elsewhere = np.array(OTHER_REGIONS)[
        (uniforms(seed, count, _FOREIGN) * len(OTHER_REGIONS)).astype(np.int64)
    ]
    return make_plates(np.where(people["kind"] == THROUGH, elsewhere, region), company, seed)
