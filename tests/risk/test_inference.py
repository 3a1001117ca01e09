"""Inference: planted visits stand out from the placebo, chance does not, and nobody is named."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import InputError, UsageError
from analyzer.risk.inference import measure_inference
from analyzer.risk.site_exposure import LEAST_SHOWN, exposure_of
from analyzer.synthetic import make_region

HOUR, DAY = 3_600_000, 86_400_000


def town(visitors=20, others=40, days=10, seed=0):
    """Cameras on a grid; visitors stop for an hour by the camera at the middle, others anywhere.

    They come from home and go home again.
    """
    rng = np.random.default_rng(seed)
    side = np.arange(9)
    cameras = pd.DataFrame(
        [(f"c{i}{j}", 41.3 + 0.01 * i, 69.2 + 0.013 * j) for i in side for j in side],
        columns=["name", "lat", "lon"],
    )
    rows = []
    for vehicle in range(visitors + others):
        for day in range(days):
            begin = day * DAY + 9 * HOUR + int(rng.integers(0, 5 * HOUR))
            stop = 40 if vehicle < visitors and day % 2 else int(rng.integers(0, 81))
            home = (7 * vehicle) % 18
            minutes, way = (-20, 0, 60, 80), (home, stop, stop, home)
            rows += [
                (vehicle, begin + t * HOUR // 60, c) for t, c in zip(minutes, way, strict=True)
            ]
    vehicle, seen_at, camera = (np.array(column) for column in zip(*rows, strict=True))
    return from_arrays(vehicle, seen_at, camera, cameras=cameras)


def at(rows, category="medical"):
    return pd.DataFrame(
        {"lat": [41.3 + 0.01 * i for i, _ in rows], "lon": [69.2 + 0.013 * j for _, j in rows]}
    ).assign(category=category)


def test_planted_visits_stand_out_from_moved_sites():
    found = measure_inference(town(), at([(4, 4)]), seed=1)
    once, again = found.sites
    assert (once.days, again.days) == (1, 3)
    assert again.share.value >= 20 / 60 and again.share.n == 60
    assert again.p_value <= 0.05
    assert again.placebo_high < again.share.value and again.excess > 0.2
    assert "more than at sites moved at random" in found.summary()


def test_a_site_where_nobody_goes_more_often_does_not_stand_out():
    # Everybody stops anywhere: the true corner is as good as any moved one.
    p_values = [
        measure_inference(town(visitors=0, others=60, seed=seed), at([(0, 1)]), seed=seed)
        .sites[0]
        .p_value
        for seed in range(4)
    ]
    assert min(p_values) > 0.025 and max(p_values) > 0.1


@pytest.mark.parametrize(
    ("found", "n", "wider", "withheld"),
    [
        (0, 100, None, False),
        (1, 100, None, True),
        (9, 100, None, True),
        (10, 100, None, False),
        (91, 100, None, True),
        (100, 100, None, False),
        (40, 100, 45, True),
        (40, 100, 50, False),
        (40, 100, 40, False),
    ],
)
def test_what_would_tell_few_vehicles_apart_is_withheld(found, n, wider, withheld):
    exposure = exposure_of("x", 1, 1, np.array([found, *[20] * 39]), n, wider=wider)
    assert exposure.withheld is withheld
    said = json.dumps(exposure.to_dict())
    if withheld:
        assert math.isnan(exposure.share.value) and math.isnan(exposure.p_value)
        assert exposure.to_dict()["value"] is None and exposure.to_dict()["p_value"] is None
        assert "NaN" not in said
    else:
        assert exposure.share.value == found / n


def test_p_value_is_the_rank():
    moved = np.arange(39)
    assert exposure_of("x", 1, 1, np.array([50, *moved]), 100).p_value == 1 / 40
    assert exposure_of("x", 1, 1, np.array([38, *moved]), 100).p_value == 2 / 40
    assert exposure_of("x", 1, 1, np.array([0, *moved]), 100).p_value == 1.0


def test_few_visitors_are_nowhere_in_the_result():
    few = measure_inference(town(visitors=4, others=0), at([(4, 4)]))
    assert all(exposure.withheld for exposure in few.sites)
    assert few.to_pandas().query("inferred == 'site visits'")["value"].isna().all()
    assert "withheld" in few.summary()
    # No field of the result speaks of a vehicle at a site.
    names = set(few.to_pandas().columns) | set(vars(few.sites[0]))
    assert not names & {"vehicle", "vehicles"}


def test_baselines_stand_beside_every_fact():
    found = measure_inference(town())
    assert found.sites == () and found.draws == 0
    assert all(fact.baseline is not None for fact in found.facts.values() if fact.is_measured)
    assert {"homes", "works", "commutes", "companions", "next_place"} == set(found.facts)


def test_categories_are_shown_as_text():
    found = measure_inference(town(), at([(4, 4)], "<script>$x$"), draws=20)
    assert "<script>" not in found._repr_html_()
    assert "&lt;script&gt;" in found._repr_html_()
    labels = [label.get_text() for label in found.plot().get_yticklabels()]
    assert any(r"\$x\$" in label for label in labels)


def test_draws_and_seed_decide_the_placebo_alone():
    data, sites = town(), at([(4, 4)])
    one, same, other = (measure_inference(data, sites, seed=seed) for seed in (1, 1, 2))
    assert one.to_dict() == same.to_dict()
    assert one.sites[0].share.value == other.sites[0].share.value
    assert one.sites[0].share.baseline != other.sites[0].share.baseline


@pytest.mark.parametrize("wrong", [{"draws": 3}, {"draws": 2.5}, {"draws": True}, {"seed": -1}])
def test_wrong_numbers_are_refused(wrong):
    with pytest.raises(UsageError):
        measure_inference(town(visitors=1, others=1, days=1), **wrong)


def test_nothing_is_refused():
    with pytest.raises(UsageError, match="no sightings"):
        measure_inference(from_arrays([], [], []))
    with pytest.raises(InputError, match="no camera has a position"):
        measure_inference(from_arrays([0, 0], [0, DAY], [0, 0]), at([(4, 4)]))


def test_score_counts_what_was_right():
    region = make_region(vehicles=250, days=28, seed=4, cameras=300)
    sites = region.sites[region.sites["category"].isin(["worship", "clinic"])]
    sites = sites.assign(days="Fri", hours="11:30-14:30")
    found = measure_inference(region.sightings, sites, draws=20)
    score = found.score(region.truth)
    assert score["home_right"].value > 0.7
    assert len(score.cases) == 0
    visits = region.truth.visits
    worship = visits[visits["category"] == "worship"]
    assert score["worship_visits_recall"].n == len(
        worship[worship["vehicle"].isin(region.sightings.vehicles)]
    )
    right = score["worship_visits_precision"]
    # Far more often right than an hour of anybody's week is spent at worship.
    assert right.n > 10 and right.value > 0.1
    assert score["worship_vehicles_precision"].baseline == pytest.approx(
        worship["vehicle"].nunique() / 250, abs=0.02
    )
    assert round(right.value * right.n) >= round(
        score["worship_visits_recall"].value * score["worship_visits_recall"].n
    )


def test_least_shown_is_the_threshold_of_publication():
    from analyzer.report.disclosure import DEFAULT_K

    assert LEAST_SHOWN == DEFAULT_K
