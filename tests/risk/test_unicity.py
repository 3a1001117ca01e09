import json
import math
from datetime import timedelta

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.estimate import wilson
from analyzer.risk.adversary import Adversary
from analyzer.risk.unicity import ALL_TARGETS, SAMPLED_TARGETS, measure_unicity
from tests.process_engine import ProcessEngine
from tests.risk import oracle
from tests.risk.regions import AUTUMN, CAMERAS, SPRING, random_rows, sightings_of
from tests.risk.test_points import LENGTHS, SPACES


def expected_unicity(rows, time, space, n_points, seed, sample=None, timezone="America/New_York"):
    place = oracle.places(SPACES[space], CAMERAS)
    points = oracle.points_of(rows, timezone, LENGTHS[time], place)
    alone, targets, few = oracle.unicity(points, n_points, seed, LENGTHS[time], sample)
    return alone, targets, few, len(points)


def found_unicity(result):
    counts = [round(share.value * share.n) if share.n else 0 for share in result.curve]
    return counts, result.targets, round(result.excluded.value * result.vehicles), result.vehicles


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("time", LENGTHS)
def test_equals_the_oracle(time, space, start):
    rows = random_rows(np.random.default_rng([len(time), len(space)]), start=start)
    sightings = sightings_of(rows)
    for n_points in range(1, 7):
        result = measure_unicity(sightings, Adversary(n_points, time, space), seed=n_points)
        assert found_unicity(result) == expected_unicity(rows, time, space, n_points, n_points)


@pytest.mark.parametrize("timezone", ["Asia/Tashkent", "America/Havana", "Australia/Lord_Howe"])
@pytest.mark.parametrize("time", ["15min", "1h", "1D"])
def test_equals_the_oracle_in_other_zones(time, timezone):
    # Havana's clocks change at midnight, Lord Howe's by half an hour.
    for seed in range(5):
        rows = random_rows(np.random.default_rng(seed), start=AUTUMN, vehicles=25)
        result = measure_unicity(
            sightings_of(rows, timezone=timezone), Adversary(3, time), seed=seed
        )
        expected = expected_unicity(rows, time, "camera", 3, seed, timezone=timezone)
        assert found_unicity(result) == expected


@pytest.mark.parametrize("sample", [1, 5, 9, 1_000])
def test_a_sample_is_drawn_from_those_with_enough_points_and_matched_against_all(sample):
    rows = random_rows(np.random.default_rng(2), vehicles=30)
    result = measure_unicity(sightings_of(rows), Adversary(2), sample=sample, seed=8)
    expected = expected_unicity(rows, "1h", "camera", 2, 8, sample)
    assert found_unicity(result) == expected
    assert (result.targets == sample) == (sample < 1_000)
    assert result.share.method == (SAMPLED_TARGETS if sample < 1_000 else ALL_TARGETS)


@pytest.mark.parametrize("sample", [None, 20])
def test_parts_change_no_digit(sample):
    sightings = sightings_of(random_rows(np.random.default_rng(3), vehicles=40))
    for adversary in (Adversary(1), Adversary(3, "1D", "zone")):
        one, seven = (
            measure_unicity(sightings.with_parts(n), adversary, sample=sample, seed=1)
            for n in (1, 7)
        )
        assert one == seven
        assert 0 < one.share.value < 1


def test_other_processes_and_orders_change_no_digit():
    sightings = sightings_of(random_rows(np.random.default_rng(3), vehicles=40))
    engine = ProcessEngine(seed=5)
    apart = measure_unicity(sightings.with_parts(7), Adversary(3), engine=engine)
    assert apart == measure_unicity(sightings, Adversary(3))
    assert any(order != sorted(order) for order in engine.orders)


def test_names_and_order_of_rows_change_no_digit():
    rows = random_rows(np.random.default_rng(4))
    vehicle, ms, camera = (np.array(column) for column in zip(*sorted(rows), strict=True))
    names = [f"key {31 * code % 97}" for code in range(vehicle.max() + 1)]
    one = measure_unicity(from_arrays(vehicle, ms, camera), Adversary(2))
    other = measure_unicity(
        from_arrays(vehicle[::-1], ms[::-1], camera[::-1], vehicles=names), Adversary(2)
    )
    assert one == other


def test_other_codes_change_the_draw_and_nothing_else():
    # Every vehicle has exactly two points: there is nothing to draw, so no code can matter.
    rng = np.random.default_rng(6)
    vehicle = np.repeat(np.arange(300), 2)
    ms = rng.integers(0, 6, 600) * 3_600_000
    ms[1::2] += 10 * 3_600_000
    camera = rng.integers(0, 3, 600)
    codes = rng.permutation(300)
    one = measure_unicity(from_arrays(vehicle, ms, camera), Adversary(2))
    other = measure_unicity(from_arrays(codes[vehicle], ms, camera), Adversary(2))
    assert one.share == other.share
    assert 0 < one.share.value < 1


def test_the_curve_never_falls_and_stands_on_one_population():
    sightings = sightings_of(random_rows(np.random.default_rng(7), vehicles=60, most=20))
    result = measure_unicity(sightings, Adversary(6))
    values = [share.value for share in result.curve]
    assert values == sorted(values)
    assert values[0] < values[-1]
    assert {share.n for share in result.curve} == {result.targets}


def test_figures_have_interval_and_baseline():
    rows = random_rows(np.random.default_rng(8), vehicles=40, most=3)
    result = measure_unicity(sightings_of(rows), Adversary(2))
    alone, targets, few, vehicles = expected_unicity(rows, "1h", "camera", 2, 0)
    expected = wilson(alone[-1], targets)
    assert (result.share.low, result.share.high) == (expected.low, expected.high)
    assert result.share.baseline == 1 / vehicles
    assert result.excluded.value == few / vehicles
    frame = result.to_pandas()
    assert list(frame.columns) == ["points", "value", "low", "high", "n", "method", "baseline"]
    assert frame["points"].tolist() == [1, 2]
    figures = json.loads(json.dumps(result.to_dict()))
    assert set(figures["share"]) == {"value", "low", "high", "n", "method", "baseline"}
    assert f"single out {result.share.percent()} of {targets} vehicles" in result.summary()
    assert few
    assert "have fewer than 2 different sightings" in result.summary()
    assert "fewer" not in measure_unicity(sightings_of(rows), Adversary(1)).summary()
    assert result.plot().get_ylim()[0] == 0
    assert "Unicity" in result._repr_html_()


def test_nobody_with_enough_points_is_said_and_not_guessed():
    result = measure_unicity(from_arrays([0, 1], [0, 0], [0, 1]), Adversary(2))
    assert math.isnan(result.share.value)
    assert result.to_dict()["share"]["value"] is None
    assert result.excluded.value == 1
    assert "cannot be measured" in result.summary()
    assert len(result.to_pandas()) == 2


def test_a_view_in_time_is_a_population_of_its_own():
    rows = random_rows(np.random.default_rng(11), start=SPRING, vehicles=30)
    whole = sightings_of(rows)
    cut = whole.between("2025-03-05", "2025-03-09")
    inside = [
        row
        for row in rows
        if 5 <= oracle.local_date(row[1], "America/New_York").day < 9
    ]
    assert found_unicity(measure_unicity(cut, Adversary(2))) == expected_unicity(
        inside, "1h", "camera", 2, 0
    )


def test_refuses_wrong_calls():
    sightings = from_arrays([0], [0], [0])
    with pytest.raises(UsageError, match="sample"):
        measure_unicity(sightings, sample=0)
    with pytest.raises(UsageError, match="seed"):
        measure_unicity(sightings, seed=-1)
    with pytest.raises(UsageError, match="engine"):
        measure_unicity(sightings, engine="abacus")


def test_bins_begin_at_local_midnight():
    # 23:30 and 00:30 in Tashkent are one UTC day, and two local ones.
    half_past_six_utc = int(timedelta(days=20_000, hours=18, minutes=30).total_seconds() * 1000)
    rows = [0, 0, 1, 1], [half_past_six_utc, half_past_six_utc + 3_600_000] * 2, [0, 0, 0, 0]
    local = measure_unicity(from_arrays(*rows, timezone="Asia/Tashkent"), Adversary(2, "1D"))
    utc = measure_unicity(from_arrays(*rows, timezone="UTC"), Adversary(2, "1D"))
    assert (local.targets, utc.targets) == (2, 0)
