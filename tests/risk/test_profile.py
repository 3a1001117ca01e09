"""Profiles: of a data set in three criteria, of one vehicle day by day, others as numbers only."""

from __future__ import annotations

import json
from dataclasses import replace
from math import comb

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.risk import vehicle_days
from analyzer.risk.adversary import Adversary
from analyzer.risk.dataset_profile import DatasetProfile
from analyzer.risk.profile import profile_risk
from analyzer.risk.risk_profile import RiskProfile
from analyzer.risk.unicity import measure_unicity
from analyzer.risk.vehicle_profile import VehicleProfile
from analyzer.synthetic import make_region

DAY, HOUR = 86_400_000, 3_600_000


@pytest.fixture(scope="module")
def region():
    return make_region(vehicles=120, days=21, seed=6)


@pytest.fixture(scope="module")
def of_all(region):
    return profile_risk(region.sightings, seed=3)


@pytest.fixture(scope="module")
def commuter(region):
    vehicles = region.truth.vehicles
    return vehicles["vehicle"][vehicles["story"]].iloc[0]


@pytest.fixture(scope="module")
def of_one(region, commuter):
    return profile_risk(region.sightings, commuter)


def test_data_are_profiled_in_three_criteria(region, of_all):
    assert isinstance(of_all, DatasetProfile) and isinstance(of_all, RiskProfile)
    assert [c.name for c in of_all.criteria] == ["singling out", "linkability", "inference"]
    for criterion in of_all.criteria:
        figure = criterion.figure
        assert figure.low <= figure.value <= figure.high and figure.baseline < figure.value
        assert criterion.sentence.endswith(".")
    unicity = measure_unicity(region.sightings, seed=3)
    assert of_all["singling out"].figure == unicity.share
    assert {"works", "commutes", "companions", "next_place"} == set(of_all["inference"].others)
    with pytest.raises(KeyError):
        of_all["anonymity"]


def test_after_all_days_it_is_unicity(region, of_all):
    # All known points are then in the store, so both count the same vehicles.
    unicity = of_all["singling out"].figure
    curve = of_all.until_singled_out.curve
    assert curve.met_by(21).value == pytest.approx(unicity.value, abs=1e-12)
    days = of_all.days()
    assert days["day"].tolist() == list(range(1, 22))
    assert (np.diff(days["value"]) >= 0).all()
    half = of_all.half_singled_out
    assert days["value"][int(half.value) - 1] >= 0.5 > days["value"][int(half.value) - 2]


def test_profile_of_data_can_be_written_and_drawn(of_all):
    said = json.dumps(of_all.to_dict(), allow_nan=False)
    assert "days_until_half_singled_out" in said
    assert "half of the" in of_all.summary() and "synthetic" in of_all.summary()
    assert len(of_all.to_pandas()) > 8
    assert of_all.plot().get_xlabel() == "days of collecting"


def test_a_vehicle_is_profiled_day_by_day(of_one):
    assert isinstance(of_one, VehicleProfile) and isinstance(of_one, RiskProfile)
    table = of_one.to_pandas()
    assert table["day"].tolist() == list(range(1, len(table) + 1))
    assert (np.diff(table["sightings"]) >= 0).all() and (np.diff(table["points"]) >= 0).all()
    # A commuter over 50 km past a dozen cameras a day.
    assert of_one.singled_out <= 3
    assert of_one.home <= 7 and of_one.commute <= 8
    assert table.loc[table["day"] >= of_one.home, "home"].all()
    assert table.loc[table["day"] >= of_one.commute, "commute"].all()
    assert table["companions"].notna().sum() == 3


def test_others_are_numbers(region, of_one):
    said = json.dumps(of_one.to_dict(), allow_nan=False) + of_one.summary()
    assert not any(name in said for name in region.sightings.vehicles)
    assert "internal" in of_one.summary()
    assert not {"lat", "lon", "home_lat", "site"} & set(of_one.to_pandas())
    assert "home known" in [text.get_text() for text in of_one.plot().get_legend().get_texts()]


def test_what_is_not_found_is_not_said_to_be_absent():
    found = replace(profile_risk(followed(), "v0"), companions=0, home=5)
    assert "no proof that it travels alone" in found.summary()
    assert "From day 5 on, its home is inferred" in found.summary()
    assert "1 companion is found." in replace(found, companions=1).summary()


def followed(days=6):
    """Vehicle 1 makes every sighting of vehicle 0 until the fourth day."""
    per_day = np.arange(3) * 4 * HOUR
    own = np.add.outer(np.arange(days) * DAY, per_day).ravel()
    shadow = own[own < 3 * DAY]
    return from_arrays(
        np.repeat([0, 1], [len(own), len(shadow)]),
        np.r_[own, shadow],
        np.zeros(len(own) + len(shadow), int),
    )


def test_share_of_draws_is_that_of_all_subsets():
    p = 2
    table = profile_risk(followed(), "v0", adversary=Adversary(points=p)).to_pandas()
    assert table["points"].tolist() == [3, 6, 9, 12, 15, 18]
    for points, share in zip(table["points"], table["singled_out"], strict=True):
        # Singled out, unless all the known points are among the nine that both made.
        expected = 1 - comb(min(points, 9), p) / comb(points, p)
        assert share == pytest.approx(expected, abs=3.5 * np.sqrt(0.25 / vehicle_days.DRAWS))
    assert table["singled_out"][:3].tolist() == [0, 0, 0]


def test_too_few_points_are_not_drawn():
    found = profile_risk(followed(days=1), "v0", adversary=Adversary(points=4))
    assert found.to_pandas()["singled_out"].isna().all()
    assert found.singled_out is None and "too few" in found.summary()
    assert found.home is None and "not known" in found.summary()


def test_days_begin_and_end_with_the_vehicle(region):
    rows = region.sightings.to_pandas()
    spans = rows.groupby("vehicle")["seen_at"].agg(["min", "max", "size"])
    late = spans[(spans["min"] > spans["min"].min() + np.timedelta64(30, "h"))]
    late = late[(late["size"] > 5) & (late["max"] < spans["max"].max() - np.timedelta64(50, "h"))]
    name = late.index[0]
    table = profile_risk(region.sightings, name).to_pandas()
    assert table["date"].iloc[0] == str(late.loc[name, "min"].date())
    assert table["date"].iloc[-1] == str(late.loc[name, "max"].date())
    assert table["sightings"].iloc[-1] == late.loc[name, "size"]


def test_too_many_encounters_leave_the_rest(monkeypatch, region, commuter):
    def refuse(*arguments, **options):
        raise TooMuchWorkError("there are 9 encounters")

    monkeypatch.setattr(vehicle_days, "find_companions", refuse)
    found = profile_risk(region.sightings, commuter)
    assert found.companions is None and "9 encounters" in found.summary()
    assert "az.find_companions" in found.summary()
    assert found.home is not None


def test_companions_are_not_looked_for_without_bound(monkeypatch, region, commuter):
    monkeypatch.setattr(vehicle_days, "MOST_ENCOUNTERS", 3)
    found = profile_risk(region.sightings, commuter)
    assert found.companions is None and found.to_pandas()["companions"].isna().all()
    assert "encounters within 2min, more than 3;" in found.summary()
    assert found.home is not None


@pytest.mark.parametrize("vehicle", [None, "v0"])
def test_nothing_is_refused(vehicle):
    with pytest.raises(UsageError):
        profile_risk(from_arrays([], [], []), vehicle)


def test_unknown_vehicles_and_seeds_are_refused(region):
    with pytest.raises(UsageError, match="no vehicle of that name"):
        profile_risk(region.sightings, "nobody")
    with pytest.raises(UsageError):
        profile_risk(region.sightings, seed=-1)
    with pytest.raises(UsageError, match="at random"):
        profile_risk(region.sightings, region.sightings.vehicles[0], adversary=Adversary(missed=1))


def test_seed_decides_the_draw_alone(region, commuter, of_one):
    again = profile_risk(region.sightings.with_parts(5), commuter)
    assert again.to_dict() == of_one.to_dict()
