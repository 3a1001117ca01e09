"""Patterns of next to nothing: no sighting, one vehicle, one camera, one day.

Every result is empty or small, says so, draws, and has the columns and types that it has when there
is much in it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.companions import find_companions
from analyzer.patterns.meetings import find_meetings
from analyzer.patterns.motifs import find_motifs
from analyzer.patterns.overview import find_patterns
from analyzer.patterns.places import find_places
from analyzer.patterns.profiles import find_weekly_profile
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips

from . import lives


def days_of(first, last):
    begin = pd.Timestamp(lives.MONDAY, unit="ms")
    return [str(begin + pd.Timedelta(days=day)) for day in (first, last)]


def one_camera():
    life = [(time, 0) for time, camera in lives.day_worker(2) if camera == 0]
    return lives.sightings_of([life, life[:9]])


def without_positions():
    full = lives.sightings_of(lives.everybody())
    rows = full.to_pandas()
    return from_arrays(
        pd.factorize(rows["vehicle"])[0],
        rows["seen_at"].astype("int64"),
        pd.factorize(rows["camera"])[0],
        timezone="Asia/Tashkent",
    )


CASES = {
    "no rows in the view": lambda: lives.sightings_of(lives.everybody()).between(*days_of(99, 100)),
    "no rows at all": lambda: from_arrays([], [], [], timezone="Asia/Tashkent"),
    "no rows, cameras known": lambda: from_arrays(
        [], [], [], cameras=lives.CAMERAS, timezone="Asia/Tashkent"
    ),
    "one sighting": lambda: lives.sightings_of([lives.drive(0, 8, [0])]),
    "one trip": lambda: lives.sightings_of([lives.drive(0, 8, [0, 1, 2])]),
    "one vehicle": lambda: lives.sightings_of([lives.day_worker(2)]),
    "one vehicle of many": lambda: lives.sightings_of(lives.everybody()).of("v1"),
    "one vehicle, no rows": lambda: (
        lives.sightings_of(lives.everybody()).of("v1").between(*days_of(99, 100))
    ),
    "one camera": one_camera,
    "one day": lambda: lives.sightings_of(lives.everybody()).between(*days_of(0, 1)),
    "no positions": without_positions,
}


def full_sightings():
    """Two who travel together and meet, and whose hours change, so that no table is empty."""
    life = lives.day_worker(4)
    later = [(time + 28 * lives.DAY + 2 * lives.HOUR, camera) for time, camera in life]
    other = [(time + 40_000, camera) for time, camera in life]
    sundays = range(6, 28, 7)
    guests = [
        [step for day in sundays for hour, way in drives for step in lives.drive(day, hour, way)]
        for drives in (((12, [1, 2, 3]), (15, [3, 2, 1])), ((12.1, [5, 4, 3]), (15, [3, 4, 5])))
    ]
    return lives.sightings_of([life + later, other, lives.night_worker(4), *guests])


def results_of(sightings):
    trips = find_trips(sightings)
    places = find_places(trips)
    routines = find_routines(trips, places)
    return {
        "trips": trips,
        "places": places,
        "routines": routines,
        "commutes": find_commutes(routines, places),
        "meetings": find_meetings(trips, places, max_fdr=1),
        "motifs": find_motifs(places),
        "profile": find_weekly_profile(places),
        "companions": find_companions(sightings, max_fdr=1),
        "patterns": find_patterns(sightings),
    }


def tables_of(results):
    tables = {name: result.to_pandas() for name, result in results.items()}
    return tables | {
        "stays": results["places"].stays(),
        "changes": results["routines"].changes(),
        "od_matrix": results["commutes"].od_matrix,
        "routes": results["commutes"].routes(),
        "hours": results["commutes"].hours(),
        "flows": results["patterns"].flows(),
    }


@pytest.fixture(scope="module")
def full():
    return tables_of(results_of(full_sightings()))


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return request.param, results_of(CASES[request.param]())


def test_every_table_is_filled_where_there_is_much(full):
    assert [name for name, table in full.items() if table.empty] == []


def test_tables_keep_their_columns_and_types(case, full):
    for name, table in tables_of(case[1]).items():
        assert table.dtypes.to_dict() == full[name].dtypes.to_dict(), name


def test_results_say_and_draw_little_without_a_warning(case, recwarn):
    for name, result in case[1].items():
        assert result.summary().strip(), name
        assert "nan" not in result.summary().lower(), name
        assert result.plot().get_xlabel(), name
        assert result._repr_html_().startswith("<div>"), name
    # Temporary stores of other tests may be cleaned up meanwhile.
    said = [each for each in recwarn if not issubclass(each.category, ResourceWarning)]
    assert [str(warning.message) for warning in said] == []


@pytest.mark.parametrize("name", [name for name in CASES if "no rows" in name])
def test_nothing_is_found_in_nothing_and_that_is_said(name):
    results = results_of(CASES[name]())
    for result in ("trips", "places", "routines", "commutes", "meetings", "motifs", "companions"):
        assert len(results[result]) == 0, result
    assert results["trips"].summary() == "No sightings, so no trips."
    assert "no weekly profile" in results["profile"].summary()
    assert not results["profile"].to_pandas()["observed_h"].any()
    assert all(np.isnan(each.value) for each in results["patterns"].estimates.values())
