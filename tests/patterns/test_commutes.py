"""Commutes: a way out with its return, and flows between zones."""

from __future__ import annotations

import pytest

from analyzer.errors import UsageError
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips

from . import lives


def commutes_of(people, parts=None):
    sightings = lives.sightings_of(people)
    trips = find_trips(sightings if parts is None else sightings.with_parts(parts))
    places = find_places(trips)
    return find_commutes(find_routines(trips, places), places)


def test_a_day_worker_commutes_and_a_taxi_driver_does_not():
    commutes = commutes_of([lives.day_worker(), lives.taxi_driver()])
    table = commutes.to_pandas()
    assert table["vehicle"].tolist() == ["v0"]
    row = table.iloc[0]
    assert (row["outbound_minute"], row["return_minute"]) == (450.0, 1020.0)
    assert (row["outbound_arrival_minute"], row["return_arrival_minute"]) == (480.0, 1050.0)
    assert (row["outbound_days"], row["return_days"]) == (19, 20)
    assert row["weekdays"] == "Mon Tue Wed Thu Fri"
    assert (row["home"], row["work"]) == (0, 1)
    assert "1 of 2 vehicles (50 %)" in commutes.summary()
    assert "before 07:30 and leaving work before 17:00" in commutes.summary()


def test_a_way_out_without_a_return_is_no_commute():
    life = [step for step in lives.day_worker() if step[0] % lives.DAY // lives.HOUR != 17]
    assert len(commutes_of([life])) == 0


def test_flows_between_zones_are_counted():
    back_to_front = [(time, 7 - camera) for time, camera in lives.day_worker()]
    people = [lives.day_worker(), lives.day_worker(2), back_to_front, lives.taxi_driver()]
    flows = commutes_of(people).od_matrix
    assert flows.columns.tolist() == ["origin", "destination", "vehicles", "trips", "geometry"]
    assert flows[["vehicles", "trips"]].values.tolist() == [[2, 19 + 9], [1, 19]]
    assert flows.crs.to_epsg() == 4326
    first, last = flows.geometry.iloc[0].coords
    assert first == pytest.approx((69.2, 41.2))
    assert last == pytest.approx((69.2, 41.5))


def test_nobody_commutes_in_one_trip():
    commutes = commutes_of([lives.drive(0, 8, [0])])
    assert len(commutes) == 0
    assert len(commutes.od_matrix) == 0
    assert "No commute" in commutes.summary()


def test_parts_do_not_change_commutes():
    people = [lives.day_worker(2), lives.night_worker(2), lives.taxi_driver(2)] * 4
    whole, split = commutes_of(people), commutes_of(people, parts=7)
    assert whole.to_pandas().equals(split.to_pandas())
    assert whole.od_matrix.equals(split.od_matrix)


def test_routines_of_other_places_are_refused():
    one, other = commutes_of([lives.day_worker()]), commutes_of([lives.taxi_driver()])
    with pytest.raises(UsageError, match="find_routines"):
        find_commutes(one.routines, other.places)


def test_results_draw_and_show_themselves():
    commutes = commutes_of([lives.day_worker(), lives.taxi_driver()])
    routines, places = commutes.routines, commutes.places
    for result in (places.trips, places, routines, commutes):
        assert result.plot().get_xlabel()
        assert result.summary() in result._repr_html_().replace("<br>", "\n")
    hours = [patch.get_height() for patch in places.trips.plot().patches]
    assert sum(hours) == len(places.trips)
