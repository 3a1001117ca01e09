"""Routines: departures clustered on the circle of the day, and the days on which they are kept."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.errors import UsageError
from analyzer.patterns.minutes import circular_median, cluster_departures, cluster_minutes
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines, recurring_trips
from analyzer.patterns.trips import find_trips

from . import lives


def circular_distances(minute):
    gap = np.abs(minute[:, None] - minute[None, :])
    return np.minimum(gap, 1440 - gap)


@pytest.mark.parametrize("seed", range(60))
def test_clusters_on_the_circle_are_those_of_scikit_learn(seed):
    from sklearn.cluster import DBSCAN

    random = np.random.default_rng(seed)
    n = int(random.integers(1, 50))
    usual = random.choice([470.0, 1075.0, 1436.0], n)
    minute = np.sort(np.round(usual + random.normal(0, 40, n)) % 1440)
    if seed % 3 == 0:
        minute = np.sort(random.integers(0, 1440, n).astype(float))
    least = int(random.integers(1, 5))
    labels = cluster_minutes(minute, 20.0, least)
    distances = circular_distances(minute)
    oracle = DBSCAN(eps=20.0, min_samples=least, metric="precomputed").fit(distances)
    core = np.zeros(n, bool)
    core[oracle.core_sample_indices_] = True
    assert ((labels >= 0) == (oracle.labels_ >= 0)).all()
    pairs = set(zip(labels[core].tolist(), oracle.labels_[core].tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    for i in np.flatnonzero(~core & (labels >= 0)):
        to_core = np.where(core, distances[i], np.inf)
        nearest = np.flatnonzero(to_core == to_core.min())
        assert labels[i] in labels[nearest]


def test_groups_are_clustered_apart():
    random = np.random.default_rng(5)
    group = np.sort(random.integers(0, 6, 120))
    minute = random.uniform(0, 1440, 120)
    minute = minute[np.lexsort((minute, group))]
    labels = cluster_departures(group, minute, 30.0, 3)
    for one in np.unique(group):
        assert (labels[group == one] == cluster_minutes(minute[group == one], 30.0, 3)).all()


@pytest.mark.parametrize("seed", range(10))
def test_circular_median_is_that_of_the_line_away_from_midnight(seed):
    random = np.random.default_rng(seed)
    group = random.integers(0, 5, 200)
    group[:5] = np.arange(5)
    minute = random.normal(720, 60, 200).round()
    median, _ = circular_median(group, minute, 5)
    assert median == pytest.approx([np.median(minute[group == g]) for g in range(5)])
    moved, spread = circular_median(group, (minute + 700) % 1440, 5)
    assert moved == pytest.approx((median + 700) % 1440)
    assert spread == pytest.approx([np.std(minute[group == g]) for g in range(5)], rel=0.02)


@pytest.fixture(scope="module")
def found():
    sightings = lives.sightings_of([lives.day_worker(), lives.taxi_driver()])
    trips = find_trips(sightings)
    places = find_places(trips)
    return trips, places, find_routines(trips, places)


def test_a_commute_is_a_routine_with_its_hours_and_days(found):
    table = found[2].to_pandas()
    of = table[table["vehicle"] == "v0"].reset_index(drop=True)
    assert of["weekdays"].tolist() == ["Mon Tue Wed Thu Fri"] * 2
    out = of[of["origin"] == 0].iloc[0]
    assert (out["minute"], out["arrival_minute"], out["spread_min"]) == (450.0, 480.0, 0.0)
    # The first morning has no stay before it, so its origin is not known.
    assert (out["support"], out["eligible_days"]) == (19, 20)
    assert out["regularity"] == pytest.approx(0.95)
    assert out["last_seen"] - out["first_seen"] == np.timedelta64(24, "D")
    back = of[of["origin"] == 1].iloc[0]
    assert (back["minute"], back["support"]) == (1020.0, 20)


def test_weekdays_that_are_not_kept_do_not_belong():
    life = [
        step
        for day in range(28)
        for step in (
            lives.drive(day, 8, [0, 6]) + lives.drive(day, 17, [6, 0])
            if day % 7 in (1, 3)
            else lives.drive(day, 12, [0]) + lives.drive(day, 15, [0])
        )
    ]
    trips = find_trips(lives.sightings_of([life]))
    places = find_places(trips)
    table = find_routines(trips, places).to_pandas()
    # On the other days it drives past K0 at noon and comes back at three: a place on its far side.
    far = places.stays().query("departure == 'K6'")["place"].unique()
    assert len(far) == 1
    commutes = table[table["origin"].isin(far) | table["destination"].isin(far)]
    assert set(commutes["weekdays"]) == {"Tue Thu"}
    assert set(commutes["support"]) == {8}
    assert set(commutes["eligible_days"]) == {8}
    assert set(table.drop(commutes.index)["weekdays"]) == {"Mon Wed Fri Sat Sun"}


def test_only_trips_between_two_places_of_one_vehicle_count():
    stays = {
        "vehicle": np.array([1, 1, 1, 1, 2]),
        "place": np.array([0, 1, 1, -1, 0]),
        "local_start": np.array([0, 10, 20, 30, 40]) * 60_000,
        "local_end": np.array([5, 15, 25, 35, 45]) * 60_000,
    }
    trips = recurring_trips(stays)
    assert trips["vehicle"].tolist() == [1]
    assert (trips["origin"].tolist(), trips["destination"].tolist()) == ([0], [1])
    assert (trips["minute"].tolist(), trips["arrival"].tolist()) == ([5.0], [10.0])


def test_parts_do_not_change_routines():
    sightings = lives.sightings_of(lives.everybody() * 4)
    tables = []
    for view in (sightings, sightings.with_parts(7)):
        trips = find_trips(view)
        tables.append(find_routines(trips, find_places(trips)).to_pandas())
    assert len(tables[0]) > 8
    assert tables[0].equals(tables[1])


def test_places_of_other_trips_are_refused(found):
    trips, places, _ = found
    other = find_trips(trips.sightings, max_gap="20min")
    with pytest.raises(UsageError, match="find_places"):
        find_routines(other, places)


def test_parts_travel_to_other_processes():
    import multiprocessing
    import pickle

    trips = find_trips(lives.sightings_of(lives.everybody() * 4).with_parts(7))
    places = find_places(trips)
    order = np.random.default_rng(1).permutation(7)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        loaded = pool.map(load, [pickle.dumps(places.stay_parts[part]) for part in order])
    for part, there in zip(order, loaded, strict=True):
        here = places.stay_parts[part].load()
        assert list(here) == list(there)
        assert all((here[name] == there[name]).all() for name in here)


def load(pickled):
    import pickle

    return pickle.loads(pickled).load()
