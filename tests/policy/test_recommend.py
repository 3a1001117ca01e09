"""Recommendations meet the targets, and nothing less restrictive does."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.policy.compare import compare_policies
from analyzer.policy.policy import Policy
from analyzer.policy.recommend import FEWER, LENGTHS, _beats, recommend_policy
from analyzer.risk.adversary import Adversary
from tests.process_engine import ProcessEngine
from tests.risk.regions import random_rows, sightings_of

ROUNDINGS = (Policy(), Policy(space="zone"), Policy(time="1D", space="2km"))


@pytest.fixture(scope="module")
def sightings():
    return sightings_of(random_rows(np.random.default_rng(9), days=30, vehicles=120, most=30))


@pytest.fixture(scope="module")
def found(sightings):
    return recommend_policy(
        sightings, {"unicity": 0.25}, 2, adversary=Adversary(2), roundings=ROUNDINGS
    )


def test_the_longest_keeping_is_found_by_halving(sightings, found):
    assert found.policies
    for trial in found.policies:
        assert trial.risks["unicity"].high <= 0.25
        longer = [days for days in LENGTHS if trial.policy.days < days <= found.longest]
        tried = {
            other.policy.days: other.meets
            for other in found.trials
            if (other.policy.time, other.policy.space) == (trial.policy.time, trial.policy.space)
        }
        if longer:
            assert tried[longer[0]] is False
    # Halving measures few of them.
    assert len(found.trials) <= 4 * len(ROUNDINGS)


def test_equals_the_comparison_of_all_lengths(sightings, found):
    lengths = [days for days in LENGTHS if days <= found.longest]
    policies = {f"{days}": Policy(f"{days}D") for days in lengths}
    compared = compare_policies(sightings, policies, Adversary(2), 2, risks=["unicity"])
    assert compared.knowledge_days == found.knowledge_days
    shares = [outcome.risks["unicity"] for outcome in compared.outcomes]
    assert all(one.value <= other.value for one, other in pairwise(shares))
    for trial in found.trials:
        if trial.policy.time is None and trial.policy.space is None:
            assert trial.risks["unicity"].value == compared[str(trial.policy.days)].risks[
                "unicity"
            ].value  # fmt: skip


def thinning():
    """Forty vehicles that are each alone at a camera for 14 days, and then all at one for 16."""
    day = 86_400_000
    rows = [
        (vehicle, each * day + 8 * 3_600_000, vehicle + 1 if each < 14 else 0)
        for vehicle in range(40)
        for each in range(30)
    ]
    return from_arrays(*np.array(sorted(rows)).T)


@pytest.mark.parametrize("target", [0.2, 0.3, 0.35, 0.45, 0.6])
def test_longer_keeping_with_a_narrower_interval_is_found(target):
    """Leaks are too near each other to differ for long windows: their upper ends lie lower."""
    sightings, adversary = thinning(), Adversary(points=1)
    found = recommend_policy(
        sightings, {"unicity": target}, adversary=adversary, roundings=[Policy()]
    )
    policies = {str(days): Policy(f"{days}D") for days in LENGTHS if days <= found.longest}
    compared = compare_policies(sightings, policies, adversary, risks=["unicity"])
    ends = [compared[days].risks["unicity"].high for days in policies]
    assert ends != sorted(ends), "the ends are to fall somewhere, or this tests nothing"
    will_do = [int(days) for days, end in zip(policies, ends, strict=True) if end <= target]
    assert [trial.policy.days for trial in found.policies] == will_do[-1:]
    # The evidence: nothing longer was left out that could have done.
    tried = {trial.policy.days: trial for trial in found.trials}
    for days in policies:
        if int(days) > max(will_do, default=0) and int(days) not in tried:
            assert compared[days].risks["unicity"].value > target
    assert len(found.trials) == len(tried)


def test_what_another_policy_beats_is_left_out(found):
    for one in found.policies:
        for other in found.policies:
            assert one is other or not _beats(one.policy, other.policy)


def test_says_honestly_that_nothing_will_do(sightings):
    none = recommend_policy(
        sightings, {"unicity": 0.0}, adversary=Adversary(2), roundings=[Policy()]
    )
    assert none.policies == ()
    assert "None of the" in none.summary()
    assert "Nearest: kept 1 day" in none.summary()


def test_risks_that_may_fall_are_tried_at_every_length(sightings):
    found = recommend_policy(
        sightings, {"unicity": 0.9, "companions": 0.5}, adversary=Adversary(2), roundings=[Policy()]
    )
    assert [trial.policy.days for trial in found.trials] == [
        days for days in LENGTHS if days <= found.longest
    ]
    assert set(found.to_pandas().columns) >= {"unicity_target", "companions_high", "recommended"}


def test_parts_and_processes_change_no_digit(sightings, found):
    apart = recommend_policy(
        sightings.with_parts(5), {"unicity": 0.25}, 2, adversary=Adversary(2),
        roundings=ROUNDINGS, engine=ProcessEngine(seed=1),
    )  # fmt: skip
    assert apart.to_dict() == found.to_dict()
    assert found.plot().get_xlabel() == "days kept"


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({}, "write one or more"),
        ({"unicity": 5}, "write a share from 0 to 1"),
        ({"unicity": True}, "write a share from 0 to 1"),
        ({"gossip": 0.1}, "'gossip' is not known"),
    ],
)
def test_impossible_targets_are_refused(sightings, targets, message):
    with pytest.raises(UsageError, match=message):
        recommend_policy(sightings, targets)


def crowded():
    """Sixty vehicles that each pass a camera of their own, and all one camera on each morning."""
    day, hour = 86_400_000, 3_600_000
    rows = [
        (vehicle, each * day + (7 if at == 60 else 12) * hour, at)
        for vehicle in range(60)
        for each in range(12)
        for at in (60, vehicle)
    ]
    return from_arrays(*np.array(sorted(rows)).T)


def test_few_vehicles_at_a_camera_are_given_up_where_no_rounding_will_do():
    """Alone at a camera, everybody is singled out; where five vehicles share one, nobody is."""
    # Cameras without a position are zones and cells of their own: rounding joins none of them.
    sightings = crowded()
    found = recommend_policy(sightings, {"unicity": 0.1}, adversary=Adversary(points=2))
    tried = [trial.policy for trial in found.trials]
    assert {each.cameras for each in tried} == {1.0}
    assert {each.min_k for each in tried} == {None, 5}
    assert [each.policy.min_k for each in found.policies] == [5]
    assert found.policies[0].risks["unicity"].value == 0
    assert all(not trial.meets for trial in found.trials if trial.policy.min_k is None)
    # Every length that is kept meets it, and the longest was found.
    assert found.policies[0].policy.days == found.longest
    table = found.to_pandas()
    assert set(table["min_k"].dropna()) == {5}
    assert "only where 5 vehicles share camera and time" in found.summary()
    assert "only where 5 vehicles" in " ".join(
        text.get_text() for text in found.plot().get_legend().get_texts()
    )


def test_nothing_is_given_up_where_a_rounding_will_do(sightings):
    found = recommend_policy(sightings, {"unicity": 0.9}, adversary=Adversary(2))
    assert found.policies
    assert all(trial.policy.min_k is None for trial in found.trials)
    assert all(trial.policy.cameras == 1.0 for trial in found.trials)


def test_what_is_given_up_is_tried_in_order_until_it_will_do(sightings):
    none = recommend_policy(sightings, {"unicity": 0.0}, adversary=Adversary(2))
    rest = [trial.policy.without_retention() for trial in none.trials]
    assert [each for each in dict.fromkeys(rest) if each in [
        replace(one, retention=None) for one in FEWER]] == [
            replace(one, retention=None) for one in FEWER]  # fmt: skip
    assert none.policies == ()
    # What the shortest keeping does not meet is not tried for longer ones.
    for one in FEWER:
        days = [trial.policy.days for trial in none.trials
                if trial.policy.without_retention() == replace(one, retention=None)]  # fmt: skip
        assert days == [1]
    given = recommend_policy(
        sightings, {"unicity": 0.0}, adversary=Adversary(2), roundings=[Policy()]
    )
    assert all(trial.policy.min_k is None for trial in given.trials)


def test_more_cameras_and_fewer_vehicles_beat_less():
    one = Policy("7D", cameras=0.5, min_k=5)
    assert _beats(one, Policy("7D", cameras=0.25, min_k=5))
    assert _beats(one, Policy("5D", cameras=0.5, min_k=10))
    assert not _beats(one, Policy("7D", cameras=1.0, min_k=5))
    assert not _beats(one, Policy("7D", cameras=0.5))
    assert not _beats(Policy("7D", cameras=("a",)), Policy("7D", cameras=("b",)))
