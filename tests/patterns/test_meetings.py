from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from analyzer.errors import UsageError
from analyzer.patterns.meeting_stays import (
    find_meetings_of_spots,
    habit_and_traffic,
    meet_on_other_days,
)
from analyzer.patterns.meetings import find_meetings
from analyzer.patterns.places import find_places
from analyzer.patterns.trips import find_trips
from analyzer.scoring.meetings import true_meetings
from analyzer.sightings import from_arrays
from analyzer.synthetic import make_region

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NAMES = ("spot", "arrived", "left", "vehicle", "site", "via", "anchored")
KIND = np.array([0, 0, 1, 1, 0, 0, 1])


def random_stays(rng, n=90):
    arrived = (4 + rng.integers(0, 6, n)) * DAY + rng.choice([9, 23.7], n) * HOUR
    arrived = arrived.astype(np.int64) + rng.integers(0, 50 * MINUTE, n)
    rows = {
        "spot": rng.integers(0, 3, n), "arrived": arrived,
        "left": arrived + rng.integers(10 * MINUTE, 3 * HOUR, n),
        "vehicle": rng.integers(0, 6, n), "site": rng.integers(0, 2, n),
        "via": rng.integers(-1, 2, n), "anchored": rng.random(n) < 0.4,
    }  # fmt: skip
    order = np.lexsort((rows["vehicle"], rows["arrived"], rows["spot"]))
    return {name: rows[name][order] for name in NAMES}


def oracle_meets(one, other, within, moved=0) -> bool:
    """Whether two stays, the first moved by so many days, are a meeting: by the words alone."""
    s, a, e, v, site, via, home = one
    t, b, f, w, site_b, via_b, home_b = other
    a, e = a + moved * DAY, e + moved * DAY
    sides = site != site_b or (via != via_b and -1 not in (via, via_b))
    return bool(
        s == t and v != w and sides and not (home and home_b)
        and abs(a - b) <= within and min(e, f) - max(a, b) >= 20 * MINUTE
    )


@pytest.mark.parametrize("seed", range(5))
def test_meetings_habit_and_opportunities_are_those_of_the_oracle(seed: int):
    stays = random_stays(np.random.default_rng(seed))
    rows = list(zip(*(stays[name].tolist() for name in NAMES), strict=True))
    within = 20 * MINUTE
    met, shifted, both, would = Counter(), Counter(), Counter(), set()
    for one, other in combinations(rows, 2):
        if one[3] == other[3]:
            continue
        if one[3] > other[3]:
            one, other = other, one
        pair = (one[3], other[3])
        if oracle_meets(one, other, within):
            met[(*pair, max(one[1], other[1]) // DAY)] += 1
        both[pair] += one[0] == other[0] and not (one[6] and other[6])
        today = one[1] // DAY - 4
        for day in range(len(KIND)):
            if day != today and KIND[day] == KIND[today]:
                hit = oracle_meets(one, other, within, day - today)
                shifted[pair] += hit
                would |= {pair} if hit and one[3] == 2 else set()
        # A probed vehicle is the one that comes on another day, also when its code is higher.
        theirs = other[1] // DAY - 4
        for day in range(len(KIND)):
            if day != theirs and KIND[day] == KIND[theirs] and other[3] == 2:
                would |= {pair} if oracle_meets(other, one, within, day - theirs) else set()
    columns = [stays[name] for name in NAMES]
    found = find_meetings_of_spots(*columns, within)
    assert Counter(map(tuple, found.tolist())) == met
    assert len(met) > 5
    probed = stays["vehicle"] == 2
    others = meet_on_other_days(*columns, probed, within, KIND, 4)
    assert set(map(tuple, others.tolist())) == would
    order = np.lexsort((stays["arrived"], stays["spot"], stays["vehicle"]))
    a, b = np.triu_indices(6, 1)
    habit, opportunities = habit_and_traffic(
        a, b, *(column[order] for column in columns), within, KIND, 4
    )
    assert habit.tolist() == [shifted[pair] for pair in zip(a, b, strict=True)]
    assert opportunities.tolist() == [both[pair] for pair in zip(a, b, strict=True)]
    assert habit.sum() > 5


def lives(friends: bool, seed: int = 0):
    """Eighty vehicles that go to one of three squares at random hours; two of them as agreed."""
    rng = np.random.default_rng(seed)
    rows = []
    for v in range(80):
        for day in range(42):
            agreed = friends and v < 2 and day % 3 == 0
            if rng.random() < 0.3 and not agreed:
                continue
            square = int(rng.integers(3))
            at = (4 + day) * DAY + rng.integers(8 * HOUR, 18 * HOUR)
            if agreed:
                at = (4 + day) * DAY + (9 + day % 7) * HOUR + 5 * MINUTE * v
                square = day % 2
            # A camera on either side of each square, and one on the road that leads there.
            west = v % 2
            way = [6 + 2 * square + west, 2 * square + west]
            for k, camera in enumerate(way + way[::-1]):
                rows.append((v, at + (k % 2) * 9 * MINUTE + (k > 1) * 100 * MINUTE, camera))
    v, t, c = np.array(sorted(rows)).T
    lat = [41 + 0.3 * square for square in (0, 0, 1, 1, 2, 2)] * 2
    # One camera far away, so that no square lies on a border of the grid.
    places = [*zip(lat, [69.1, 68.9] * 3 + [69.3, 68.7] * 3, strict=True), (42.0, 65.0)]
    cameras = pd.DataFrame(places, columns=["lat", "lon"]).assign(name=[f"c{k}" for k in range(13)])
    return find_trips(from_arrays(v, t, c, cameras=cameras, timezone="UTC"))


def test_who_meets_as_agreed_is_found_and_nobody_else():
    trips = lives(friends=True)
    meetings = find_meetings(trips, find_places(trips))
    assert meetings.pairs[["vehicle_a", "vehicle_b"]].values.tolist() == [["v0", "v1"]]
    row = meetings.pairs.iloc[0]
    assert row["meetings"] >= 8 and row["expected"] < 4 and row["q_value"] < 0.05
    assert meetings.tests == 80 * 79 // 2
    assert "v0" not in meetings.summary()
    assert meetings.plot().get_ylabel() == "pairs"
    everything = find_meetings(trips, find_places(trips), max_fdr=1)
    assert len(everything) == everything.by_meetings[1:].sum() > 100


def test_strangers_on_a_square_do_not_meet():
    reporting = 0
    for seed in range(6):
        trips = lives(friends=False, seed=seed)
        reporting += len(find_meetings(trips, find_places(trips))) > 0
    assert reporting <= 1


def test_a_region_is_scored_against_its_visits():
    region = make_region(vehicles=150, days=14, seed=4)
    trips = find_trips(region.sightings)
    everything = find_meetings(trips, find_places(trips), max_fdr=1)
    score = everything.score(region.truth)
    assert score["precision"].n == len(everything) > 20
    visits = region.truth.visits
    visits = visits[visits["vehicle"].isin(region.sightings.vehicles)]
    assert score["recall"].n == len(true_meetings(visits, 30 * MINUTE)) > 0
    divided = find_trips(region.sightings.with_parts(5))
    again = find_meetings(divided, find_places(divided), max_fdr=1, memory="1KB")
    pd.testing.assert_frame_equal(again.to_pandas(), everything.to_pandas(), check_exact=True)


def test_nobody_stays():
    trips = find_trips(from_arrays(np.empty(0, int), np.empty(0, int), np.empty(0, int)))
    meetings = find_meetings(trips, find_places(trips))
    assert len(meetings) == len(meetings.pairs) == 0
    assert meetings.summary() and meetings.plot()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"within": "0s"}, "within"), ({"within": "13h"}, "within"), ({"max_fdr": 0}, "max_fdr")],
)
def test_senseless_calls_are_refused(options: dict, message: str):
    trips = lives(friends=False)
    with pytest.raises(UsageError, match=message):
        find_meetings(trips, find_places(trips), **options)
    other = lives(friends=True)
    with pytest.raises(UsageError, match="other trips"):
        find_meetings(trips, find_places(other))
