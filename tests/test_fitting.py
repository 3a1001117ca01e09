"""Every measure of sightings keeps to the memory that is given to it, in parts that fit."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analyzer as az
from analyzer.engine import LocalEngine, get_engine
from analyzer.engine.resuming import ResumingEngine
from analyzer.errors import UsageError
from analyzer.fitting import fit_to_engine
from analyzer.patterns.camera_load import measure_camera_load
from analyzer.patterns.cotravel_ways import count_cotravel
from analyzer.patterns.movement import count_hours, count_ways, count_zones
from analyzer.patterns.overview import find_patterns
from analyzer.patterns.sighting_counts import measure_sighting_counts
from analyzer.policy.policy import Policy
from analyzer.report.further_risks import measure_further
from analyzer.risk.adversary import Adversary
from analyzer.risk.typical_vehicle import find_typical
from analyzer.risk.vehicle_story import tell_vehicle
from analyzer.schema import Rows, n_rows
from analyzer.sightings import Sightings
from analyzer.store import StoredPart
from analyzer.synthetic import make_region
from tests.process_engine import ProcessEngine
from tests.spark_cluster import need_spark
from tests.test_parts import figures_of, same

ROWS = 2_000
"""Sightings that a part may have."""

MEMORY = 2 * 20 * 16 * ROWS
"""Bytes for that: two threads hold twenty times a part each, and a sighting takes 16 bytes."""

WINDOWS = ("1D", "3D", "7D")


def _further(sightings: Sightings, **on: Any) -> Any:
    return measure_further(sightings, Adversary(), max_gap="45min", **on).table()


MEASURES: dict[str, Callable[..., Any]] = {
    "assess": lambda data, **on: az.assess(data, windows=WINDOWS, **on),
    "build_case": lambda data, **on: az.build_case(data, k=5, **on),
    "compare_policies": lambda data, **on: az.compare_policies(
        data, {"day": Policy("1D"), "week": Policy("7D", time="1D")}, **on
    ),
    "compare_sharing": lambda data, **on: az.compare_sharing(data, data, **on),
    "find_companions": az.find_companions,
    "find_trips": az.find_trips,
    "measure_anonymity": az.measure_anonymity,
    "measure_attribute_gain": lambda data, **on: az.measure_attribute_gain(
        data, Adversary(2, attributes=("make",)), **on
    ),
    "measure_inference": lambda data, **on: az.measure_inference(data, **on),
    "measure_linkage": lambda data, **on: az.measure_linkage(data, "7D", sample=100, **on),
    "measure_linkage, other": lambda data, **on: az.measure_linkage(
        data, other=data, sample=100, **on
    ),
    "measure_plateless": lambda data, **on: az.measure_plateless(data, ["make"], **on),
    "measure_predictability": az.measure_predictability,
    "measure_unicity": az.measure_unicity,
    "measure_unicity_grid": lambda data, **on: az.measure_unicity_grid(
        data, (1, 4), ("1h", "1D"), ("camera", "zone"), **on
    ),
    "measure_worst_case": lambda data, **on: az.measure_worst_case(data, "time", points=2, **on),
    "profile_risk": az.profile_risk,
    "recommend_policy": lambda data, **on: az.recommend_policy(
        data, {"unicity": 0.5}, roundings=[Policy(), Policy(time="1D")], **on
    ),
    "sweep_cameras": lambda data, **on: az.sweep_cameras(data, (0.25, 1.0), **on),
    "sweep_open_store": lambda data, **on: az.sweep_open_store(
        data, WINDOWS, open_for=("0D", "3D"), **on
    ),
    "sweep_retention": lambda data, **on: az.sweep_retention(
        data, WINDOWS, risks=("unicity", "homes", "companions"), **on
    ),
    "count_cotravel": lambda data, **on: count_cotravel(
        az.find_companions(data, max_fdr=1, **on), **on
    ),
    "count_hours": count_hours,
    "count_ways": lambda data, **on: count_ways(az.find_trips(data, **on), **on),
    "count_zones": lambda data, **on: pd.DataFrame(
        {"vehicles": count_zones(data, np.arange(0, 250, 3), **on)}
    ),
    "find_patterns": find_patterns,
    "find_typical": lambda data, **on: pd.DataFrame([vars(find_typical(data, **on))]),
    "measure_camera_load": measure_camera_load,
    "measure_further": _further,
    "measure_sighting_counts": measure_sighting_counts,
    "tell_vehicle": lambda data, **on: tell_vehicle(
        data, str(data.store.vehicle_names[7]), **on
    ),
    "Policy.apply": lambda data, **on: pd.DataFrame(
        {"n": [len(Policy("3D", min_k=2).apply(data, **on))]}
    ),
}  # fmt: skip
"""Each a call of a measure of sightings, which takes an engine and a memory."""


@pytest.fixture(scope="module")
def sightings() -> Sightings:
    found = make_region(vehicles=250, days=16, seed=3).sightings
    assert len(found.parts()) == 1
    return found


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Let parts be as small as the memory asks, and the machine have two processors."""
    monkeypatch.setattr("analyzer.sightings.SMALLEST_PART_ROWS", 10)
    monkeypatch.setattr("os.cpu_count", lambda: 2)


@pytest.fixture
def rows_read(monkeypatch) -> list[int]:
    """Note how many rows came of each part that was read."""
    found: list[int] = []
    load = StoredPart.load

    def noted(part: StoredPart) -> Rows:
        rows = load(part)
        found.append(n_rows(rows))
        return rows

    monkeypatch.setattr(StoredPart, "load", noted)
    return found


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_reads_parts_that_fit_and_says_the_same(name, sightings, rows_read):
    def view() -> Sightings:
        # A new one each time: what a view remembers of itself was read from its parts.
        return sightings.between("2025-09-01", "2025-09-15")

    whole = figures_of(MEASURES[name](view()))
    assert max(rows_read) >= len(view()) > 5 * ROWS
    rows_read.clear()
    same(figures_of(MEASURES[name](view(), memory=MEMORY)), whole)
    # Vehicles differ in how often they are seen, and so parts in their rows.
    assert rows_read and max(rows_read) < 2 * ROWS
    assert MEASURES[name](view(), engine=LocalEngine(MEMORY)) is not None


def test_no_measure_is_forgotten():
    takes = {
        name
        for name in az.__all__
        if inspect.isfunction(getattr(az, name))
        and {"sightings", "memory"} <= set(inspect.signature(getattr(az, name)).parameters)
    }
    assert takes <= set(MEASURES)


def test_an_engine_that_is_given_has_its_own_memory(sightings, tmp_path):
    parts = -(-len(sightings) // ROWS)
    assert parts > 5
    for engine in (
        LocalEngine(memory=MEMORY),
        ResumingEngine(LocalEngine(memory=MEMORY), tmp_path / "work"),
    ):
        same_engine, fitting = fit_to_engine(sightings, engine, "1GB")
        assert same_engine is engine and len(fitting.parts()) == parts
        # What was cut once stays one object, with what it remembers.
        assert fit_to_engine(fitting, engine) == (engine, fitting)
        assert fit_to_engine(fitting, engine)[1] is fitting
    assert len(fit_to_engine(sightings, "local", MEMORY)[1].parts()) == parts


def test_without_a_memory_the_usual_one_counts(sightings, monkeypatch):
    engine, fitting = fit_to_engine(sightings)
    assert engine.memory == 2_000_000_000 and fitting is sightings
    monkeypatch.setattr("analyzer.engine.local.DEFAULT_MEMORY", MEMORY)
    for engine in ("local", LocalEngine()):
        assert len(fit_to_engine(sightings, engine)[1].parts()) > 5


def test_nothing_is_cut_for_workers_that_have_their_own_memory(sightings, tmp_path):
    for engine in (
        ProcessEngine(),
        ResumingEngine(ProcessEngine(), tmp_path / "work"),
    ):
        assert fit_to_engine(sightings, engine, MEMORY)[1] is sightings


def test_nothing_is_cut_for_spark(sightings):
    need_spark()
    engine, whole = fit_to_engine(sightings, get_engine("spark", MEMORY, master="local[2]"))
    assert engine.memory == MEMORY and whole is sightings


def test_what_is_no_collection_of_sightings_is_refused():
    with pytest.raises(UsageError, match=r"az\.read_sightings"):
        fit_to_engine("store")
    with pytest.raises(UsageError, match=r"az\.read_sightings"):
        measure_camera_load("store")
