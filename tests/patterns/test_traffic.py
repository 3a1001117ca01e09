from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from analyzer.patterns.traffic import (
    ANY_HOUR,
    HOURS,
    cell_of,
    count_cells,
    sum_cells,
    traffic_of_pairs,
    traffic_with_all,
)


def region(rng, vehicles=9, cameras=4, n=200, hours=6):
    vehicle = np.sort(rng.integers(vehicles, size=n))
    cells = rng.integers(cameras, size=n) * HOURS + rng.integers(hours, size=n)
    starts = np.searchsorted(vehicle, np.arange(vehicles + 1))
    return vehicle, cells, starts


def oracle_rates(vehicle, cells, journeys: list[int], width: int):
    """Sightings by vehicle and place, opportunities and journeys by place (a cell or a camera)."""
    seen = Counter((int(v), int(c) // width) for v, c in zip(vehicle, cells, strict=True))
    opportunities: Counter = Counter()
    for (v, c), n in seen.items():
        for (w, e), m in seen.items():
            if v < w and c == e:
                opportunities[c] += n * m
    return seen, opportunities, Counter(c // width for c in journeys)


def oracle_traffic(a, b, vehicle, cells, journeys, own, counted=True):
    total = 0.0
    for width, weight in ((1, 1 - ANY_HOUR), (HOURS, ANY_HOUR)):
        seen, opportunities, begun = oracle_rates(vehicle, cells, journeys, width)
        all_opportunities = sum(oracle_rates(vehicle, cells, journeys, 1)[1].values())
        left_out = own if counted else []
        overall = (len(journeys) - len(left_out) + 1) / (all_opportunities + 1)
        mine = Counter(c // width for c in left_out)
        for place in {c for _, c in seen}:
            both = seen[a, place] * seen[b, place]
            rate = (begun[place] - mine[place] + 1) / (opportunities[place] - both + 1 / overall)
            total += weight * both * rate
    return total


def arrays(vehicle, cells, starts, journeys, cameras=4):
    cell_starts, cell, seen = count_cells(starts, cells)
    sightings, squares = sum_cells(cell_starts, cell, seen, cameras)
    size = cameras * HOURS
    begun = np.concatenate([
        np.bincount(journeys, minlength=size),
        np.bincount(np.array(journeys, int) // HOURS, minlength=cameras),
    ])
    return (cell_starts, cell, seen), sightings, (sightings**2 - squares) // 2, begun


@pytest.mark.parametrize("seed", range(6))
def test_traffic_is_that_of_the_oracle_and_symmetric(seed: int):
    rng = np.random.default_rng(seed)
    vehicle, cells, starts = region(rng)
    journeys = rng.choice(cells, 30).tolist()
    side, _, opportunities, begun = arrays(vehicle, cells, starts, journeys)
    a, b = np.triu_indices(9, 1)
    own = [journeys[i : i + rng.integers(0, 3)] for i in range(len(a))]
    own = [cells_ if i < 28 else [] for i, cells_ in enumerate(own)]
    own_starts = np.append(0, np.cumsum([len(o) for o in own]))
    own_cells = np.array([c for o in own for c in o], np.int64)
    counted = rng.random(len(a)) < 0.8
    found = traffic_of_pairs(
        a, b, counted, own_starts, own_cells, *side, *side, begun, opportunities, 4
    )
    turned = traffic_of_pairs(
        b, a, counted, own_starts, own_cells, *side, *side, begun, opportunities, 4
    )
    expected = [
        oracle_traffic(x, y, vehicle, cells, journeys, own[i], counted[i])
        for i, (x, y) in enumerate(zip(a, b, strict=True))
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(found, turned)


def test_traffic_of_all_pairs_is_about_the_journeys_there_were():
    rng = np.random.default_rng(3)
    vehicle, cells, starts = region(rng, vehicles=60, n=4000)
    journeys = rng.choice(cells, 900).tolist()
    side, sightings, opportunities, begun = arrays(vehicle, cells, starts, journeys)
    with_all = traffic_with_all(*side, sightings, begun, opportunities, 4)
    # Each pair stands in the sums of both vehicles.
    assert with_all.sum() / 2 == pytest.approx(900, rel=0.03)
    a, b = np.triu_indices(60, 1)
    none = np.zeros(len(a) + 1, np.int64)
    pairs = traffic_of_pairs(
        a, b, np.ones(len(a), bool), none, none[:0], *side, *side, begun, opportunities, 4
    )
    assert pairs.sum() == pytest.approx(with_all.sum() / 2, rel=0.03)


def test_cells_part_weekends_from_working_days():
    day = 86_400_000
    friday, saturday = 8 * day, 9 * day
    found = cell_of(np.array([1, 1, 1]), np.array([friday, saturday, saturday + day - 1]))
    assert found.tolist() == [48, 72, 95]
