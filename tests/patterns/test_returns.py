"""Returns: ways back that belong to a way out, against a plain search; commutes after a change."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.places import find_places
from analyzer.patterns.returns import find_returns
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips

from . import lives

ROUTINES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.permutations(range(3)),
        st.integers(0, 5).map(lambda hour: 240.0 * hour),
        st.sets(st.integers(0, 12), min_size=1),
    ),
    max_size=9,
)


def best_return(routine, routines):
    """Search all routines of the vehicle that lead back, in their order, for the best one."""
    vehicle, (origin, destination, _), minute, kept = routine
    best, found = (0, 0), -1
    for number, (owner, (start, aim, _), leaves, days) in enumerate(routines):
        if owner != vehicle or (start, aim) != (destination, origin):
            continue
        period = range(max(min(kept), min(days)), min(max(kept), max(days)) + 1)
        together = min(len(kept & set(period)), len(days & set(period)))
        next_day = 0 if leaves > minute else 1
        merit = sum(day + next_day in days for day in kept), together
        if together and merit > best:
            best, found = merit, number
    return found, *best


@given(ROUTINES)
def test_returns_are_those_of_a_plain_search(routines):
    routines = sorted(routines, key=lambda routine: routine[0])
    columns = [np.array([routine[0] for routine in routines], np.int64)]
    columns += [np.array([routine[1][end] for routine in routines], np.int64) for end in (0, 1)]
    columns += [np.array([routine[2] for routine in routines], float)]
    days = [sorted(routine[3]) for routine in routines]
    end = np.cumsum([len(each) for each in days], dtype=np.int64)
    begin = end - np.array([len(each) for each in days], np.int64)
    found = find_returns(*columns, np.array([*chain.from_iterable(days)], np.int64), begin, end)
    expected = [best_return(routine, routines) for routine in routines]
    assert list(zip(*(each.tolist() for each in found), strict=True)) == expected


def commute_of(life):
    trips = find_trips(lives.sightings_of([life]))
    places = find_places(trips)
    return find_commutes(find_routines(trips, places), places).to_pandas()


def work_days(days, leave, back):
    there, again = [0, 2, 4, 6], [6, 4, 2, 0]
    life = []
    for day in days:
        life += lives.drive(day, leave, there) + lives.drive(day, back, again)
    return life


def test_after_a_change_of_hours_both_ways_are_of_one_schedule():
    # Early hours for five weeks, from which one came home at any hour, then late ones for four: the
    # way out kept most often is of the one schedule, the way back of the other.
    early = [
        step
        for number, day in enumerate(lives.weekdays(5))
        for step in work_days([day], 6.5, 15 if number % 3 == 0 else 8.5 + 0.37 * number)
    ]
    late = work_days([35 + day for day in lives.weekdays(4)], 10, 20)
    trips = find_trips(lives.sightings_of([early + late]))
    places = find_places(trips)
    routines = find_routines(trips, places)
    ways = routines.to_pandas().sort_values("support").drop_duplicates("origin", keep="last")
    assert sorted(ways["minute"]) == [390.0, 1200.0]
    row = find_commutes(routines, places).to_pandas().iloc[0]
    assert (row["outbound_minute"], row["return_minute"]) == (600.0, 1200.0)
    assert (row["outbound_days"], row["return_days"], row["round_trips"]) == (20, 19, 19)
    assert row["last_seen"] - row["first_seen"] == pd.Timedelta(days=24)


@pytest.mark.parametrize("late_weeks", [3, 5])
def test_who_works_in_turns_comes_home_from_the_same_shift(late_weeks):
    # Weeks in turn; the shift worked in more weeks is the one that is named.
    life = []
    for week in range(8):
        late = week % 8 in range(late_weeks)
        days = [7 * week + day for day in range(5)]
        life += work_days(days, 13 if late else 5.5, 22 if late else 14.5)
    row = commute_of(life).iloc[0]
    assert (row["outbound_minute"], row["return_minute"]) == (
        (780.0, 1320.0) if late_weeks > 4 else (330.0, 870.0)
    )


def test_ways_of_different_months_are_no_commute():
    # Out in one month, back in the next: what was seen does not show that they belong together.
    out = [step for day in lives.weekdays(3) for step in lives.drive(day, 7, [0, 2, 4, 6])]
    home = [step for day in lives.weekdays(3) for step in lives.drive(day, 22, [0])]
    back = [step for day in lives.weekdays(3) for step in lives.drive(day + 28, 17, [6, 4, 2, 0])]
    at_work = [step for day in lives.weekdays(3) for step in lives.drive(day + 28, 8.5, [6])]
    assert commute_of(sorted(out + home + back + at_work)).empty
