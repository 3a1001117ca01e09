"""Scores on small made-up finds and truths, where every figure can be counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyzer.cameras import haversine_m
from analyzer.errors import InputError
from analyzer.scoring import (
    f1_estimate,
    median_estimate,
    reliability,
    score_commutes,
    score_places,
)
from analyzer.scoring.truth import distance_m, minutes_apart

KM = 1 / 111.195
"""A kilometre in degrees of latitude."""

SEEN = pd.Index(["a", "b", "c", "d"])


@pytest.fixture
def truth():
    nan = np.nan
    return pd.DataFrame(
        {
            "vehicle": ["a", "b", "c", "d", "never seen"],
            "home_lat": [41.0, 41.0, 41.0, nan, 41.0],
            "home_lon": [69.0, 69.0, 69.0, nan, 69.0],
            "work_lat": [41.2, 41.2, nan, nan, 41.2],
            "work_lon": [69.0, 69.0, nan, nan, 69.0],
            "has_commute": [True, True, False, False, True],
            "leave_home_minute": [480.0, 480.0, nan, nan, 480.0],
            "leave_work_minute": [1080.0, 5.0, nan, nan, 1080.0],
        }
    )


def found_places(*rows):
    columns = ["vehicle", "role", "lat", "lon", "radius_m", "confidence"]
    return pd.DataFrame(rows, columns=columns)


def test_unknown_stays_in_the_denominator(truth):
    places = found_places(
        ("a", "home", 41.0 + KM, 69.0, 2_000, 0.9),
        ("b", "home", 41.0 + 3 * KM, 69.0, 2_000, 0.5),
        ("d", "home", 41.0, 69.0, 2_000, 0.5),
        ("a", "other", 41.0, 69.0, 2_000, 0.5),
    )
    score = score_places(places, truth, SEEN)
    found = score["home_found"]
    assert (found.value, found.n) == (pytest.approx(2 / 3), 3)
    assert found.low < found.value < found.high
    assert (score["home_in_radius"].value, score["home_in_radius"].n) == (0.5, 2)
    assert (score["home_right"].value, score["home_right"].n) == (pytest.approx(1 / 3), 3)
    assert score["home_error_km"].value == pytest.approx(2.0, abs=1e-3)
    assert score["home_radius_km"].value == 2.0
    assert (score["home_invented"].value, score["home_invented"].n) == (1.0, 1)
    assert (score["work_found"].value, score["work_found"].n) == (0.0, 2)
    assert not score["work_in_radius"].is_measured


def test_a_score_tells_itself(truth):
    places = found_places(("a", "home", 41.0, 69.0, 2_000, 0.9))
    score = score_places(places, truth, SEEN)
    assert "home found: 33 % (6–79 %), n = 3" in score.summary()
    assert "work in radius: not measurable" in score.summary()
    table = score.to_pandas()
    assert table.columns.tolist() == ["figure", "value", "low", "high", "n", "method"]
    assert set(table["figure"]) == set(score.figures)
    assert len(score.plot().get_yticks()) > 2


def commute(vehicle, home_km=0.0, work_km=0.0, radius=500.0, out=480.0, back=1080.0):
    return {
        "vehicle": vehicle,
        "home_lat": 41.0 + home_km * KM,
        "home_lon": 69.0,
        "home_radius_m": radius,
        "work_lat": 41.2 + work_km * KM,
        "work_lon": 69.0,
        "work_radius_m": radius,
        "outbound_minute": out,
        "return_minute": back,
    }


def test_a_commute_is_right_if_both_ends_are(truth):
    near = pd.DataFrame([commute("a", 1.9, 1.9), commute("b", 0, 2.1)])
    score = score_commutes(near, truth, SEEN)
    assert (score["precision"].value, score["recall"].value) == (0.5, 0.5)
    wide = pd.DataFrame([commute("a", 1.9, 1.9), commute("b", 0, 2.1, radius=2_200)])
    assert score_commutes(wide, truth, SEEN)["f1"].value == 1.0


def test_a_commute_of_somebody_without_is_wrong(truth):
    score = score_commutes(pd.DataFrame([commute("a"), commute("c")]), truth, SEEN)
    assert (score["precision"].value, score["precision"].n) == (0.5, 2)
    assert (score["recall"].value, score["recall"].n) == (0.5, 2)


def test_minutes_go_the_short_way_round_the_clock(truth):
    score = score_commutes(pd.DataFrame([commute("b", out=490.0, back=1430.0)]), truth, SEEN)
    assert score["outbound_error_min"].value == 10.0
    assert score["return_error_min"].value == 15.0
    assert minutes_apart(np.array([0.0, 720.0]), np.array([720.0, 721.0])).tolist() == [720.0, 1.0]


def test_a_truth_under_another_key_is_refused(truth):
    with pytest.raises(InputError, match="another key"):
        score_places(found_places(), truth, pd.Index(["x"]))
    with pytest.raises(InputError, match="has_commute"):
        score_places(found_places(), truth.drop(columns="has_commute"), SEEN)


def test_distances_are_those_of_the_kernel():
    random = np.random.default_rng(1)
    lat1, lat2 = random.uniform(-80, 80, (2, 50))
    lon1, lon2 = random.uniform(-180, 180, (2, 50))
    expected = [haversine_m(*row) for row in zip(lat1, lon1, lat2, lon2, strict=True)]
    assert distance_m(lat1, lon1, lat2, lon2) == pytest.approx(expected)


def test_the_interval_of_a_median_holds_it():
    random = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        estimate = median_estimate(random.exponential(1.0, 51))
        held += estimate.low <= np.log(2) <= estimate.high
    assert 0.93 <= held / 400 <= 0.99
    assert not median_estimate(np.array([np.nan])).is_measured


def test_f1_by_hand():
    estimate = f1_estimate(30, 40, 50)
    assert estimate.value == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))
    assert estimate.low < estimate.value < estimate.high
    assert f1_estimate(30, 40, 50) == estimate
    assert not f1_estimate(0, 0, 0).is_measured
    assert f1_estimate(5, 5, 5).low == 1.0


def test_reliability_counts_what_is_right():
    cases = pd.DataFrame(
        {
            "confidence": [0.1, 0.15, 0.9, 0.95, 1.0, np.nan],
            "named": [True] * 5 + [False],
            "exists": [True] * 6,
            "inside": [False, True, True, True, False, False],
        }
    )
    table = reliability(cases)
    assert table["n"].tolist() == [2, 3]
    assert table["right"].tolist() == pytest.approx([0.5, 2 / 3])
    assert table["confidence"].tolist() == pytest.approx([0.125, 0.95])
