"""Profiles made group by group: who is where, and that no group changes a match."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.engine import LocalEngine
from analyzer.risk import profile_groups
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.profile_groups import ProfileGroups, entries_at_once
from analyzer.risk.profile_matching import match_profiles
from analyzer.risk.profile_weights import MATCHERS, count_traffic, join_traffic, weigh
from analyzer.risk.profiles import GRAINS, gather_counts, make_profiles, order_pseudonyms
from analyzer.risk.rotation import find_answers, match_among
from analyzer.synthetic import make_region
from tests.process_engine import ProcessEngine

HOURS = 14 * 24
SIDES = np.arange(HOURS) < HOURS // 2, np.arange(HOURS) >= HOURS // 2


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(5)
    vehicle = np.repeat(np.arange(150), 12)
    key = rng.integers(0, 9 * HOURS, len(vehicle))
    vehicle, key = np.unique(np.stack([vehicle, key]), axis=1)
    rows = {"vehicle": vehicle, "key": key, "count": rng.integers(1, 4, len(key))}
    return gather_counts(
        [{name: column.astype(np.int32) for name, column in rows.items()}], 0, HOURS
    )


@pytest.mark.parametrize("most", [1, 7, 40, 10_000])
@pytest.mark.parametrize("grain", GRAINS.values())
def test_groups_are_the_profiles_in_their_order(counts, grain, most):
    pseudonyms = order_pseudonyms(counts, SIDES[1], period=1, seed=3)
    whole = make_profiles(counts, SIDES[1], grain, period=1, seed=3)
    groups = list(ProfileGroups(counts, SIDES[1], grain, pseudonyms, most))
    assert (len(groups) > 1) == (most < 10_000)
    for at, name in enumerate(whole._fields):
        if name != "offsets":
            together = np.concatenate([group[at] for group in groups])
            np.testing.assert_array_equal(together, whole[at])
    lengths = np.concatenate([np.diff(group.offsets) for group in groups])
    np.testing.assert_array_equal(lengths, np.diff(whole.offsets))
    # No vehicle is cut, so a group may have more by what one has: 12 keys, two entries each.
    assert all(len(group.features) <= most + 24 for group in groups)


@pytest.mark.parametrize("matcher", MATCHERS)
@pytest.mark.parametrize("grain", GRAINS.values())
@pytest.mark.parametrize("engine", [LocalEngine(threads=2), ProcessEngine(seed=1)])
def test_groups_change_no_match(counts, matcher, grain, engine):
    old, new = (
        make_profiles(counts, side, grain, period=number, seed=3)
        for number, side in enumerate(SIDES)
    )
    answers = find_answers(old.vehicles, new.vehicles)
    answers[::5] = -1
    whole = match_profiles(LocalEngine(), weigh(matcher, old, new), answers)
    pseudonyms = order_pseudonyms(counts, SIDES[1], period=1, seed=3)
    for most in (1, 60) if isinstance(engine, LocalEngine) else (400,):
        groups = ProfileGroups(counts, SIDES[1], grain, pseudonyms, most)
        traffic = join_traffic(count_traffic([old]), count_traffic(groups))
        found = match_among(engine, matcher, old, groups, answers, traffic)
        for one, other in zip(whole, found, strict=True):
            np.testing.assert_array_equal(one, other)


def test_traffic_is_that_of_all_groups(counts):
    pseudonyms = order_pseudonyms(counts, SIDES[0], period=0, seed=0)
    grain = GRAINS["place × hour"]
    found = count_traffic(ProfileGroups(counts, SIDES[0], grain, pseudonyms, 50))
    whole = make_profiles(counts, SIDES[0], grain, period=0, seed=0)
    brute = {}
    for feature, count in zip(whole.features.tolist(), whole.counts.tolist(), strict=True):
        holders, seen = brute.get(feature, (0, 0))
        brute[feature] = holders + 1, seen + count
    assert found.features.tolist() == sorted(brute)
    assert list(zip(found.holders.tolist(), found.sightings.tolist(), strict=True)) == [
        brute[feature] for feature in sorted(brute)
    ]
    assert found.profiles == len(whole.vehicles)


def test_little_memory_changes_no_figure_of_linkage(monkeypatch):
    region = make_region(vehicles=250, days=21, seed=4).sightings
    whole = measure_linkage(region, "7D", sample=120)
    monkeypatch.setattr(profile_groups, "LEAST_ENTRIES", 300)
    monkeypatch.setattr(profile_groups, "BYTES_AN_ENTRY", 10**9)
    assert entries_at_once(LocalEngine()) == 300
    cut = measure_linkage(region, "7D", sample=120)
    assert cut.to_dict() == whole.to_dict()
