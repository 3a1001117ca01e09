"""Predictions of work: counted from the data, grown from what was measured."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from analyzer import cost, cost_asked, cost_growth
from analyzer.array_sightings import from_arrays
from analyzer.cost import count_encounters, estimate_cost, estimate_cost_of_rows
from analyzer.synthetic import make_region


@pytest.fixture
def rates(monkeypatch):
    """Two measurements of two verbs: linear in the sightings, and in what meets."""
    points = [
        {"measure": verb, "rows": rows, "encounters": met, "processor": took, "peak_gb": peak}
        for verb, rows, met, took, peak in (
            ("risk", 1_000, 0, 1.0, 0.4), ("risk", 10_000, 0, 10.0, 1.3),
            ("patterns", 1_000, 1_000, 2.0, 0.4), ("patterns", 10_000, 100_000, 110.0, 0.4),
            ("grid", 1_000, 0, 24.0, 0.5),
            ("retention", 1_000, 0, 1.0, 0.4), ("retention: places", 1_000, 0, 30.0, 0.6),
            ("retention: companions", 1_000, 0, 5.0, 0.5),
            ("compare", 1_000, 1_000, 3.0, 0.4), ("compare: places", 1_000, 1_000, 20.0, 0.6),
            ("brief", 1_000, 0, 25.0, 0.4), ("report", 1_000, 9, 20.0, 0.4),
            ("report", 1_000_000, 9_000, 200.0, 0.8),
        )
    ]  # fmt: skip
    monkeypatch.setattr(cost, "read_rates", lambda: {"pace": 0.5, "points": points})
    monkeypatch.setattr(cost, "machine_pace", lambda: 1.0)


def random_sightings(rows: int, seed: int = 0):
    random = np.random.default_rng(seed)
    return from_arrays(
        random.integers(0, rows // 20, rows),
        1_760_000_000_000 + random.integers(0, 86_400_000, rows),
        random.integers(0, 12, rows),
    )


def test_work_grows_with_the_sightings_and_the_pace(rates):
    found = estimate_cost("risk", random_sightings(5_000))
    # Twice as slow a machine, five times a thousand rows.
    assert found.seconds == pytest.approx(10)
    # Between 0.4 and 1.3 GB, less what only the benchmark loads.
    between = 0.4 + 0.9 * np.log(5) / np.log(10)
    assert found.memory_gb == pytest.approx(between - 0.1, abs=0.01)
    assert found.work["sightings"] == 5_000
    assert "power 1.00" in found.how and "times 2.00" in found.how


def test_where_vehicles_meet_encounters_count(rates):
    data = random_sightings(5_000)
    found = estimate_cost("patterns", data)
    own = 5_000 + found.work["encounters"]
    assert found.seconds == pytest.approx(2 * own * 0.001, rel=0.01)


def test_more_steps_are_more_work(rates):
    all_cells = {"times": ["1h"] * 6, "spaces": ["zone"] * 4}
    whole = estimate_cost_of_rows("grid", 1_000, all_cells)
    half = estimate_cost_of_rows("grid", 1_000, {**all_cells, "times": ["1h"] * 3})
    assert whole.seconds == pytest.approx(48) and half.seconds == pytest.approx(24)
    assert half.work["steps"] == 12


def test_each_kind_of_risk_is_counted_once(rates):
    def taken(verb, **options):
        return estimate_cost_of_rows(verb, 1_000, options).seconds

    # Twice as slow a machine; homes, works and commutes rest on the same places.
    assert taken("retention") == taken("retention", risks=("unicity",)) == pytest.approx(2)
    assert taken("retention", risks=("homes", "works", "commutes")) == pytest.approx(60)
    assert taken("retention", risks=("homes",), sites="sites.csv") == pytest.approx(60)
    assert taken("retention", risks=("unicity", "homes", "companions")) == pytest.approx(72)
    # One day alone is little, at four leaks; two months more is some, for all eight windows.
    assert 60 * 0.59 < taken("retention", risks=("homes",), windows=["1D"]) < 60 * 0.7
    assert 60 < taken("retention", risks=("homes",), open_for=["0D", "30D"]) < 120
    assert taken("retention", windows=["1D"]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("windows", "open_for", "took"),
    # Processor seconds for homes, works and commutes on half a million sightings in 180 days.
    [(("7D", "30D"), "0D", 2.62), (("1D", "30D"), "0D", 2.51), (("1D",), "0D", 1.44),
     (("90D",), "0D", 3.08), (cost_asked.WINDOWS, "0D", 2.26),
     (cost_asked.WINDOWS, "0D 30D 180D", 2.98)],
)  # fmt: skip
def test_windows_cost_what_their_leaks_show(windows, open_for, took):
    asked = {"windows": [str(each).strip("D") + "D" for each in windows],
             "open_for": open_for.split()}  # fmt: skip
    share = cost_asked.share_asked("retention", "retention: places", asked, 180)
    assert 1 / 1.35 < 2.26 * share / took < 1.35


def test_windows_are_those_that_are_measured_and_looked_at():
    from analyzer.cli.retention import WINDOWS
    from analyzer.policy.setting import STRETCHES

    assert cost_asked.WINDOWS == STRETCHES
    assert tuple(f"{days}D" for days in cost_asked.WINDOWS) == WINDOWS


@pytest.mark.parametrize(
    ("measure", "vehicles", "sample", "took", "of"),
    # Seconds of samples beside what the rates rest on (of linkage at most 20,000 vehicles).
    [("linkage", 17_042, 10, 1.58, 5.73), ("linkage", 17_042, 2_000, 2.76, 5.73),
     ("linkage", 17_042, 8_000, 5.70, 5.73), ("linkage", 67_983, 10, 3.31, 36.2),
     ("linkage", 67_983, 2_000, 6.68, 36.2), ("linkage", 67_983, None, 48.1, 36.2),
     ("grid", 17_042, 10, 0.95, 1.21), ("grid", 67_983, 2_000, 5.31, 7.46),
     ("risk", 67_983, 10, 0.174, 0.227)],
)  # fmt: skip
def test_a_sample_spares_what_is_done_for_each_target(measure, vehicles, sample, took, of):
    share, said = cost_asked.share_of_targets(measure, {"sample": sample}, vehicles)
    assert 1 / 1.45 < of * share / took < (2.3 if sample == 10 else 1.6)
    assert ("all vehicles" in said) == (sample is None)
    assert measure == "risk" or sample in (None, 8_000) or "the sample spares" in said


def test_a_sample_is_in_the_estimate(monkeypatch):
    points = [
        {"measure": measure, "rows": 5_000, "vehicles": 250, "processor": 10.0, "peak_gb": 0.5}
        for measure in ("linkage", "risk", "retention: linkage")
    ]
    monkeypatch.setattr(cost, "read_rates", lambda: {"pace": 1.0, "points": points})
    monkeypatch.setattr(cost, "machine_pace", lambda: 1.0)
    data = random_sightings(5_000)

    def found(verb, sample, **options):
        return estimate_cost(verb, data, {"sample": sample, **options})

    assert found("linkage", 10).seconds < 0.4 * found("linkage", None).seconds
    assert "spares" in found("linkage", 10).how
    assert found("retention", 10, risks=("linkage",)).seconds < 4
    assert "spares little" in found("risk", 10).how


def test_small_work_is_told_what_starting_takes(rates, monkeypatch):
    small, large = (estimate_cost_of_rows("risk", rows) for rows in (1_000, 1_000_000))
    assert "starting takes about 2 s more" in small.summary() and small.start == 1.5
    assert "starting takes" not in large.summary()
    known = {**cost.read_rates(), "starts": {"risk": 3.0}, "spark_starts": [4.0, 6.0]}
    monkeypatch.setattr(cost, "read_rates", lambda: known)
    # Twice as slow a machine.
    assert estimate_cost_of_rows("risk", 1_000).to_dict()["start_seconds"] == 6
    spark = estimate_cost_of_rows("risk", 1_000, {"engine": "spark"})
    assert spark.seconds == pytest.approx(small.seconds + 10)
    assert "Starting Spark takes 8 to 12" in spark.how


def test_policies_and_windows_add_to_what_is_done_anyhow(rates):
    def taken(days, kept=3):
        policies = {str(number): SimpleNamespace(days=days) for number in range(kept)}
        asked = {"policies": policies, "risks": ["homes"]}
        return estimate_cost_of_rows("compare", 1_000, asked).seconds

    assert taken(17) == pytest.approx(40) and 40 < taken(17, 6) < 80
    # Longer keeping is more to look at; all of it is counted as the longest.
    assert taken(17) < taken(90) < taken(180) == taken(None)
    assert estimate_cost_of_rows("brief", 1_000).seconds == pytest.approx(50)


def test_what_was_not_measured_of_a_verb_is_named(rates):
    found = estimate_cost_of_rows("compare", 1_000)
    assert found.seconds == pytest.approx(46)
    assert "not in these figures: compare: companions, compare: linkage" in found.how


def test_what_was_never_measured_is_not_guessed(rates):
    found = estimate_cost("linkage", random_sightings(1_000))
    assert found.seconds is None and "cannot be predicted" in found.summary()


@pytest.mark.parametrize("counters", [1 << 22, 3_000])
def test_encounters_are_counted_nearly(monkeypatch, counters):
    monkeypatch.setattr(cost, "COUNTERS", counters)
    random = np.random.default_rng(1)
    time = random.integers(0, 3 * 86_400_000, 20_000)
    camera = random.integers(0, 10, 20_000)
    data = from_arrays(random.integers(0, 5_000, 20_000), time, camera)
    true = sum(
        int((abs(time[camera == c][:, None] - time[camera == c][None]) <= 120_000).sum()
            - (camera == c).sum()) // 2
        for c in range(10)
    )  # fmt: skip
    assert count_encounters(data) == pytest.approx(true, rel=0.03 if counters > 10_000 else 0.2)
    assert count_encounters(data.with_parts(9)) == count_encounters(data)


@pytest.mark.parametrize("every", [720, 719, 1_440, 37])
def test_encounters_of_a_daily_rhythm_are_counted_nearly(monkeypatch, every):
    days, cameras, rows = 400, 25, 1_000_000
    random = np.random.default_rng(3)
    rush = random.normal(random.choice([8, 17], rows), 1.5).clip(0, 23.99)
    time = random.integers(0, days, rows) * 86_400_000 + (rush * 3_600_000).astype(np.int64)
    time[:2] = 0, days * 86_400_000 - 1
    camera = (random.exponential(6, rows)).astype(np.int64) % cameras
    data = from_arrays(random.integers(0, 5_000, rows), time, camera)
    _, count = np.unique(camera * days * 720 + time // 120_000, return_counts=True)
    exact = int((count * (count - 1)).sum())
    monkeypatch.setattr(cost, "COUNTERS", 1 << 30)
    assert count_encounters(data) == exact
    monkeypatch.setattr(cost, "COUNTERS", -(-cameras * days * 720 // every))
    # Two minutes of each day or two are drawn of each camera, or forty times as many.
    assert count_encounters(data) == pytest.approx(exact, rel=0.25 if every > 700 else 0.05)
    assert count_encounters(data) == count_encounters(data.with_parts(7))


def test_every_verb_that_analyses_was_measured():
    measured = {point["measure"] for point in cost.read_rates()["points"]}
    for verb in ("risk", "grid", "anonymity", "plateless", "linkage", "worst-case", "retention",
                 "compare", "recommend", "camera-count", "patterns", "inference", "profile",
                 "predictability", "report", "brief", "retention: places", "retention: companions",
                 "retention: linkage", "compare: places", "compare: companions",
                 "compare: linkage"):  # fmt: skip
        assert verb in measured
    assert cost.read_rates()["pace"] > 0


def test_an_empty_view_costs_nothing_and_does_not_fail():
    data = make_region(30, 3).sightings.between("2030-01-01", "2030-01-02")
    assert estimate_cost("patterns", data).work["sightings"] == 0


def test_dense_data_are_predicted_from_dense_data(monkeypatch):
    sizes = ((2_000_000, 68_000, 650_000), (20_000_000, 680_000, 64_000_000))
    dense = (2_750_000, 41_000, 7_800_000)
    points = [
        {"measure": measure, "rows": rows, "vehicles": vehicles, "encounters": met,
         "processor": took, "peak_gb": 1.0}
        for measure, seconds in (("companions", (1, 17, 92)), ("patterns", (3, 37)))
        for (rows, vehicles, met), took in zip((*sizes, dense), seconds, strict=False)
    ]  # fmt: skip
    monkeypatch.setattr(cost, "read_rates", lambda: {"pace": 1.0, "points": points})
    monkeypatch.setattr(cost, "machine_pace", lambda: 1.0)

    def predicted(verb, rows, vehicles, met):
        work = {"sightings": rows, "vehicles": vehicles, "encounters": met}
        return cost._predict(verb, work, {})

    # Measured: 56 and 58 seconds.
    alone = predicted("companions", 1_972_030, 29_073, 4_000_000)
    assert 45 < alone.seconds < 70
    found = predicted("patterns", 1_972_030, 29_073, 4_000_000)
    assert alone.seconds < found.seconds < alone.seconds + 10
    assert "companions in it on 2,750,000 sightings with 7,800,000 encounters" in found.how
    # A sparse region takes what sparse regions take.
    sparse = predicted("patterns", *sizes[1])
    assert sparse.seconds == pytest.approx(37) and "companions in it" not in sparse.how


def test_work_that_meets_counts_encounters(rates):
    data = random_sightings(2_000)
    for verb in ("patterns", "profile", "case", "grid", "report", "camera-count"):
        assert "encounters" in estimate_cost(verb, data).work, verb
    assert "encounters" not in estimate_cost("risk", data).work


def test_files_that_memory_cuts_are_read_again(rates, monkeypatch):
    monkeypatch.setattr("analyzer.sightings.SMALLEST_PART_ROWS", 2_000)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    data = random_sightings(5_000)
    whole = estimate_cost("risk", data)
    cut = estimate_cost("risk", data, {"memory": "1KB"})
    assert "into 3 parts" in cut.how and "read" not in whole.how
    assert cut.seconds == pytest.approx(whole.seconds * (1 + 2 * cost_growth.AGAIN))
    assert estimate_cost("risk", data, {"memory": "1KB", "engine": "spark"}).how.count("into") == 0


def test_targets_that_rest_on_more_are_more_work(rates, monkeypatch):
    rows = {"measure": "recommend", "rows": 1_000, "encounters": 9, "processor": 6.0, "peak_gb": 1}
    points = [*cost.read_rates()["points"], rows]
    monkeypatch.setattr(cost, "read_rates", lambda: {"pace": 1.0, "points": points})

    def taken(*targets):
        return estimate_cost_of_rows("recommend", 1_000, {"targets": targets})

    assert taken("unicity=0.05").seconds == pytest.approx(6)
    # Places took a comparison 20 seconds where being singled out took 3.
    both = taken("unicity=0.05", "homes=0.1")
    assert both.seconds == pytest.approx(6 + 6 * 20 / 3)
    assert "as compare: places is of compare" in both.how
    assert taken("linkage=0.1").seconds is None


def test_the_start_of_spark_is_counted(rates):
    local = estimate_cost_of_rows("risk", 1_000)
    spark = estimate_cost_of_rows("risk", 1_000, {"engine": "spark"})
    assert spark.seconds == pytest.approx(local.seconds + 18)
    assert "Starting Spark takes 14 to 22" in spark.how and "Spark" not in local.how
