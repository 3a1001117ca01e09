"""Placing: home and work that stand behind one camera, told apart by how often it sees a trip."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.places import find_places
from analyzer.patterns.plane import camera_plane
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips

from . import lives


def between(weeks=4):
    """Lives south of K3, works north of it: passes no other camera on working days."""
    life = []
    for day in range(7 * weeks):
        if day % 7 < 5:
            life += lives.drive(day, 8, [3]) + lives.drive(day, 17.5, [3])
        else:
            life += lives.drive(day, 11, [3, 4]) + lives.drive(day, 15, [4, 3])
    return life


def about(weeks=4, seed=0):
    """Stays at home by day and night; passes K3 out and home again within each errand."""
    random = np.random.default_rng(seed)
    life = []
    for day in range(7 * weeks):
        for hour in (8.5, 17.5):
            out, back = lives.drive(day, hour, [3]), lives.drive(day, hour + 0.4, [3])
            # Cameras miss a third of the passages.
            life += [step for step in out + back if random.uniform() < 0.67]
    return life


def found(life):
    places = find_places(find_trips(lives.sightings_of([life])))
    return places, find_commutes(find_routines(places.trips, places), places)


def test_work_across_one_camera_is_found():
    _, commutes = found(between())
    row = commutes.to_pandas().iloc[0]
    assert (row["outbound_minute"], row["return_minute"]) == (480.0, 1050.0)
    assert row["weekdays"] == "Mon Tue Wed Thu Fri"


@pytest.mark.parametrize("seed", range(5))
def test_who_passes_a_camera_out_and_home_again_works_nowhere(seed):
    places, commutes = found(about(seed=seed))
    assert len(commutes) == 0
    assert (places.to_pandas()["role"] == "home").sum() == 1


def test_two_days_a_week_are_no_commute():
    def life(days):
        return [
            step
            for day in range(28)
            for step in (
                lives.drive(day, 8, [0, 6]) + lives.drive(day, 17, [6, 0])
                if day % 7 in days
                else lives.drive(day, 12, [0]) + lives.drive(day, 12.3, [0])
            )
        ]

    assert len(found(life((1, 3)))[1]) == 0
    assert len(found(life((1, 3, 4)))[1]) == 1


def night_worker_across(weeks=4):
    """Lives south of K3, works north of it by night, five nights a week; home at the weekend."""
    life = []
    for day in range(7 * weeks):
        if day % 7 < 5:
            life += lives.drive(day, 20.5, [3]) + lives.drive(day + 1, 7, [3])
    return life


def test_a_night_worker_across_one_camera_is_not_turned_round():
    places, commutes = found(night_worker_across())
    stays = places.stays()
    night = (stays["ended_at"].dt.hour == 7) & (stays["started_at"].dt.hour == 20)
    assert set(stays.loc[night, "role"]) == {"work"}
    assert set(stays.loc[~night, "role"]) == {"home"}
    row = commutes.to_pandas().iloc[0]
    assert (row["outbound_minute"], row["return_minute"]) == (1230.0, 420.0)


def test_a_guess_does_not_depend_on_how_many_are_asked_for():
    rng = np.random.default_rng(6)
    lat, lon = 41 + rng.random(7), 69 + rng.random(7)
    lat[3] = lon[3] = np.nan
    plane = camera_plane(pd.DataFrame({"lat": lat, "lon": lon}))
    camera, via = rng.integers(0, 7, 500), rng.integers(-1, 7, 500)
    together = np.array(plane.beyond(camera, via))
    alone = [plane.beyond(camera[i : i + 1], via[i : i + 1]) for i in range(500)]
    assert np.array_equal(together, np.array(alone)[:, :, 0].T)
