"""Homes, works and commutes count that any stretch of a window up to the leak gives away."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from analyzer.estimate import Estimate
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips
from analyzer.policy.cameras import sweep_cameras
from analyzer.policy.compare import compare_policies
from analyzer.policy.open_store import sweep_open_store
from analyzer.policy.outcomes import find_outcomes
from analyzer.policy.policy import Policy
from analyzer.policy.recommend import LENGTHS, _search, recommend_policy
from analyzer.policy.recommendation import Trial
from analyzer.policy.retention import sweep_retention
from analyzer.synthetic import make_region
from tests.process_engine import ProcessEngine

RISKS = ("homes", "works", "commutes")
WINDOWS = ("5D", "7D", "14D", "30D", "45D")
ALWAYS = (1, 3, 7, 14, 21, 30, 90, 180)
K = 10


@pytest.fixture(scope="module")
def region():
    # Seen so seldom that older days hide what the last ones tell.
    return make_region(vehicles=700, days=60, seed=7, regime="sparse").sightings


@pytest.fixture(scope="module")
def sweep(region):
    return sweep_retention(region, WINDOWS, risks=RISKS, until_half=False)


def named(part):
    """Oracle: of whom the finders name something in these sightings."""
    trips = find_trips(part)
    places = find_places(trips)
    table = places.to_pandas()
    commutes = find_commutes(find_routines(trips, places), places).to_pandas()
    return {
        "homes": set(table["vehicle"][table["role"] == "home"]),
        "works": set(table["vehicle"][table["role"] == "work"]),
        "commutes": set(commutes["vehicle"]),
    }


def counts_by_hand(region, leak_dates, shown):
    """Oracle: how often something is named in all days shown, and in usual stretches of them."""
    whole, united = dict.fromkeys(RISKS, 0), dict.fromkeys(RISKS, 0)
    for leak in leak_dates:
        found = {}
        for days in sorted({each for each in ALWAYS if each < shown} | {shown}):
            first = pd.Timestamp(leak) - pd.Timedelta(days, "D")
            found[days] = named(region.between(str(first.date()), leak))
        for risk in RISKS:
            whole[risk] += len(found[shown][risk])
            united[risk] += len(set().union(*(each[risk] for each in found.values())))
    return whole, united


def seen_before(region, leak_dates, history):
    counted = 0
    for leak in leak_dates:
        first = pd.Timestamp(leak) - pd.Timedelta(history, "D")
        counted += region.between(str(first.date()), leak).n_vehicles
    return counted


@pytest.mark.parametrize("open_days", [0, 9])
def test_equals_the_union_by_hand(region, open_days):
    sweep = sweep_retention(
        region, WINDOWS, risks=RISKS, until_half=False, open_for=f"{open_days}D"
    )
    kept = [step.days for step in sweep.of("homes")]
    counted = seen_before(region, sweep.leak_dates, sweep.knowledge_days)
    for at, days in enumerate(kept):
        shown = min(days + open_days, sweep.data_days)
        whole, united = counts_by_hand(region, sweep.leak_dates, shown)
        for risk in RISKS:
            step = sweep.of(risk)[at]
            assert step.share.value == united[risk] / counted
            assert step.whole_window.value == whole[risk] / counted
            assert step.share.method.startswith("in these days or in a shorter stretch")
            assert not step.whole_window.method.startswith("in these days or")


def test_a_window_tells_the_same_whatever_others_are_asked(region):
    alone = sweep_retention(region, ("21D", "45D"), risks=RISKS, until_half=False)
    for others in (("9D", "19D"), ("10D", "20D"), ("2D", "18D", "33D")):
        more = sweep_retention(region, ("21D", "45D", *others), risks=RISKS, until_half=False)
        assert more.leak_dates == alone.leak_dates
        for risk in RISKS:
            by_days = {step.days: step.share for step in more.of(risk)}
            for step in alone.of(risk):
                assert by_days[step.days] == step.share


@pytest.mark.parametrize(("open_for", "longest"), [("0D", 7), ("14D", 21)])
def test_no_longer_stretch_is_looked_at_than_a_leak_shows(region, monkeypatch, open_for, longest):
    looked = []

    def noted(setting, policy, risks):
        looked.append(policy.days)
        return find_outcomes(setting, policy, risks)

    monkeypatch.setattr("analyzer.policy.window_states.find_outcomes", noted)
    windows = ("3D", "7D")
    sweep_retention(region, windows, risks=("homes",), open_for=open_for, until_half=False)
    assert max(looked) == longest and 1 in looked


def test_from_a_usual_length_to_any_longer_one_shares_never_fall(region):
    windows = tuple(f"{days}D" for days in (1, 2, 3, 5, 7, 10, 14, 18, 20, 21, 25, 30, 45))
    sweep = sweep_retention(region, windows, risks=RISKS, until_half=False)
    for risk in RISKS:
        shares = {step.days: step.share.value for step in sweep.of(risk)}
        for days, share in shares.items():
            assert all(share <= shares[each] for each in shares
                       if days in ALWAYS and each > days)  # fmt: skip


def test_the_window_alone_falls_and_what_it_gives_away_does_not(sweep):
    alone = [step.whole_window.value for step in sweep.of("homes")]
    assert alone[-1] < max(alone)
    for risk in RISKS:
        shares = [step.share.value for step in sweep.of(risk)]
        assert shares == sorted(shares)
        for step in sweep.of(risk):
            assert step.whole_window.value <= step.share.value
            assert step.added_per_day.value >= 0
    steps = sweep.of("homes")
    gained = sum(
        step.added_per_day.value * (step.days - before)
        for step, before in zip(steps, (0, *(step.days for step in steps)), strict=False)
    )
    assert gained == pytest.approx(steps[-1].share.value)


def test_a_comparison_tells_what_the_sweep_does(region, sweep):
    policies = {window: Policy(window) for window in WINDOWS}
    compared = compare_policies(region, policies, risks=RISKS)
    for risk in RISKS:
        for step in sweep.of(risk):
            outcome = compared[step.window]
            assert outcome.risks[risk].value == step.share.value
            assert outcome.risks[risk].baseline == pytest.approx(step.share.baseline)
            assert outcome.whole_window[risk].value == step.whole_window.value
    opened = compare_policies(region, policies, risks=RISKS, open_for="9D")
    swept = sweep_retention(region, WINDOWS, risks=RISKS, until_half=False, open_for="9D")
    for risk in RISKS:
        for step in swept.of(risk):
            assert opened[step.window].risks[risk].value == step.share.value


def test_the_order_of_policies_changes_nothing(region):
    policies = {
        "long": Policy("30D"), "zones": Policy("30D", space="zone"), "short": Policy("14D"),
        "zones, short": Policy("14D", space="zone"), "names": Policy("30D", rotation="7D"),
        "all": Policy(None),
    }  # fmt: skip
    one = compare_policies(region, policies, risks=RISKS)
    other = compare_policies(region, dict(reversed(policies.items())), risks=RISKS)
    for name in policies:
        assert {risk: each.value for risk, each in one[name].risks.items()} == {
            risk: each.value for risk, each in other[name].risks.items()
        }
    assert one["all"].risks["homes"].value >= one["long"].risks["homes"].value
    assert one["all"].whole_window["homes"].value < one["long"].risks["homes"].value


def test_rotation_that_hides_a_home_is_not_undone(region):
    compared = compare_policies(
        region, {"names": Policy("30D", rotation="1D"), "plain": Policy("30D")}, risks=["homes"]
    )
    assert compared["names"].risks["homes"].value == 0 < compared["plain"].risks["homes"].value


def test_curves_of_open_stores_are_those_of_their_own_sweeps(region):
    opened = sweep_open_store(
        region, WINDOWS, risks=RISKS, open_for=("0D", "9D"), until_half=False
    )
    for sweep in opened.sweeps:
        own = sweep_retention(
            region, WINDOWS, risks=RISKS, open_for=f"{sweep.open_days}D", until_half=False
        )
        assert json.dumps(own.to_dict()) == json.dumps(sweep.to_dict())


def test_parts_and_processes_change_no_digit(region, sweep):
    apart = sweep_retention(
        region.with_parts(4), WINDOWS, risks=RISKS, until_half=False, engine=ProcessEngine(seed=2)
    )
    assert json.dumps(apart.to_dict()) == json.dumps(sweep.to_dict())


def test_all_days_and_cameras_tell_what_the_longest_policy_does(region):
    policies = [Policy(None)]
    whole = compare_policies(region, policies, risks=RISKS).outcomes[0]
    last = sweep_cameras(region, (1.0,), risks=RISKS).steps[-1]
    for risk in RISKS:
        assert last.risks[risk].value == whole.risks[risk].value


def test_longer_keeping_is_never_recommended_for_hiding_homes(region):
    found = recommend_policy(region, {"homes": 0.06}, roundings=[Policy(attributes="keep")])
    by_days = sorted(found.trials, key=lambda trial: trial.policy.days)
    usual = [trial for trial in by_days if trial.policy.days in ALWAYS]
    shares = [trial.risks["homes"].value for trial in usual]
    assert shares == sorted(shares)
    meets = [trial.meets for trial in usual]
    assert meets == sorted(meets, reverse=True)
    assert any(meets) and not all(meets)
    # Halving finds what trying every length would.
    every = {days: Policy(f"{days}D", attributes="keep") for days in LENGTHS if days <= 30}
    compared = compare_policies(region, every, risks=["homes"])
    good = [each.policy.days for each in compared.outcomes if each.risks["homes"].high <= 0.06]
    assert [trial.policy.days for trial in found.policies] == [max(good)]
    assert [days for days in good if days in ALWAYS] == [
        days for days in ALWAYS if days <= max(good)
    ]
    assert len(found.trials) < len(every)


@pytest.mark.parametrize("most", range(9))
def test_an_odd_length_is_recommended_where_it_alone_will_do(most):
    """Oracle: every length tried. A usual one that will not do rules out all longer ones."""
    rng = np.random.default_rng(most)
    for _ in range(50):
        good = {days for days in LENGTHS if days not in ALWAYS and rng.random() < 0.5}
        limit = (*ALWAYS, 400)[most]
        good = {days for days in good if days < limit} | {each for each in ALWAYS if each < limit}
        tried = []

        def measure(days, good=good, tried=tried):
            tried.append(days)
            share = 0.05 if days in good else 0.5
            risks = {"homes": Estimate(share, share, share, 100, "")}
            return Trial(Policy(f"{days}D"), risks, days in good)

        _search(LENGTHS, measure, {"homes": 0.1})
        assert len(tried) == len(set(tried)) < 8
        assert max(good.intersection(tried), default=0) == max(good, default=0)


def test_no_share_is_told_that_lies_beside_one_it_is_a_part_of(sweep):
    shown = sweep.published(K)
    for risk in RISKS:
        steps = shown.of(risk)
        n = steps[0].share.n
        counts = [step.share.value * n for step in steps if step.share.is_exact]
        wholes = [step.whole_window.value * n for step in steps if step.whole_window.is_exact]
        for one in counts:
            assert one == 0 or one >= K - 0.5
            for other in counts + wholes:
                gap = abs(one - other)
                assert gap < 1e-6 or round(gap) >= K
        for step in steps:
            if not step.share.is_exact and step.share.method.startswith("withheld"):
                assert math.isnan(step.added_per_day.value)
    # There was something to withhold.
    near = [
        gap
        for risk in RISKS
        for gap in np.diff([step.share.value * step.share.n for step in sweep.of(risk)])
        if gap > 1e-6 and round(gap) < K
    ]
    assert near


def test_a_comparison_tells_none_either(region):
    shown = compare_policies(
        region, {window: Policy(window) for window in WINDOWS}, risks=RISKS
    ).published(K)
    for risk in RISKS:
        told = [outcome.risks[risk] for outcome in shown.outcomes]
        counts = [each.value * each.n for each in told if each.is_exact]
        wholes = [outcome.whole_window[risk] for outcome in shown.outcomes]
        for one in counts:
            for other in counts + [each.value * each.n for each in wholes if each.is_exact]:
                assert abs(one - other) < 1e-6 or round(abs(one - other)) >= K


def test_the_table_and_the_summary_say_both(sweep):
    table = sweep.to_pandas()
    homes = table[table["risk"] == "homes"]
    assert (homes["value_whole_window"] <= homes["value"]).all()
    assert "in what a leak shows, or in a shorter stretch of it up to the leak" in sweep.summary()
    assert "In 45 days as a whole alone: homes " in sweep.summary()


@pytest.fixture(scope="module")
def month():
    """All of the data are one window, of which a report tells homes too: 69, and 70 united."""
    return make_region(vehicles=90, days=30, seed=6).sightings


def reported(sightings):
    return {risk: len(found) for risk, found in named(sightings).items()}


def is_apart(share, count):
    gap = abs(share.value * share.n - count)
    return not share.is_exact or gap < 1e-6 or round(gap) >= K


def test_what_reports_tell_of_all_of_the_data_stands_before_what_stretches_tell(month):
    told = reported(month)
    opened = sweep_open_store(
        month, ("7D", "30D"), risks=RISKS, open_for=("0D", "30D"), until_half=False
    )
    near = []
    for raw, shown in zip(opened.sweeps, opened.published(K).sweeps, strict=True):
        for risk in RISKS:
            for before, step in zip(raw.of(risk), shown.of(risk), strict=True):
                if step.exposed_days < raw.data_days:
                    continue
                assert round(before.whole_window.value * before.whole_window.n) == told[risk]
                assert step.whole_window == before.whole_window.withheld(K)
                assert is_apart(step.share, told[risk])
                near.append(not is_apart(before.share, told[risk]))
    # There was something to withhold.
    assert any(near)


def test_a_comparison_and_cameras_give_way_to_reports_too(month):
    told = reported(month)
    policies = {"all": Policy(None), "month": Policy("30D", attributes="keep"),
                "week": Policy("7D"), "zones": Policy("30D", space="zone")}  # fmt: skip
    compared = compare_policies(month, policies, risks=RISKS)
    shown = compared.published(K)
    last = sweep_cameras(month, (0.5, 1.0), risks=RISKS)
    near = []
    for risk in RISKS:
        for name in ("all", "month"):
            assert is_apart(shown[name].risks[risk], told[risk])
            assert shown[name].whole_window[risk] == compared[name].whole_window[risk].withheld(K)
            near.append(not is_apart(compared[name].risks[risk], told[risk]))
        assert is_apart(last.published(K).steps[-1].risks[risk], told[risk])
        assert not is_apart(last.steps[-1].risks[risk], told[risk]) or not near[-1]
    assert any(near)
