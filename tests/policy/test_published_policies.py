"""What is published of policies side by side gives no few vehicles away."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.policy.cameras import sweep_cameras
from analyzer.policy.compare import compare_policies
from analyzer.policy.open_store import sweep_open_store
from analyzer.policy.policy import Policy
from analyzer.policy.recommend import recommend_policy
from analyzer.policy.retention import sweep_retention
from analyzer.risk.adversary import Adversary

K = 10
DAY, HOUR = 86_400_000, 3_600_000
VEHICLES, DAYS, RARE = 60, 12, 10
ADVERSARY = Adversary(points=1)


@pytest.fixture(scope="module")
def sightings():
    """Each vehicle is seen once a day somewhere, so that one known sighting mostly singles it out.

    Which is of one day, so that each day kept singles out a few more. Three know the rare camera.
    """
    rng = np.random.default_rng(1)
    vehicle = np.repeat(np.arange(VEHICLES), DAYS).tolist()
    day = np.tile(np.arange(DAYS), VEHICLES)
    seen_at = (day * DAY + rng.integers(0, 23, len(day)) * HOUR).tolist()
    camera = rng.integers(0, RARE, len(day)).tolist()
    for number in range(3):
        for day in (2, 5, 11):
            vehicle.append(number)
            seen_at.append(day * DAY + 23 * HOUR)
            camera.append(RARE)
    return from_arrays(vehicle, seen_at, camera)


def counts_of(shares):
    return [share.value * share.n for share in shares if share.is_exact]


def apart(counts):
    """Oracle: the differences of any two counts that stand for some but few."""
    return [
        (one, other)
        for one in counts
        for other in counts
        if one - other > 1e-9 and round(one - other) < K
    ]


def test_nested_policies_are_not_told_apart_by_few(sightings):
    policies = {f"{days} days": Policy(f"{days}D") for days in (11, 10, 9, 8, 7, 5, 2)}
    compared = compare_policies(sightings, policies, ADVERSARY, risks=["unicity"])
    raw = counts_of(each.risks["unicity"] for each in compared.outcomes)
    assert apart(raw)
    shown = compared.published(K)
    counts = counts_of(each.risks["unicity"] for each in shown.outcomes)
    assert not apart(counts)
    assert len(set(counts)) > 1
    assert counts[0] == raw[0]  # the one that the others are held against
    for outcome in shown.outcomes:
        difference = outcome.differences["unicity"]
        assert difference.is_measured == outcome.risks["unicity"].is_exact


def test_policies_that_are_not_nested_may_be_near(sightings):
    policies = {"long": Policy("11D", time="1D"), "short": Policy("10D")}
    compared = compare_policies(sightings, policies, ADVERSARY, risks=["unicity"])
    assert compared.published(1_000).outcomes[0].risks["unicity"].method.startswith("withheld")
    pair = [each.risks["unicity"] for each in compared.published(K).outcomes]
    assert pair == [each.risks["unicity"].withheld(K) for each in compared.outcomes]


def test_curves_of_open_stores_are_not_told_apart_by_few(sightings):
    opened = sweep_open_store(
        sightings, ("5D", "8D"), ADVERSARY, ("0D", "1D", "2D", "3D", "4D"), until_half=False
    )
    assert apart(counts_of(step.share for sweep in opened.sweeps for step in sweep.windows))
    steps = [step for sweep in opened.published(K).sweeps for step in sweep.windows]
    assert not apart(counts_of(step.share for step in steps))
    assert not apart(
        [each.exposed_vehicles.value * each.share.n for each in steps
         if each.exposed_vehicles.is_exact]
    )  # fmt: skip
    # One more day of standing open shows the same as one more of keeping: that may be told.
    assert counts_of(step.share for step in opened.published(K).closed.windows)


def test_numbers_of_cameras_are_not_told_apart_by_few(sightings):
    swept = sweep_cameras(sightings, (0.5, 0.6, 0.8, 0.9, 1.0), ADVERSARY)
    shown = swept.published(K)
    for figure in (lambda step: step.risks["unicity"], lambda step: step.seen):
        assert not apart(counts_of(map(figure, shown.steps)))
    assert apart(counts_of(step.seen for step in swept.steps))


def test_recommendations_are_not_told_apart_by_few(sightings):
    found = recommend_policy(sightings, {"unicity": 0.05}, adversary=ADVERSARY)
    plain = [each for each in found.trials if each.policy.time is each.policy.space is None]
    raw = counts_of(each.risks["unicity"] for each in plain)
    assert apart(raw)
    shown = found.published(K)
    of = {each.policy: each.risks["unicity"] for each in shown.trials}
    assert not apart(counts_of(of[each.policy] for each in plain))


def test_a_recommendation_that_is_withheld_is_not_the_nearest(sightings):
    found = recommend_policy(sightings, {"unicity": 0.0001}, adversary=ADVERSARY)
    assert "(unicity withheld)" not in found.published(K).summary()


@pytest.mark.parametrize(
    ("kept", "few"),
    [
        ({"all": Policy("11D"), "rare": Policy("11D", cameras=(RARE,))}, "rare"),
        ({"all": Policy("11D"), "most": Policy(None, cameras=tuple(range(RARE)))}, "most"),
        ({"all": Policy("11D"), "two": Policy("11D", cameras=(0, RARE)),
          "one": Policy("11D", cameras=(0,))}, "one"),
    ],
)  # fmt: skip
def test_a_camera_of_few_vehicles_is_not_counted(sightings, kept, few):
    names = sightings.camera_table["name"].to_numpy(object)
    policies = {
        name: policy
        if policy.cameras == 1
        else Policy(policy.retention, cameras=tuple(names[int(at)] for at in policy.cameras))
        for name, policy in kept.items()
    }
    compared = compare_policies(sightings, policies, ADVERSARY, risks=["unicity"])
    assert compared[few].kept > 0
    shown = compared.published(K)
    assert math.isnan(shown[few].kept) and math.isnan(shown[few].traffic)
    assert shown["all"].kept == compared["all"].kept
    assert shown.to_dict()["policies"][-1]["kept"] is None
    assert shown.to_dict()["policies"][-1]["traffic"] is None


def test_what_is_kept_of_one_searched_vehicle_is_not_counted(sightings):
    names = sightings.vehicle_names(np.arange(VEHICLES)).tolist()
    policies = {
        "all": Policy("11D"),
        "one": Policy("11D", hits=names[:1]),
        "all but one": Policy(None, hits=names[1:]),
        "twelve": Policy("11D", hits=names[5:17]),
        "thirteen": Policy("11D", hits=names[5:18]),
    }
    compared = compare_policies(
        sightings, policies, ADVERSARY, risks=["unicity"], hits=names[:18]
    )
    shown = compared.published(K)
    given = {each.name: not math.isnan(each.kept) for each in shown.outcomes}
    assert given == {
        "all": True, "one": False, "all but one": False, "twelve": True, "thirteen": False,
    }  # fmt: skip
    for outcome in shown.outcomes:
        if not given[outcome.name]:
            assert not outcome.hits.is_measured
            assert outcome.hits.n == 0  # else it is the number of the sightings that are kept
    assert shown["all"].hits.is_measured


def test_hits_that_differ_by_few_are_not_told(sightings):
    names = sightings.vehicle_names(np.arange(VEHICLES)).tolist()
    # Of the vehicles that were searched for, the second policy keeps one less.
    policies = {"more": Policy("11D", hits=names[:40]), "less": Policy("11D", hits=names[1:25])}
    compared = compare_policies(
        sightings, policies, ADVERSARY, risks=["unicity"], hits=names[:15]
    )
    shown = compared.published(K)
    assert not math.isnan(shown["less"].kept)
    assert shown["more"].hits.is_measured
    assert not shown["less"].hits.is_measured


@pytest.mark.parametrize(
    ("windows", "hidden", "told"),
    [
        # Longer windows say more: the shorter of two gives way.
        (("4D", "5D", "11D"), "4D", "5D"),
        # The usual ones come first, so that all documents tell the same of them.
        (("3D", "4D", "11D"), "4D", "3D"),
    ],
)
def test_a_withheld_number_is_missing_and_not_zero(sightings, windows, hidden, told):
    swept = sweep_retention(sightings, windows, ADVERSARY, until_half=False)
    shown = swept.published(K)
    rows = shown.to_pandas().set_index("window")
    given = {each["window"]: each["share_in_window"]["n"] for each in shown.to_dict()["windows"]}
    true = swept.to_pandas().set_index("window")["n_in_window"]
    assert 0 < abs(true[hidden] - true[told]) < K
    assert math.isnan(rows["n_in_window"][hidden])
    assert given[hidden] is None
    assert rows["n_in_window"][told] == given[told] == true[told]


def test_those_with_company_are_not_told_by_the_number_in_a_window():
    # One sighting each. Of 24 on the last day 18 are alone; six share camera and hour.
    vehicle = np.arange(44)
    camera = np.where(vehicle < 18, vehicle, np.where(vehicle < 24, 18, vehicle - 5))
    sightings = from_arrays(vehicle.tolist(), ((vehicle < 24) * DAY).tolist(), camera.tolist())
    swept = sweep_retention(sightings, ("1D", "2D"), ADVERSARY, until_half=False)
    assert swept.windows[0].share_in_window.n - counts_of([swept.windows[0].share])[0] == 6
    shown = swept.published(K).windows[0]
    assert counts_of([shown.share]) == [18]
    assert math.isnan(shown.exposed_vehicles.value)
    assert shown.share_in_window.n == 0


def test_those_with_company_are_not_told_by_the_number_that_few_cameras_see():
    # Of 24 vehicles at the busiest camera, six pass together with another one.
    vehicle = np.arange(44)
    hour = np.where(vehicle < 18, vehicle, 18)
    at = np.where(vehicle < 24, hour * HOUR, (vehicle - 24) * HOUR)
    camera = (vehicle >= 24).astype(int)
    sightings = from_arrays(vehicle.tolist(), at.tolist(), camera.tolist())
    swept = sweep_cameras(sightings, (0.5, 1.0), ADVERSARY, order="busiest")
    first = swept.steps[0]
    assert counts_of([first.seen, first.risks["unicity"]]) == [24, 18]
    shown = swept.published(K).steps[0]
    assert counts_of([shown.risks["unicity"]]) == [18]
    assert not shown.seen.is_measured
    assert swept.published(5).steps[0].seen == first.seen


@pytest.mark.parametrize("windows", [("4D", "5D"), ("2D", "4D", "5D")])
@pytest.mark.parametrize("open_for", ["0D", "1D"])
def test_windows_stand_apart_from_those_of_other_documents(sightings, windows, open_for):
    """Whatever lengths are asked, what the usual ones tell of the same leaks stands beside."""
    week = sightings.between("1970-01-01", "1970-01-08")
    usual = sweep_retention(week, ("1D", "3D", "7D"), ADVERSARY, until_half=False)
    own = sweep_retention(
        week, ("7D", *windows), ADVERSARY, open_for=open_for, until_half=False,
    )  # fmt: skip
    assert own.leak_dates == usual.leak_dates
    told = counts_of(step.share for step in usual.published(K).windows)
    raw = counts_of(step.share for step in own.windows)
    shown = counts_of(step.share for step in own.published(K).windows)
    assert told and shown
    assert apart(told + raw)
    assert not apart(told + shown)


def test_a_number_that_is_not_told_cannot_be_worked_out_from_digits(sightings):
    # Fifty-nine of sixty vehicles were seen on the days before some leak, not all before each.
    vehicle = np.concatenate([np.repeat(np.arange(59), 6), [59]])
    day = np.concatenate([np.tile(np.arange(6), 59) + np.repeat(np.arange(59) % 7, 6), [0]])
    rare = from_arrays(vehicle.tolist(), (day * DAY).tolist(), vehicle.tolist())
    swept = sweep_retention(rare, ("1D", "5D"), ADVERSARY, until_half=False)
    n = swept.windows[0].share.n
    shown = swept.published(K)
    told = {step.share.n for step in shown.windows}
    assert told == {60} and 0 < 60 - n < K
    for step in shown.windows:
        for share in (step.share, step.exposed_vehicles):
            for end in (share.value, share.low, share.high):
                assert math.isnan(end) or abs(end * 60 - round(end * 60)) < 1e-9
    table = shown.to_pandas()
    gains = (60 * table["added_per_day"] * table["days"].diff().fillna(table["days"])).dropna()
    assert len(gains) and np.allclose(gains, gains.round())
