import json
from datetime import date, timedelta

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.errors import UsageError
from analyzer.policy import exposure
from analyzer.policy.leaks import MEASURED, NOT_MEASURABLE, ONE_LEAK_DAY
from analyzer.policy.retention import check_windows, sweep_retention
from analyzer.risk.adversary import Adversary
from analyzer.risk.unicity import measure_unicity
from analyzer.synthetic import make_region
from tests.process_engine import ProcessEngine
from tests.risk import oracle
from tests.risk.regions import AUTUMN, CAMERAS, DAY, HOUR, SPRING, random_rows, sightings_of
from tests.risk.test_points import LENGTHS, SPACES

NEW_YORK = "America/New_York"


def expected_sweep(rows, leak_dates, windows, time, space, n_points, seed, open_days, timezone):
    """Vehicles alone, vehicles shown, targets, summed over the leak days, for each window."""
    place = oracle.places(SPACES[space], CAMERAS)
    points = oracle.points_of(rows, timezone, LENGTHS[time], place)
    sums = {days: [0, 0, 0] for days in windows}
    for leak in leak_dates:
        states = oracle.leak(
            points,
            date.fromisoformat(leak),
            windows,
            max(windows),
            n_points,
            seed,
            LENGTHS[time],
            open_days,
        )
        for own in states.values():
            for days, state in own.items():
                sums[days][0] += state == "alone"
                sums[days][1] += state != "deleted"
                sums[days][2] += 1
    return sums


def check_sweep(rows, windows, time, space, n_points, seed, open_days=0, timezone=NEW_YORK):
    sweep = sweep_retention(
        sightings_of(rows, timezone=timezone),
        [f"{days}D" for days in windows],
        Adversary(n_points, time, space),
        f"{open_days}D",
        seed,
    )
    expected = expected_sweep(
        rows, sweep.leak_dates, windows, time, space, n_points, seed, open_days, timezone
    )
    for step in sweep.windows:
        alone, shown, targets = expected[step.days]
        if not targets:
            assert step.status == NOT_MEASURABLE
            continue
        assert step.share.value == alone / targets
        assert step.exposed_vehicles.value == shown / targets
        if shown:
            assert step.share_in_window.value == alone / shown
        else:
            assert not step.share_in_window.is_measured
    return sweep


@pytest.mark.parametrize("space", ["camera", "zone", "2km"])
@pytest.mark.parametrize("time", LENGTHS)
@pytest.mark.parametrize("start", [SPRING, AUTUMN])
def test_equals_the_oracle(time, space, start):
    rng = np.random.default_rng([len(time), len(space)])
    for seed, n_points in enumerate((1, 2, 4)):
        rows = random_rows(rng, start=start, days=12, vehicles=16, most=20)
        sweep = check_sweep(rows, (1, 2, 4, 8), time, space, n_points, seed)
        assert len(sweep.leak_dates) >= 3


@pytest.mark.parametrize("time", ["1h", "1D", "3D", "7D"])
@pytest.mark.parametrize("open_days", [1, 3, 30])
def test_an_open_store_equals_the_oracle(time, open_days):
    for seed in range(3):
        rows = random_rows(np.random.default_rng(seed), days=14, vehicles=16, most=20)
        check_sweep(rows, (1, 3, 7), time, "camera", 2, seed, open_days)


@pytest.mark.parametrize("timezone", ["America/Havana", "Asia/Tashkent"])
@pytest.mark.parametrize("time", ["1h", "7D"])
def test_other_zones_equal_the_oracle(time, timezone):
    for seed in range(4):
        rows = random_rows(np.random.default_rng(seed), start=AUTUMN, days=9, vehicles=20)
        check_sweep(rows, (1, 2, 5), time, "camera", 2, seed, timezone=timezone)


def test_parts_and_processes_change_no_digit():
    sightings = sightings_of(random_rows(np.random.default_rng(1), days=15, vehicles=30, most=25))
    for time in ("1h", "3D"):
        windows, adversary = ("1D", "3D", "7D", "60D"), Adversary(3, time)
        one = sweep_retention(sightings, windows, adversary, seed=2)
        seven = sweep_retention(sightings.with_parts(7), windows, adversary, seed=2)
        engine = ProcessEngine(seed=4)
        apart = sweep_retention(
            sightings.with_parts(7), windows, adversary, seed=2, engine=engine
        )
        assert one.to_dict() == seven.to_dict() == apart.to_dict()
        assert any(order != sorted(order) for order in engine.orders)
        assert 0 < one.windows[1].share.value < 1


@pytest.mark.parametrize("time", ["1h", "3D"])
def test_vehicles_taken_in_turns_change_no_digit(time):
    sightings = sightings_of(random_rows(np.random.default_rng(1), days=15, vehicles=30, most=25))
    windows, adversary = ("1D", "3D", "7D"), Adversary(3, time)
    one = sweep_retention(sightings, windows, adversary, seed=2)
    asked = []

    class Watched(LocalEngine):
        def map(self, parts, function, broadcast=None):
            if function is exposure.draw_in_part:
                asked.append(len(parts))
            return super().map(parts, function, broadcast)

    for memory, turns in (("100MB", [7]), (15_000, [3, 2, 2]), (1, [1] * 7)):
        asked.clear()
        found = sweep_retention(
            sightings.with_parts(7), windows, adversary, seed=2, engine=Watched(memory=memory)
        )
        assert asked[: len(turns)] == turns and max(asked) == turns[0]
        assert found.to_dict() == one.to_dict()


def test_the_longest_window_over_all_data_is_unicity():
    rows = random_rows(np.random.default_rng(3), days=10, vehicles=30, most=20)
    sightings = sightings_of(rows)
    days = sweep_retention(sightings, ["1D"]).data_days
    for time in ("1h", "1D", "7D"):
        adversary = Adversary(2, time)
        sweep = sweep_retention(sightings, ["1D", f"{days}D"], adversary, seed=6)
        unicity = measure_unicity(sightings, adversary, seed=6)
        assert sweep.windows[-1].share.value == unicity.share.value
        assert sweep.windows[-1].share.n == unicity.targets
        assert sweep.windows[-1].share.baseline == unicity.share.baseline
        assert sweep.windows[-1].exposed_rows == 1


def commuters(days=28, vehicles=60):
    """Everybody passes six cameras of their own choice every day, at hours that vary a little."""
    rng = np.random.default_rng(0)
    rows = []
    for vehicle in range(vehicles):
        usual = rng.integers(0, 12, size=6)
        for day in range(days):
            for at, camera in enumerate(usual):
                hour = 7 + 2 * at + int(rng.integers(0, 2))
                rows.append((vehicle, SPRING + day * DAY + hour * HOUR, int(camera)))
    return rows


def test_points_drawn_inside_the_window_would_give_a_flat_curve_and_ours_rises():
    rows = commuters()
    vehicle, ms, camera = (np.array(column) for column in zip(*rows, strict=True))
    sightings = from_arrays(vehicle, ms, camera, timezone=NEW_YORK)
    windows = (1, 7, 14, 28)
    sweep = sweep_retention(sightings, [f"{days}D" for days in windows])
    ours = [step.share.value for step in sweep.windows]
    points = oracle.points_of(rows, NEW_YORK, timedelta(hours=1), list(range(12)))
    leak = date.fromisoformat(sweep.leak_dates[0])
    wrong = oracle.wrong_sweep(points, leak, windows, 4, 0, timedelta(hours=1))
    assert min(wrong) > 0.85
    assert max(wrong) - min(wrong) < 0.15
    assert ours == sorted(ours)
    assert ours[0] < 0.1
    assert ours[-1] > 0.85
    assert ours[-1] == wrong[-1]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("time", ["15min", "1h", "1D"])
def test_with_bins_of_a_day_or_less_the_share_never_falls(time, seed):
    rows = random_rows(np.random.default_rng(seed), days=14, vehicles=40, most=25)
    windows = [f"{days}D" for days in range(1, 11)]
    sweep = sweep_retention(sightings_of(rows), windows, Adversary(3, time), seed=seed)
    shares = [step.share.value for step in sweep.windows]
    left = [step.exposed_vehicles.value for step in sweep.windows]
    assert shares == sorted(shares)
    assert left == sorted(left)
    assert len({step.share.n for step in sweep.windows}) == 1


def test_with_longer_bins_the_share_can_fall():
    # 0 and 1 pass camera 0 in the same week, 1 on Monday only, before the shorter window begins.
    monday = SPRING // DAY * DAY + 12 * HOUR
    rows = [(1, monday, 0), (0, monday + 5 * DAY, 0), (1, monday + 6 * DAY, 5)]
    sweep = check_sweep(rows, (2, 7), "7D", "camera", 1, 0)
    assert [step.share.value for step in sweep.windows] == [1.0, 0.5]
    assert [step.share.n for step in sweep.windows] == [2, 2]


def test_an_open_store_shows_what_a_longer_window_would():
    rows = random_rows(np.random.default_rng(5), days=16, vehicles=30, most=20)
    sightings = sightings_of(rows)
    windows = ["1D", "3D", "4D", "6D"]
    closed = sweep_retention(sightings, windows, Adversary(2))
    opened = sweep_retention(sightings, windows, Adversary(2), open_for="3D")
    assert closed.leak_dates == opened.leak_dates
    assert opened.windows[0].share.value == closed.windows[2].share.value
    assert opened.windows[1].share.value == closed.windows[3].share.value
    # Beyond the days of knowledge there is nothing more to find.
    assert opened.windows[2].share.value == closed.windows[3].share.value
    forever = sweep_retention(sightings, windows, Adversary(2), open_for="180D")
    assert {step.share.value for step in forever.windows} == {closed.windows[3].share.value}
    assert "stood open for 3 days" in opened.summary()


def test_windows_beyond_the_data_are_not_extrapolated():
    rows = random_rows(np.random.default_rng(2), start=AUTUMN, days=9, vehicles=20)
    sweep = sweep_retention(sightings_of(rows), ["1D", "3D", "10D", "365D"], Adversary(2))
    assert [step.status for step in sweep.windows] == [
        MEASURED,
        MEASURED,
        NOT_MEASURABLE,
        NOT_MEASURABLE,
    ]
    frame = sweep.to_pandas()
    beyond = frame[frame["status"] == NOT_MEASURABLE]
    assert beyond[["value", "low", "high", "value_in_window", "exposed_rows"]].isna().all(axis=None)
    assert (beyond["leak_days"] == 0).all()
    assert json.loads(json.dumps(sweep.to_dict()))["windows"][3]["share"]["value"] is None
    assert "Not measurable: 10D, 365D; the data cover 9 days." in sweep.summary()
    sweep.plot()


def test_one_leak_day_is_marked():
    rows = random_rows(np.random.default_rng(2), start=AUTUMN, days=9, vehicles=20)
    sweep = sweep_retention(sightings_of(rows), ["1D", "9D"], Adversary(2))
    assert sweep.data_days == 9
    assert {step.status for step in sweep.windows} == {ONE_LEAK_DAY}
    assert {step.leak_days for step in sweep.windows} == {1}
    assert "One leak day: for 1D, 9D" in sweep.summary()
    assert "bootstrap of vehicles, 95 %" in sweep.windows[0].share.method


def test_no_vehicle_with_enough_points():
    sweep = sweep_retention(from_arrays([0, 1], [0, 5 * DAY], [0, 1]), ["1D", "5D"])
    assert {step.status for step in sweep.windows} == {NOT_MEASURABLE}
    assert "no vehicle has 4 different sightings" in sweep.summary()
    assert sweep.vehicles == 2


def test_the_frame_says_all():
    rows = random_rows(np.random.default_rng(4), days=12, vehicles=25)
    sightings = sightings_of(rows)
    sweep = sweep_retention(sightings, ["4D", "1D", "96h"], Adversary(2))
    frame = sweep.to_pandas()
    assert frame["window"].tolist() == ["1D", "4D"]
    assert frame["days"].tolist() == [1, 4]
    assert (frame["low"] <= frame["value"]).all()
    assert (frame["value"] <= frame["high"]).all()
    assert (frame["baseline"] == 1 / sweep.vehicles).all()
    leaks = [date.fromisoformat(leak) for leak in sweep.leak_dates]
    dates = [oracle.local_date(ms, NEW_YORK) for _, ms, _ in rows]
    shown = sum(leak - timedelta(days=4) <= day < leak for leak in leaks for day in dates)
    # Repeated rows of a vehicle, camera and instant are stored as they come.
    assert len(sightings) == len(rows)
    assert frame["exposed_rows"][1] == shown / sum(day < leak for leak in leaks for day in dates)
    assert set(sweep.to_dict()["windows"][0]["share"]) == {
        "value", "low", "high", "n", "method", "baseline"
    }  # fmt: skip


def test_same_seed_same_digits_and_another_seed_another_draw():
    sightings = sightings_of(random_rows(np.random.default_rng(4), days=12, vehicles=40, most=25))
    one, again, other = (
        sweep_retention(sightings, ["1D", "2D"], Adversary(3), seed=seed) for seed in (1, 1, 2)
    )
    assert one == again
    assert one.windows != other.windows


@pytest.mark.parametrize("windows", [(), "7D", ["0D"], ["36h"], ["soon"]])
def test_refuses_windows_that_are_none(windows):
    with pytest.raises(UsageError):
        check_windows(windows)


@pytest.mark.parametrize("open_for", ["12h", "long"])
def test_refuses_odd_openings(open_for):
    with pytest.raises(UsageError, match="open_for"):
        sweep_retention(from_arrays([0], [0], [0]), ["1D"], open_for=open_for)


def test_every_risk_stands_on_the_same_leaks():
    region = make_region(vehicles=200, days=21, seed=6).sightings
    risks = ("unicity", "homes", "works", "commutes", "companions")
    windows = ("1D", "5D", "7D", "60D")
    sweep = sweep_retention(region, windows, seed=1, risks=risks)
    alone = sweep_retention(region, windows, seed=1)
    assert sweep.risks == risks
    assert sweep.of("unicity") == alone.windows
    for risk in risks[1:]:
        steps = sweep.of(risk)
        assert [step.status for step in steps] == [step.status for step in alone.windows]
        assert steps[0].share.value <= steps[2].share.value
        # A vehicle is shown if the leak holds any sighting of it; all of the longest window's are.
        assert steps[0].exposed_vehicles.value < steps[2].exposed_vehicles.value == 1
        assert steps[2].share.baseline is not None
    gained = sum(
        step.added_per_day.value * days
        for step, days in zip(sweep.of("homes")[:3], (1, 4, 2), strict=True)
    )
    assert gained == pytest.approx(sweep.of("homes")[2].share.value)
    apart = sweep_retention(
        region.with_parts(4), windows, seed=1, risks=risks, engine=ProcessEngine(seed=3)
    )
    assert apart.to_dict() == sweep.to_dict()
    assert "Vehicles with a home that is inferred" in sweep.summary()
