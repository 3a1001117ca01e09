"""Predictors, against counting anew for every single answer."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.risk.predictors import PREDICTORS, hits_on_held_out_weeks


def commonest_first(places):
    """The commonest, and of equally common ones the one that first came to that number."""
    counts, best = Counter(), None
    for place in places:
        counts[place] += 1
        if best is None or counts[place] > counts[best]:
            best = place
    return best


def say(predictor, place, hour, week, i):
    """Answer for trip i from the trips of the weeks before, in plain lists."""
    past = [j for j in range(i) if week[j] < week[i]]
    after_last = [lambda j: j > 0 and i > 0 and place[j - 1] == place[i - 1]]
    same_hour = [lambda j: hour[j] == hour[i]]
    after_two = [lambda j: min(i, j) > 1 and place[j - 2 : j] == place[i - 2 : i]]
    tries = {
        "most_frequent": [],
        "markov_1": [after_last],
        "markov_2": [after_two, after_last],
        "hour": [same_hour],
        "markov_1_hour": [after_last + same_hour, after_last],
    }[predictor]
    for conditions in [*tries, []]:
        known = [place[j] for j in past if all(condition(j) for condition in conditions)]
        if known:
            return commonest_first(known)
    return None


lives = st.integers(1, 4).flatmap(
    lambda places: st.lists(
        st.tuples(st.integers(0, places - 1), st.integers(7, 9), st.integers(0, 1)), max_size=30
    )
)


@settings(max_examples=150, deadline=None)
@given(lives, st.integers(0, 6))
def test_hits_are_those_of_counting_anew(life, first_tested):
    place, hour = [step[0] for step in life], [step[1] for step in life]
    # A week ends now and then.
    week = np.cumsum([step[2] and at % 3 == 0 for at, step in enumerate(life)]).tolist()
    hits, tested = hits_on_held_out_weeks(
        np.array(place, np.int64), np.array(hour, np.int64), np.array(week, np.int64), first_tested
    )
    expected, counted = np.zeros((2, len(PREDICTORS)), int), [0, 0]
    for i in range(len(place)):
        if week[i] == week[0]:
            continue
        held_out = int(week[i] >= first_tested)
        counted[held_out] += 1
        for column, predictor in enumerate(PREDICTORS):
            expected[held_out, column] += say(predictor, place, hour, week, i) == place[i]
    assert tested.tolist() == counted
    assert hits.tolist() == expected.tolist()


def test_answers_of_the_week_itself_are_not_used():
    # The second week is all a place that the first week never saw: it cannot be told.
    place, week = np.array([0, 0, 1, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 1])
    hits, tested = hits_on_held_out_weeks(place, np.zeros(6, np.int64), week, 1)
    assert hits[1].tolist() == [0] * len(PREDICTORS) and tested.tolist() == [0, 4]
