"""Home and work together: how many vehicles share the pair, at three levels of place.

References
----------
Golle, P., Partridge, K. (2009). On the anonymity of home/work location pairs. Pervasive Computing,
LNCS 5538, 390–397. doi:10.1007/978-3-642-01516-8_26
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.engine import Engine
from analyzer.risk.choosing import Anchors, find_anchors
from analyzer.risk.crowd_sizes import CrowdSizes, crowd_sizes
from analyzer.risk.points import places_of_cameras
from analyzer.risk.published import Published, published
from analyzer.sightings import Sightings

TOWN_M = 10_000.0
"""Side of the cells that stand for towns: nobody has told where towns end."""

LEVELS = (
    ("camera", "camera", None, "census block"),
    ("zone", "zone", None, "census tract"),
    ("cell of 10 km", "10km", TOWN_M, "county"),
)
"""Name, space and side of each level, and the published level to read it beside."""

PAIRS = (
    "homes and works inferred; vehicles with the same pair of places, among those with both"
)
ONE_OF_THEM = "homes and works inferred; vehicles with the same {} place, among those with both"


@dataclass(frozen=True)
class HomeWorkPairs:
    """How many vehicles share home and work at one level of place.

    Attributes
    ----------
    level : str
        ``"camera"``, ``"zone"``, or ``"cell of 10 km"``, which stands for a town.
    places : int
        Number of places at this level.
    pair : CrowdSizes
        Of the vehicles that share home and work.
    home, work : CrowdSizes
        Of those that share the one or the other.
    published : Published
        The median of Golle and Partridge for persons, at the level most like it.
    homes, works : int
        Vehicles with a home, and with a work place, whether or not they have the other one.
    """

    level: str
    places: int
    pair: CrowdSizes
    home: CrowdSizes
    work: CrowdSizes
    published: Published
    homes: int = 0
    works: int = 0

    def sentence(self) -> str:
        """Say how many share the pair."""
        n = self.pair.median.n
        if not n:
            return f"No vehicle has both a home and a work that can be found ({self.level})."
        return (
            f"Known to the {self.level}, home and work together are shared by "
            f"{self.pair.median.value:,.0f} vehicle{'' if self.pair.median.value == 1 else 's'} "
            f"in the median ({self.home.median.value:,.0f} for home alone, "
            f"{self.work.median.value:,.0f} for work alone), of {n:,}; "
            f"{self.pair.below[0].percent()} share it with nobody. Published median for persons, "
            f"by {self.published.what.split(', ')[-1]}: {self.published.value:,.0f} "
            f"({self.published.cite()})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the level as JSON-able fields."""
        return {
            "level": self.level,
            "places": self.places,
            "pair": self.pair.to_dict(),
            "home": self.home.to_dict(),
            "work": self.work.to_dict(),
            "published": self.published.to_dict(),
        }


def measure_home_work(sightings: Sightings, engine: Engine) -> tuple[HomeWorkPairs, ...]:
    """Measure how many vehicles share home and work, at each level of place.

    Parameters
    ----------
    sightings : Sightings
        The population.
    engine : Engine
        Where the parts run.
    """
    anchors = find_anchors(sightings, engine)
    return tuple(
        pairs_at_level(
            anchors,
            places_of_cameras(sightings, space, side),
            level,
            next(figure for figure in published("home and work") if like in figure.what),
        )
        for level, space, side, like in LEVELS
    )


def pairs_at_level(
    anchors: Anchors, places: np.ndarray, level: str, beside: Published
) -> HomeWorkPairs:
    """Count, for each vehicle that has both, those that have the same home and work.

    Examples
    --------
    >>> anchors = Anchors(np.array([0, 0, 1, 2, -1]), np.array([3, 3, 3, 0, 3]))
    >>> beside = published("home and work")[0]
    >>> found = pairs_at_level(anchors, np.array([0, 1, 2, 3]), "camera", beside)
    >>> found.pair.sizes, found.home.sizes, found.work.sizes
    (((1, 2), (2, 2)), ((1, 2), (2, 2)), ((1, 1), (3, 3)))
    >>> found.homes, found.works
    (4, 5)
    """
    both = np.flatnonzero((anchors.home >= 0) & (anchors.work >= 0))
    home = places[anchors.home[both]].astype(np.int64)
    work = places[anchors.work[both]].astype(np.int64)
    n_places = int(places.max(initial=-1)) + 1

    def sizes(labels: np.ndarray, method: str) -> CrowdSizes:
        _, of, counts = np.unique(labels, return_inverse=True, return_counts=True)
        return crowd_sizes(counts[of], len(both), method)

    return HomeWorkPairs(
        level=level,
        places=n_places,
        pair=sizes(home * n_places + work, PAIRS),
        home=sizes(home, ONE_OF_THEM.format("home")),
        work=sizes(work, ONE_OF_THEM.format("work")),
        published=beside,
        homes=int(np.count_nonzero(anchors.home >= 0)),
        works=int(np.count_nonzero(anchors.work >= 0)),
    )
