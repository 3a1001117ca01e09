"""No figure depends on how the work is divided, on who takes which part when, or on the key.

Every measure runs on the whole data in this process, and again on seven parts in other processes,
taken in random order: tables and figures are the same to the last digit.
"""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analyzer
from analyzer.assessing import assess
from analyzer.engine import Engine, LocalEngine, get_engine
from analyzer.ingest.reader import read_sightings
from analyzer.patterns.camera_load import measure_camera_load
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.companions import find_companions
from analyzer.patterns.meetings import find_meetings
from analyzer.patterns.motifs import find_motifs
from analyzer.patterns.movement import count_hours, count_ways
from analyzer.patterns.overview import find_patterns
from analyzer.patterns.places import find_places
from analyzer.patterns.profiles import find_weekly_profile
from analyzer.patterns.routines import find_routines
from analyzer.patterns.sighting_counts import measure_sighting_counts
from analyzer.patterns.trips import find_trips
from analyzer.policy.cameras import sweep_cameras
from analyzer.policy.compare import compare_policies
from analyzer.policy.open_store import sweep_open_store
from analyzer.policy.policy import Policy
from analyzer.policy.recommend import recommend_policy
from analyzer.policy.retention import sweep_retention
from analyzer.policy.sharing import compare_sharing
from analyzer.report.case import build_case
from analyzer.risk.adversary import Adversary
from analyzer.risk.anonymity import measure_anonymity
from analyzer.risk.days_until import days_until_singled_out
from analyzer.risk.gain import measure_attribute_gain
from analyzer.risk.grid import measure_unicity_grid
from analyzer.risk.inference import measure_inference
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.plateless import measure_plateless
from analyzer.risk.predictability import measure_predictability
from analyzer.risk.profile import profile_risk
from analyzer.risk.typical_vehicle import find_typical
from analyzer.risk.unicity import measure_unicity
from analyzer.risk.vehicle_story import tell_vehicle
from analyzer.risk.worst_case import measure_worst_case
from analyzer.sightings import Sightings
from analyzer.store import StoreBuilder
from analyzer.synthetic import make_region
from tests.process_engine import ProcessEngine

RESULTS = (
    "trips", "places", "routines", "commutes", "flows", "companions", "groups", "communities",
    "meetings",
    "companions of one", "unicity", "unicity of a sample", "unicity by zone and week",
    "unicity by grid", "retention",
    "retention, store open", "camera load", "sighting counts", "patterns", "predictability",
    "linkage by week", "linkage by day",
    "unicity by home and work", "unicity of habits", "attribute gain", "grid", "anonymity",
    "plateless", "retention, attributes",
    "inference", "motifs", "weekly profile", "stays", "routes",
    "worst case", "worst case in order", "worst case by proportion", "worst case by home and work",
    "days until singled out", "profile of one",
    "story of one", "typical vehicle", "case", "ways", "hours",
    "policies", "recommendation", "cameras", "sharing", "open store", "assessment", "released",
)  # fmt: skip


def measure_all(sightings: Sightings, engine: str | Engine, *, of: str) -> dict[str, Any]:
    """Run every measure; `of` is the vehicle whose companions are asked for."""
    on = {"engine": engine}
    trips = find_trips(sightings, **on)
    places = find_places(trips, **on)
    routines = find_routines(trips, places, **on)
    commutes = find_commutes(routines, places, **on)
    companions = find_companions(sightings, max_fdr=1, **on)
    windows = ("1D", "3D", "7D", "14D")
    looks = ("make", "color")
    week = sightings.between("2025-09-02", "2025-09-09")
    zones = Adversary(points=2, space="zone")
    policies = {
        "short": Policy("1D"),
        "rough": Policy("3D", rotation="1D", time="1h", space="zone"),
    }
    found = {
        "trips": trips,
        "places": places,
        "routines": routines,
        "commutes": commutes,
        "flows": commutes.od_matrix,
        "companions": companions,
        "groups": companions.groups,
        "communities": companions.communities,
        "meetings": find_meetings(trips, places, max_fdr=1, **on),
        "companions of one": find_companions(sightings, max_fdr=1, of=of, **on),
        "unicity": measure_unicity(sightings, Adversary(points=3), **on),
        "unicity of a sample": measure_unicity(sightings, Adversary(), sample=60, seed=4, **on),
        "unicity by zone and week": measure_unicity(
            sightings, Adversary(points=2, time="7D", space="zone"), seed=1, **on
        ),
        "unicity by grid": measure_unicity(
            sightings, Adversary(points=3, time="7h", space="5km"), seed=2, **on
        ),
        "retention": sweep_retention(sightings, windows, **on),
        "retention, store open": sweep_retention(
            sightings, windows, Adversary(points=2, space="zone"), open_for="3D", seed=1, **on
        ),
        "camera load": measure_camera_load(sightings, **on),
        "sighting counts": measure_sighting_counts(sightings, **on),
        "patterns": find_patterns(sightings, **on),
        "predictability": measure_predictability(sightings, space="camera", **on),
        "linkage by week": measure_linkage(sightings, "7D", **on),
        "linkage by day": measure_linkage(
            sightings.between("2025-09-02", "2025-09-05"), "1D", seed=3, sample=50, **on
        ),
        "unicity by home and work": measure_unicity(
            sightings, Adversary(points=3, time="1D", choose="home_work"), **on
        ),
        "unicity of habits": measure_unicity(
            sightings, Adversary(points=3, choose="busiest", missed=1), **on
        ),
        "attribute gain": measure_attribute_gain(
            sightings, Adversary(2, "1D", "zone", looks, missed=1), seed=2, **on
        ),
        "grid": measure_unicity_grid(
            sightings, (1, 4), ("6h", "7D"), ("zone", "5km"), sample=80, **on
        ),
        "anonymity": measure_anonymity(sightings, Adversary(2, "7D", "zone", looks[:1]), **on),
        "plateless": measure_plateless(sightings, looks, "1D", **on),
        "retention, attributes": sweep_retention(
            sightings, windows, Adversary(2, "1D", "zone", looks, "busiest", 1), **on
        ),
        "inference": measure_inference(sightings, _sites(sightings), seed=2, draws=20, **on),
        "motifs": find_motifs(places, **on),
        "weekly profile": find_weekly_profile(places, **on),
        "stays": places.stays(),
        "routes": commutes.routes(),
        "worst case": measure_worst_case(sightings, "time", points=3, **on).risk,
        "worst case in order": measure_worst_case(sightings, "sequence", **on),
        "worst case by proportion": measure_worst_case(
            sightings, "proportion", tolerance=0.1, **on
        ),
        "worst case by home and work": measure_worst_case(
            sightings, "home_work", compatible_with="scikit-mobility", **on
        ).risk,
        "days until singled out": days_until_singled_out(
            sightings, Adversary(points=3), 1, get_engine(engine)
        ).curve.to_pandas(),
        "profile of one": profile_risk(sightings, of, seed=1, **on),
        "story of one": tell_vehicle(sightings, of, seed=1, **on),
        "typical vehicle": pd.DataFrame([vars(find_typical(sightings, **on))]),
        "case": build_case(sightings, k=5, seed=2, **on),
        "ways": count_ways(trips, **on),
        "hours": count_hours(sightings, **on),
        "policies": compare_policies(
            week, policies, zones, 1, risks=("unicity", "homes", "companions", "linkage"),
            sample=60, **on,
        ),
        "recommendation": recommend_policy(
            week, {"unicity": 0.5}, seed=1, adversary=zones, roundings=[Policy(space="zone")],
            sample=60, **on,
        ),
        "cameras": sweep_cameras(sightings, (0.3, 1.0), zones, seed=1, sample=60, **on),
        "sharing": compare_sharing(
            sightings, week, zones, seed=1, risks=("unicity", "homes"), sample=60, **on
        ),
        "open store": sweep_open_store(
            week, ("1D", "3D"), zones, ("0D", "3D"), seed=1, sample=60, until_half=False, **on
        ),
        "assessment": assess(week, windows=("1D", "3D"), sample=60, **on),
        "released": Policy("7D", time="1h", space="zone", min_k=3).apply(sightings, **on),
    }  # fmt: skip
    assert tuple(found) == RESULTS
    return {name: figures_of(result) for name, result in found.items()}


def _sites(sightings: Sightings) -> pd.DataFrame:
    """Places of work by the cameras, where one stays for hours."""
    table = sightings.camera_table[["lat", "lon"]].iloc[::7] + 0.003
    return table.assign(category=np.resize(["a", "b"], len(table)), max_minutes=600)


def figures_of(result: Any) -> dict[str, Any]:
    """Everything that a result says: table, fields, sentences."""
    if isinstance(result, pd.DataFrame):
        table = pd.DataFrame(result)
        if "geometry" in table:
            table["geometry"] = [shape and shape.wkt for shape in table["geometry"]]
        return {"table": table}
    figures = {"table": result.to_pandas(), "summary": result.summary()}
    if hasattr(result, "to_dict"):
        figures["fields"] = json.dumps(result.to_dict(), sort_keys=True)
    return figures


def same(one: dict[str, Any], two: dict[str, Any]) -> None:
    pd.testing.assert_frame_equal(one["table"], two["table"], check_exact=True)
    assert one.get("fields") == two.get("fields")
    assert one.get("summary") == two.get("summary")


@pytest.fixture(scope="module")
def sightings() -> Sightings:
    """Three hundred vehicles for four weeks; commuters, companions and reader faults among them."""
    return make_region(vehicles=300, days=28, seed=3).sightings


@pytest.fixture(scope="module")
def whole(sightings: Sightings) -> dict[str, Any]:
    """What every measure says of the whole data."""
    assert len(sightings.parts()) == 1
    return measure_all(sightings, "local", of=accompanied(sightings))


def _stored_in_parts(sightings: Sightings, parts: int) -> Sightings:
    """Write the same rows as a store of so many files."""
    builder = StoreBuilder(
        None, timezone=sightings.timezone, columns=sightings.columns, parts=parts, memory="100KB"
    )
    for part in sightings.parts(*sightings.columns):
        builder.append(part.load())
    store = builder.finish(
        cameras=sightings.camera_table,
        vehicles=sightings.store.vehicle_names.to_pylist(),
        labels=sightings.labels,
        quality=sightings.quality,
        provenance=sightings.provenance,
    )
    return Sightings(store)


def accompanied(sightings: Sightings) -> str:
    """Name the vehicle that has most companions."""
    pairs = find_companions(sightings, max_fdr=1).to_pandas()
    return pairs["vehicle_a"].value_counts().sort_index().idxmax()


WAYS = {
    "seven parts in processes": (lambda data: data.with_parts(7), lambda: ProcessEngine(seed=1)),
    "in another order": (lambda data: data.with_parts(7), lambda: ProcessEngine(seed=2)),
    "one part in a process": (lambda data: data, lambda: ProcessEngine(seed=3)),
    "seven files in processes": (
        lambda data: _stored_in_parts(data, 7),
        lambda: ProcessEngine(seed=4),
    ),
    "five parts in threads, spilling": (
        lambda data: data.with_parts(5),
        lambda: LocalEngine(memory=10_000, threads=3),
    ),
}


@pytest.fixture(scope="module", params=WAYS.values(), ids=WAYS)
def divided(request, sightings: Sightings) -> dict[str, Any]:
    """What every measure says of the divided data."""
    divide, make_engine = request.param
    data, engine = divide(sightings), make_engine()
    found = measure_all(data, engine, of=accompanied(sightings))
    if isinstance(engine, ProcessEngine):
        # The work was really done elsewhere, and in another order than that of the parts.
        assert engine.process_ids and os.getpid() not in engine.process_ids
        assert len(engine.orders) >= len(RESULTS) - 3
        if len(data.parts()) > 1:
            assert len(engine.process_ids) > 1
            assert any(order != sorted(order) for order in engine.orders)
    return found


@pytest.mark.parametrize("result", RESULTS)
def test_division_changes_no_digit(whole, divided, result: str):
    same(whole[result], divided[result])


@pytest.mark.parametrize("result", RESULTS)
def test_there_is_something_to_compare(whole, result: str):
    assert len(whole[result]["table"])
    numbers = whole[result]["table"].select_dtypes("number")
    assert not numbers.size or numbers.notna().to_numpy().any()


def test_every_public_measure_is_compared():
    public = {}
    for name in analyzer.__all__:
        public[name] = getattr(analyzer, name)
        if inspect.isclass(public[name]):
            public |= dict(inspect.getmembers(public[name], inspect.isfunction))
    measures = {
        name
        for name, found in public.items()
        if inspect.isfunction(found) and "engine" in inspect.signature(found).parameters
    }
    # Reading gives a store, the same to the byte: tests of reading compare those.
    assert {"assess", "apply", "find_trips", "read_sightings"} < measures
    assert measures - set(measure_all.__code__.co_names) == {"read_sightings"}


def test_parts_may_be_empty():
    # Forty vehicles in 64 parts: some hold nothing, and nobody may be lost for it.
    few = make_region(vehicles=40, days=14, seed=5).sightings
    name = accompanied(few)
    left = measure_all(few, "local", of=name)
    right = measure_all(few.with_parts(64), LocalEngine(threads=1), of=name)
    for result in RESULTS:
        same(left[result], right[result])


def test_the_last_digit_is_compared():
    tables = [{"table": pd.DataFrame({"x": [number]})} for number in (0.1 + 0.2, 0.3)]
    with pytest.raises(AssertionError):
        same(*tables)
    same(tables[0], tables[0])


# Another key


@pytest.fixture(scope="module")
def under_keys(sightings: Sightings, tmp_path_factory) -> list[Sightings]:
    """The same file, with plates, read under two keys."""
    folder = tmp_path_factory.mktemp("keys")
    frame = sightings.to_pandas()[["vehicle", "camera", "seen_at", "make", "color"]]
    codes, _ = pd.factorize(frame["vehicle"])
    places = sightings.camera_table[["name", "lat", "lon"]].rename(columns={"name": "camera"})
    table = pd.DataFrame(
        {
            "plate": [f"01A{code // 26:03d}B{chr(65 + code % 26)}" for code in codes],
            "camera": frame["camera"],
            "time": frame["seen_at"].dt.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "make": frame["make"],
            "color": frame["color"],
        }
    ).sample(frac=1, random_state=1)
    table.to_csv(folder / "sightings.csv", index=False)
    places.to_csv(folder / "cameras.csv", index=False)
    return [
        read_sightings(
            folder / "sightings.csv",
            cameras=folder / "cameras.csv",
            timezone="Asia/Tashkent",
            key=_key(folder, name),
        )
        for name in ("one", "two")
    ]


def _key(folder: Path, name: str) -> Path:
    (folder / "safe").mkdir(exist_ok=True)
    return folder / "safe" / f"{name}.key"


def _by_code(figures: dict[str, Any], sightings: Sightings) -> dict[str, Any]:
    """Put codes in the place of names: the names are all that may differ."""
    codes = {name: code for code, name in enumerate(sightings.vehicles)}
    table = figures["table"].copy()
    for column in ("vehicle", "vehicle_a", "vehicle_b"):
        if column in table:
            table[column] = table[column].map(codes)
            assert table[column].notna().all()
    if "vehicles" in table and table["vehicles"].map(lambda cell: isinstance(cell, tuple)).any():
        table["vehicles"] = [[codes[name] for name in names] for names in table["vehicles"]]
    return {**figures, "table": table}


def test_figures_are_equal_under_any_key(under_keys: list[Sightings]):
    one, two = under_keys
    assert len(one) == len(two) and one.n_vehicles == two.n_vehicles
    assert not set(one.vehicles) & set(two.vehicles)
    name = accompanied(one)
    code = one.vehicle_code(name)
    left = measure_all(one, "local", of=name)
    right = measure_all(two, "local", of=two.vehicle_names(np.array([code]))[0])
    for result in RESULTS:
        same(_by_code(left[result], one), _by_code(right[result], two))
