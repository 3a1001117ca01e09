"""Route variants: cameras that exclude each other, by brute force, and two ways to work."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.places import find_places
from analyzer.patterns.routes import EXPECTED_BOTH, LEAST_DRIVES, count_variants
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips

from . import lives


def drives_of(random, ways, drives, seen):
    """Draw drives along ways (sets of sites), each site seen with a chance."""
    chosen = random.integers(0, len(ways), drives)
    return [
        [site for site in ways[way] if random.uniform() < seen] or [ways[way][0]] for way in chosen
    ]


def columns_of(lists):
    drive = np.repeat(np.arange(len(lists)), [len(sites) for sites in lists])
    return drive, np.array([site for sites in lists for site in sites], np.int32)


def excluding(lists):
    """All pairs of sites that exclude each other, with sets."""
    seen = {site: {n for n, sites in enumerate(lists) if site in sites} for site in range(12)}
    often = [site for site in seen if len(seen[site]) >= LEAST_DRIVES]
    return {
        (a, b)
        for a, b in combinations(often, 2)
        if not seen[a] & seen[b] and len(seen[a]) * len(seen[b]) >= EXPECTED_BOTH * len(lists)
    }


@pytest.mark.parametrize("seed", range(30))
def test_variants_are_sites_that_all_exclude_each_other(seed):
    random = np.random.default_rng(seed)
    ways = [random.choice(12, 5, replace=False).tolist() for _ in range(int(random.integers(1, 4)))]
    lists = drives_of(random, ways, int(random.integers(4, 60)), random.uniform(0.4, 1.0))
    drive, site = columns_of(lists)
    variants, share = count_variants(np.zeros(len(drive), int), drive, site, 1)
    pairs = excluding(lists)
    largest = max(
        (
            size
            for size in range(2, 6)
            for some in combinations(range(12), size)
            if set(combinations(some, 2)) <= pairs
        ),
        default=1,
    )
    # Greedy: it finds two ways wherever there are two, and never more than exclude each other.
    assert (variants[0] > 1) == (largest > 1)
    assert variants[0] <= largest
    assert 0 < share[0] <= 1


def test_one_way_stays_one_though_cameras_miss():
    random = np.random.default_rng(1)
    told = []
    for _ in range(200):
        drive, site = columns_of(drives_of(random, [[0, 1, 2, 3, 4]], 20, 0.7))
        told.append(count_variants(np.zeros(len(drive), int), drive, site, 1)[0][0])
    assert np.mean(np.array(told) > 1) < 0.02


def test_commuters_with_two_ways_are_told_apart():
    life = []
    for day in lives.weekdays(4):
        middle = [2] if day % 2 else [4]
        life += lives.drive(day, 7.5, [0, *middle, 6, 7]) + lives.drive(day, 17, [7, 6, 4, 0])
    sightings = lives.sightings_of([life, lives.day_worker()])
    places = find_places(find_trips(sightings))
    commutes = find_commutes(find_routines(places.trips, places), places)
    routes = commutes.routes().set_index(["vehicle", "way"])
    assert routes.loc[("v0", "outbound"), "variants"] == 2
    assert routes.loc[("v0", "return"), "variants"] == 1
    assert routes.loc[("v1", "outbound"), ["variants", "drives"]].tolist() == [1, 19]
    split = find_places(find_trips(sightings.with_parts(2)))
    split = find_commutes(find_routines(split.trips, split), split)
    assert split.routes().equals(commutes.routes())
    hours = commutes.hours()
    assert (hours.drop(columns="minute").sum() == 2).all()
    assert hours.loc[hours["minute"] == 450, "leave_home"].item() == 2
