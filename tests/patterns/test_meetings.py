from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.engine import get_engine
from analyzer.engine.base import RowsPart, sort_rows
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.patterns import meeting_chance
from analyzer.patterns import meetings as meetings_module
from analyzer.patterns.cotravel_parts import is_probed
from analyzer.patterns.meeting_chance import count_chance
from analyzer.patterns.meeting_pairs import (
    ON_ANOTHER_DAY,
    check_packing,
    kinds_of,
    pack_meetings,
    pairs_of,
)
from analyzer.patterns.meeting_spots import approaches_of, neighbouring_sites, visits_of_part
from analyzer.patterns.meeting_stays import (
    count_comparisons,
    find_meetings_of_spots,
    meet_on_other_days,
    meetings_of_spots,
    opportunities_of_spots,
)
from analyzer.patterns.meetings import find_meetings
from analyzer.patterns.places import find_places
from analyzer.patterns.plane import camera_plane
from analyzer.patterns.roles import HOME, OTHER
from analyzer.patterns.trips import find_trips
from analyzer.scoring.meetings import true_meetings
from analyzer.synthetic import make_region

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NAMES = ("site", "arrived", "left", "vehicle", "via", "anchored")
KIND = np.array([0, 0, 1, 1, 0, 0, 1])

# Five cameras of four sites in a row (those of site 1 stand together), and one that is nowhere.
CAMERAS = pd.DataFrame(
    {"lat": [41.0] * 5 + [np.nan], "lon": [69.0, 69.1, 69.1001, 69.13, 69.5, np.nan]}
)


def random_stays(rng, n=140):
    """Stays by camera; the camera before the last is another, or unknown."""
    arrived = (4 + rng.integers(0, 6, n)) * DAY + rng.choice([9, 23.7], n) * HOUR
    arrived = arrived.astype(np.int64) + rng.integers(0, 50 * MINUTE, n)
    rows = {
        "site": rng.integers(0, 6, n), "arrived": arrived,
        "left": arrived + rng.integers(10 * MINUTE, 3 * HOUR, n),
        "vehicle": rng.integers(0, 6, n),
        "via": rng.integers(-1, 6, n), "anchored": rng.random(n) < 0.4,
    }  # fmt: skip
    return list(zip(*(rows[name].tolist() for name in NAMES), strict=True))


@cache
def guess(camera: int, via: int) -> list[float]:
    """Where one stays, and how far off that may be; the first camera of a site stands for it."""
    first = [0, 1, 1, 3, 4, 5, -1]
    found = camera_plane(CAMERAS).beyond(np.array([first[camera]]), np.array([first[via]]))
    return [float(number) for number in np.ravel(found)]


def oracle_places(one, other) -> bool:
    """Whether two stays may be at one place, from different sides: by the words alone."""
    site = [0, 1, 1, 2, 3, 4, -1]  # the last for "no camera before": via -1
    (s, *_, p, home), (t, *_, q, home_b) = one, other
    if home and home_b:
        return False
    if site[s] == site[t]:
        return site[p] != site[q] and -1 not in (p, q)
    if 5 in (s, t) or site[p] == site[t] or site[q] == site[s]:
        return False
    (x, y, r), (u, v, w) = guess(s, p), guess(t, q)
    return ((x - u) ** 2 + (y - v) ** 2) ** 0.5 <= (r + w) / 2


def oracle_times(one, other, within, moved=0) -> bool:
    """Whether two stays, the first moved by so many days, are at one time."""
    a, e, b, f = one[1] + moved * DAY, one[2] + moved * DAY, other[1], other[2]
    return abs(a - b) <= within and min(e, f) - max(a, b) >= 20 * MINUTE


def part_of(stays):
    """Give stays as a part of places has them: by vehicle, in order of time."""
    columns = (np.array(c) for c in zip(*sorted(stays, key=lambda s: (s[3], s[1])), strict=True))
    site, arrived, left, vehicle, via, anchored = columns
    return {
        "arrival": site, "arrival_via": via, "local_start": arrived, "local_end": left,
        "vehicle": vehicle, "role": np.where(anchored, HOME, OTHER),
    }  # fmt: skip


def shared_by_parts(within: int):
    plane = camera_plane(CAMERAS)
    starts, others = neighbouring_sites(plane)
    return {
        "plane": plane, "neighbour_starts": starts, "neighbours": others,
        "within": np.array([within]), "kind": KIND, "first_day": np.array([4]),
        "n_codes": np.array([6]), "seed": np.array([0]), "probed_share": np.array([0.5]),
    }  # fmt: skip


def rows_at_spots(stays, shared):
    """Give stays as the kernels of spots take them."""
    rows = visits_of_part(part_of(stays), shared)
    return sort_rows(rows, list(rows))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("listed", [0, 9, 10_000])
def test_meetings_habit_and_opportunities_are_those_of_the_oracle(seed: int, listed, monkeypatch):
    monkeypatch.setattr(meeting_chance, "MOST_LISTED", listed)
    stays = random_stays(np.random.default_rng(seed))
    within = 20 * MINUTE
    met, shifted, both, would, compared = Counter(), Counter(), Counter(), set(), 0
    kept = [stay for stay in stays if stay[2] - stay[1] >= 20 * MINUTE]
    for one, other in combinations(kept, 2):
        # Every two of the five placed sites here are neighbours.
        at_one_spot = (one[0] == other[0]) if 5 in (one[0], other[0]) else True
        compared += at_one_spot and abs(one[1] - other[1]) <= within
        if one[3] == other[3] or not oracle_places(one, other):
            continue
        if one[3] > other[3]:
            one, other = other, one
        pair = (one[3], other[3])
        both[pair] += 1
        if oracle_times(one, other, within):
            met[(*pair, max(one[1], other[1]) // DAY)] += 1
        today, theirs = one[1] // DAY - 4, other[1] // DAY - 4
        for day in range(len(KIND)):
            if day != today and KIND[day] == KIND[today]:
                hit = oracle_times(one, other, within, day - today)
                shifted[pair] += hit
                would |= {pair} if hit and one[3] == 2 else set()
            # A probed vehicle is the one that comes on another day, also when its code is higher.
            if day != theirs and KIND[day] == KIND[theirs] and other[3] == 2:
                would |= {pair} if oracle_times(other, one, within, day - theirs) else set()
    shared = shared_by_parts(within)
    rows = rows_at_spots(stays, shared)
    approach, approaches = approaches_of(rows, shared["plane"])
    columns = [rows[name] for name in ("spot", "guest", "arrived", "left", "vehicle")]
    assert count_comparisons(*columns[:3], within) == compared
    found = find_meetings_of_spots(*columns, approach, approaches, within)
    assert Counter(map(tuple, found.tolist())) == met
    assert len(met) > 5
    probed = rows["vehicle"] == 2
    others = meet_on_other_days(*columns, approach, approaches, probed, within, KIND, 4)
    assert set(map(tuple, others.tolist())) == would
    days = pairs_of([meetings_of_spots(rows, shared)["meeting"]], 6, len(KIND))
    counted = {
        (int(days.first_of(np.array([k]))[0]), int(days.second[k])): int(days.met[k])
        for k in range(len(days))
    }
    assert {pair: n for pair, n in counted.items() if n} == Counter(key[:2] for key in met)
    assert set(counted) >= would
    a, b = np.triu_indices(6, 1)
    pairs = pairs_of([pack_meetings(a, b, np.full(15, ON_ANOTHER_DAY), 6, 7)], 6, 7)
    # A part of each two vehicles; each block as large as one part, or as all.
    parts = [RowsPart(part_of([s for s in stays if s[3] // 2 == k])) for k in range(3)]
    for memory in ("1KB", "1GB"):
        counts = count_chance(pairs, parts, len(stays), shared, get_engine("local", memory))
        for found, expected in zip(counts, (shifted, both), strict=True):
            assert found.tolist() == [expected[pair] for pair in zip(a, b, strict=True)]
    chosen = is_probed(np.arange(6), shared)
    assert 0 < chosen.sum() < 6
    assert pairs.times_chosen(chosen).tolist() == (chosen[a] + 0 + chosen[b]).tolist()
    every, of_probed = opportunities_of_spots(rows, shared)
    assert every == sum(both.values())
    assert of_probed == sum(
        n * (int(chosen[one]) + int(chosen[other])) for (one, other), n in both.items()
    )
    assert sum(shifted.values()) > 5


def test_pairs_of_one_kind_are_counted_together():
    rng = np.random.default_rng(0)
    # More kinds than the table has room for at first.
    counts = rng.integers(0, 40, (3, 30_000))
    kinds = kinds_of(*counts)
    expected, times = np.unique(counts, axis=1, return_counts=True)
    named = np.stack([kinds.met, kinds.shifted, kinds.opportunities])
    order = np.lexsort(named[::-1])
    assert len(kinds) > 4096
    assert (named[:, order] == expected).all() and (kinds.pairs[order] == times).all()
    assert (named[:, kinds.of] == counts).all()
    assert kinds.meetings == counts[0].sum()
    assert kinds.by_meetings.tolist() == [0, *np.bincount(counts[0])[1:].tolist()]


def test_more_vehicles_than_pairs_can_be_numbered_of_are_refused():
    check_packing(100_000_000, 366)
    with pytest.raises(TooMuchWorkError, match=r"300,000,000 vehicles.*between"):
        check_packing(300_000_000, 366)


def lives(friends: bool, seed: int = 0, far=(42.0, 65.0)):
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
    places = [*zip(lat, [69.1, 68.9] * 3 + [69.3, 68.7] * 3, strict=True), far]
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


@pytest.mark.parametrize("far", [(41.5, 69.0), (42.0, 66.1), (42.3, 65.0)])
def test_a_camera_that_nobody_passes_changes_nothing(far):
    trips, moved = lives(friends=True), lives(friends=True, far=far)
    meetings = find_meetings(trips, find_places(trips), max_fdr=1)
    again = find_meetings(moved, find_places(moved), max_fdr=1)
    columns = ["vehicle_a", "vehicle_b", "meetings", "shifted"]
    pd.testing.assert_frame_equal(again.pairs[columns], meetings.pairs[columns])


def two_who_meet(one: str, two: str, days: int = 60, times: int = 20, seed: int = 3):
    """Two vehicles that go past the cameras named, stay two hours and go back, on irregular days.

    The cameras A, a, M, b and B stand in a row, a few kilometres apart.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for day in rng.choice(days, times, replace=False):
        start = (4 + day) * DAY + rng.uniform(9, 18) * HOUR
        for v, way in enumerate((one, two)):
            at = start + rng.uniform(0, 10) * MINUTE
            for k, camera in enumerate(way + way[::-1]):
                later = 5 * k + 120 * (k >= len(way))
                rows.append((v, int(at + later * MINUTE), "AaMbB".index(camera)))
    v, t, c = np.array(sorted(rows)).T
    lon = [69.0, 69.1, 69.2, 69.3, 69.4]
    cameras = pd.DataFrame({"lat": [41.3] * 5, "lon": lon, "name": list("AaMbB")})
    return find_trips(from_arrays(v, t, c, cameras=cameras, timezone="UTC"))


@pytest.mark.parametrize(("one", "two"), [("AM", "BM"), ("AaM", "BbM"), ("Aa", "Bb"), ("aM", "bM")])
def test_two_who_come_from_either_side_meet(one: str, two: str):
    trips = two_who_meet(one, two)
    pairs = find_meetings(trips, find_places(trips)).pairs
    assert pairs[["vehicle_a", "vehicle_b", "meetings"]].values.tolist() == [["v0", "v1", 20]]
    assert pairs["expected"].item() < 5


@pytest.mark.parametrize(("one", "two"), [("AM", "AM"), ("M", "M"), ("Aa", "AaM"), ("Aa", "BbB")])
def test_who_comes_from_one_side_or_stays_far_away_meets_nobody(one: str, two: str):
    trips = two_who_meet(one, two)
    assert not len(find_meetings(trips, find_places(trips), max_fdr=1))


def test_neighbours_do_not_meet_by_living_in_one_place():
    # Home by one of two roads every evening at about six, and out again in the morning.
    rng = np.random.default_rng(5)
    rows = []
    for v in range(30):
        way = [0, 1, 2] if v % 2 else [4, 3, 2]
        for day in range(42):
            for hour, cameras in ((7.5, way[::-1]), (18, way)):
                at = (4 + day) * DAY + hour * HOUR + rng.normal(0, 10) * MINUTE
                rows += [(v, int(at + 5 * k * MINUTE), camera) for k, camera in enumerate(cameras)]
    v, t, c = np.array(sorted(rows)).T
    lon = [69.0, 69.1, 69.2, 69.3, 69.4]
    cameras = pd.DataFrame({"lat": [41.3] * 5, "lon": lon, "name": list("AaMbB")})
    trips = find_trips(from_arrays(v, t, c, cameras=cameras, timezone="UTC"))
    places = find_places(trips)
    assert len(find_meetings(trips, places)) == 0
    # Were those at home not set aside, most pairs would meet; day after day, so by habit.
    assert find_meetings(trips, places, max_fdr=1).by_meetings[1:].sum() < 30


def test_too_many_comparisons_are_refused_before_they_are_made(monkeypatch):
    trips = lives(friends=False)
    monkeypatch.setattr(meetings_module, "MAX_COMPARISONS", 1_000)
    with pytest.raises(TooMuchWorkError, match=r"within='\d+s'.*between"):
        find_meetings(trips, find_places(trips))


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
