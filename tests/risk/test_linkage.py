import json
from datetime import UTC, datetime

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.risk import linkage as linkage_module
from analyzer.risk import rotation
from analyzer.risk.continuity import link_cut_trips, moves_in_part
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.linkage_result import RANKS, Linkage, RotationLinkage
from analyzer.risk.profiles import GRAINS
from analyzer.risk.rotation import (
    ADVERSARIES,
    BEFORE_ALL,
    EARLIER,
    GUESS,
    HALVES,
    first_days,
    halves,
    link,
    pairs_of,
    spread,
)
from tests.risk import linkage_oracle as oracle
from tests.risk.regions import AUTUMN, DAY, HOUR, SPRING, random_rows, sightings_of

MONDAY = int(datetime(2025, 9, 1, tzinfo=UTC).timestamp() * 1000)


def habitual(vehicles=40, days=21, cameras=60, habit=0.8, seed=1, per_day=4, start=MONDAY):
    """Rows of vehicles that mostly keep to three cameras of their own, at hours of their own."""
    rng = np.random.default_rng(seed)
    rows = []
    for vehicle in range(vehicles):
        own = rng.integers(0, cameras, 3)
        hours = rng.integers(6, 22, 3)
        for day in range(days):
            for _ in range(per_day):
                which = rng.integers(0, 3)
                usual = rng.random() < habit
                camera = own[which] if usual else rng.integers(0, cameras)
                hour = hours[which] if usual else rng.integers(6, 22)
                ms = start + day * DAY + int(hour) * HOUR + int(rng.integers(0, HOUR))
                rows.append((vehicle, ms, int(camera)))
    return rows


def sightings(rows, **options):
    vehicle, ms, camera = (np.array(column) for column in zip(*rows, strict=True))
    return from_arrays(vehicle, ms, camera, **options)


@pytest.fixture(scope="module")
def three_weeks():
    return measure_linkage(sightings(habitual()), "7D")


# Ranks, against dense tables


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
def test_ranks_are_those_of_dense_tables_over_clock_changes(start):
    rng = np.random.default_rng(start % 1000)
    rows = random_rows(rng, start=start, days=16, vehicles=20, most=25)
    data = sightings_of(rows)
    local = [int(data.clock.local(np.array([end]))[0]) for end in data.span_ms]
    pair = pairs_of(*local, 168)[0]
    counts = linkage_module.count_pair(data, LocalEngine(), pair)
    trial, _ = link(LocalEngine(), counts, counts, first_days(pair, 7), period=5, seed=3)
    begins = datetime.fromtimestamp(pair.begins * 3600, UTC).replace(tzinfo=None)
    assert begins.weekday() == 0 and begins.hour == 0
    change, ends = oracle.days_after(begins, 7), oracle.days_after(begins, 14)
    looked_at = 0
    for grain, matcher in ADVERSARIES:
        old = oracle.profiles(rows, "America/New_York", begins, change, grain)
        new = oracle.profiles(rows, "America/New_York", change, ends, grain)
        assert set(trial.vehicles) == set(old) and trial.candidates == len(new)
        table = oracle.scores(matcher, old, new)
        ranks = dict(zip(trial.vehicles, trial.ranks[grain, matcher], strict=True))
        for row, vehicle in zip(table, old, strict=True):
            if vehicle not in new:
                assert np.isnan(ranks[vehicle])
                continue
            low, high = oracle.rank_between(row, list(new).index(vehicle), 0.02)
            assert low <= ranks[vehicle] <= high
            looked_at += low == high
    assert looked_at > 40


def test_ties_take_the_mean_rank():
    # Four vehicles that nothing tells apart, and one that is alone.
    rows = [(v, MONDAY + day * DAY + 8 * HOUR + v, v // 4) for v in range(5) for day in range(2)]
    linkage = measure_linkage(sightings(rows), "1D")
    assert linkage.success[1].value == 1 / 5
    assert linkage.success[5].value == 1
    assert linkage.median_rank.value == 2.5


# What is measured


def test_habits_give_vehicles_away(three_weeks):
    assert isinstance(three_weeks, RotationLinkage) and isinstance(three_weeks, Linkage)
    assert three_weeks.success[1].value > 0.9
    assert three_weeks.success[1].baseline == pytest.approx(1 / 40)
    assert three_weeks.assignment.value >= three_weeks.success[1].value
    assert three_weeks.precision.value > 0.9
    assert three_weeks.pairs == three_weeks.pairs_there == 2
    assert three_weeks.success[1].n == 80
    assert three_weeks.absent.value == 0


@pytest.mark.parametrize("seed", range(3))
def test_without_habits_success_is_chance(seed):
    rows = habitual(vehicles=150, days=14, cameras=40, habit=0.0, seed=seed, per_day=3)
    found = measure_linkage(sightings(rows), "7D")
    for rank in RANKS:
        share = found.success[rank]
        assert share.baseline == pytest.approx(rank / 150)
        assert share.low <= share.baseline <= share.high
        for tried in found.tried:
            # 8 adversaries at 3 ranks: intervals that wide miss once in some thousands.
            width = 4 * np.sqrt(share.baseline * (1 - share.baseline) / share.n)
            assert abs(tried.success[rank].value - share.baseline) < width


def test_ranks_are_nested_and_days_help(three_weeks):
    for step in three_weeks.by_days:
        values = [step.success[rank].value for rank in RANKS]
        assert values == sorted(values)
        assert {(tried.grain, tried.matcher) for tried in step.tried} == set(ADVERSARIES)
        assert sum(tried.pairs_chosen for tried in step.tried) == three_weeks.pairs
    assert [step.days for step in three_weeks.by_days] == [1, 3, 7]
    assert three_weeks.by_days[0].success[1].value < three_weeks.by_days[-1].success[1].value


def test_absent_vehicles_are_told_and_not_counted():
    rows = habitual(vehicles=30, days=14)
    left = [row for row in rows if row[0] < 20 or row[1] < MONDAY + 7 * DAY]
    found = measure_linkage(sightings(left), "7D")
    assert found.absent.value == pytest.approx(1 / 3)
    assert found.success[1].n == 20
    assert found.success[1].baseline == pytest.approx(1 / 20)
    # Whoever is absent can only be claimed wrongly, and mostly is not claimed at all.
    assert found.precision.n < 30


def test_a_sample_is_matched_with_everybody():
    found = measure_linkage(sightings(habitual()), "7D", sample=10, seed=5)
    assert found.success[1].n == 20
    assert found.candidates == 40


# The choice


def test_what_it_is_chosen_on(three_weeks):
    assert three_weeks.chosen_on == (HALVES, EARLIER)
    days = measure_linkage(sightings(habitual(days=4)), "1D")
    assert days.chosen_on == (GUESS, EARLIER, EARLIER)
    assert days.chosen[0] == ", ".join(BEFORE_ALL)


def test_the_choice_does_not_see_the_answers():
    # Who is who in the last week is shuffled: what was chosen, and on what, stays; success goes.
    rows = habitual()
    shuffled = np.random.default_rng(9).permutation(40)
    last = MONDAY + 14 * DAY
    mixed = [(int(shuffled[v]) if ms >= last else v, ms, camera) for v, ms, camera in rows]
    one, other = (measure_linkage(sightings(data), "7D") for data in (rows, mixed))
    assert one.chosen == other.chosen and one.chosen_on == other.chosen_on
    assert one.success[1].value > 0.9
    assert other.success[1].value < 0.6


def test_the_choice_is_made_before_the_pair_is_added(monkeypatch):
    seen = []
    choose = rotation.History.choose

    def watched(self, chosen_on=EARLIER):
        seen.append(len(self.trials))
        return choose(self, chosen_on)

    monkeypatch.setattr(rotation.History, "choose", watched)
    measure_linkage(sightings(habitual(vehicles=10, days=21)), "7D", shorter=())
    # Before the first pair nothing, then one trial within the period; before the second one pair.
    assert seen == [0, 1, 1]


# Periods


def test_periods_begin_at_local_midnight_and_on_mondays():
    # Wednesday 3 September to Sunday 28 September 2025, local time.
    first, last = (MONDAY + 2 * DAY + HOUR, MONDAY + 28 * DAY - 1)
    weeks = pairs_of(first, last, 168)
    assert [pair.begins * HOUR for pair in weeks] == [MONDAY + 7 * DAY, MONDAY + 14 * DAY]
    assert all(pair.change - pair.begins == pair.ends - pair.change == 168 for pair in weeks)
    days = pairs_of(first, last, 24)
    assert len(days) == 25
    assert days[0].begins * HOUR == MONDAY + 2 * DAY


def test_fewer_days_are_the_first_of_both_periods():
    pair = pairs_of(MONDAY, MONDAY + 14 * DAY - 1, 168)[0]
    for days in (1, 3, 7):
        old, new = first_days(pair, days)
        assert np.flatnonzero(old).tolist() == list(range(24 * days))
        assert np.flatnonzero(new).tolist() == list(range(168, 168 + 24 * days))


def test_half_periods_serve_where_there_are_no_whole_ones():
    pairs = pairs_of(MONDAY + 2 * DAY, MONDAY + 12 * DAY - 1, 168)
    assert len(pairs) == 1
    assert pairs_of(MONDAY, MONDAY + 10 * DAY - 1, 168) == []
    assert pairs_of(MONDAY, MONDAY + 6 * DAY, 168) == []


def test_of_many_pairs_some_are_spread_over_all():
    pairs = pairs_of(MONDAY, MONDAY + 60 * DAY - 1, 24)
    some = spread(pairs)
    assert len(pairs) == 59 and len(some) == rotation.MOST_PAIRS
    assert some[0] == pairs[0] and some[-1] == pairs[-1]
    assert len(set(some)) == len(some)


def test_halves_share_no_hour():
    for hours in (48, 100, 168, 400, 720):
        even, odd = halves(0, hours)
        assert (even ^ odd).all() and even.any() and odd.any()
    weekday = np.arange(400) % 168
    even, odd = halves(0, 400)
    assert set(weekday[even]) == set(range(168))
    assert halves(0, 24) is None


# Trips that are cut


def test_cut_trips_are_found_and_linked_by_continuity():
    # Three vehicles on the same road, a minute apart, around midnight on Monday; a fourth sleeps.
    minute = 60_000
    rows = []
    for day in range(14):
        for v in range(3):
            begin = MONDAY + day * DAY + (23 * 60 + 50 + 4 * v) * minute
            rows += [(v, begin + k * 6 * minute, k) for k in range(4)]
        rows.append((3, MONDAY + day * DAY + 12 * HOUR, 4))
    data = sightings(rows)
    pair = pairs_of(MONDAY, MONDAY + 14 * DAY - 1, 168)[0]
    cut = linkage_module.cut_by_change(data, LocalEngine(), pair)
    assert cut.vehicles.tolist() == [0, 1, 2]
    assert cut.candidates == 3
    assert (cut.rank <= 1.5).all()
    found = measure_linkage(data, "7D")
    assert found.cut.value == 3 / 4
    assert found.success[1].n == 1
    assert found.continuity.value > found.continuity.baseline
    assert found.continuity.baseline == pytest.approx(1 / 3)


def test_a_gap_longer_than_a_trip_is_no_cut():
    change, gap = 10 * HOUR, 45 * 60_000
    shared = {"begins": 0, "change": change, "ends": 20 * HOUR, "max_gap": gap, "n_cameras": 1}

    def cut(before, after):
        rows = {
            "vehicle": np.zeros(2, np.int32),
            "seen_at": np.array([change - before, change + after]),
            "camera": np.zeros(2, np.int32),
        }
        return link_cut_trips([moves_in_part(rows, shared)], gap, 1)

    assert cut(gap - 1, 1).rank.tolist() == [1.0]
    assert len(cut(gap, 1).vehicles) == 0
    assert len(cut(1, gap).vehicles) == 0


# What it says


def test_a_table_fields_and_sentences(three_weeks):
    table = three_weeks.to_pandas()
    assert len(table) == 3 * 3 * (1 + len(ADVERSARIES)) + 1
    assert set(table["grain"]) == {*GRAINS, "chosen on earlier periods"}
    assert set(table["rotation"]) == {"7D"}
    fields = json.loads(json.dumps(three_weeks.to_dict()))
    assert set(fields["success_at_1"]) == {"value", "low", "high", "n", "method", "baseline"}
    told = three_weeks.summary()
    assert "79 %" in told and "chance alone" in told and "Wang et al. 2018" in told
    assert three_weeks.plot().get_ylabel()
    assert "<div>" in three_weeks._repr_html_()


def test_too_few_days_are_said_and_not_measured():
    found = measure_linkage(sightings(habitual(days=5)), "7D")
    assert not found.success[1].is_measured
    assert "cannot be measured" in found.summary()
    assert "two periods of 7D" in found.summary()
    json.dumps(found.to_dict())
    assert len(found.plot().lines)


def test_nobody_in_both_periods():
    rows = [(v, MONDAY + v * 7 * DAY + day * DAY, 0) for v in range(2) for day in range(7)]
    found = measure_linkage(sightings(rows), "7D")
    assert found.absent.value == 1
    assert not found.success[1].is_measured
    assert "no vehicle is present" in found.summary()


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"rotation": "36h"}, "whole days"),
        ({"rotation": "90min"}, "whole hours"),
        ({"rotation": "week"}, "7D"),
        ({"rotation": "0D"}, "longer than zero"),
        ({"sample": 0}, "sample=10_000"),
        ({"seed": -1}, "whole number"),
    ],
)
def test_wrong_calls_name_the_remedy(wrong, remedy):
    with pytest.raises(UsageError, match=remedy):
        measure_linkage(sightings(habitual(vehicles=3, days=3)), **wrong)


def test_too_much_work_is_refused_before_it_begins(monkeypatch):
    monkeypatch.setattr(rotation, "MOST_ADDITIONS", 1e4)
    with pytest.raises(TooMuchWorkError, match="sample=5_000"):
        measure_linkage(sightings(habitual()), "7D")
