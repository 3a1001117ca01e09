"""Who is alone: nobody is skipped with whom a vehicle of any part shares more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.engine.resuming import ResumingEngine
from analyzer.risk.adversary import Adversary
from analyzer.risk.company import find_company
from analyzer.risk.knowledge import Known, count_fitting, draw_known, knowledge_of, parts_for
from analyzer.risk.postings import MOST_BYTES, post
from analyzer.risk.shared_points import count_shared_points
from tests.process_engine import ProcessEngine
from tests.risk.looks import VALUES, sightings_with_looks, with_looks
from tests.risk.regions import HOUR, random_rows
from tests.risk.test_matching import random_part


def longest(asked, target, held):
    """How many of the first points some other vehicle holds, by plain sets."""
    return max(
        (
            next((q for q, slot in enumerate(asked) if slot not in slots), len(asked))
            for own, slots in held.items()
            if own != target
        ),
        default=0,
    )


@pytest.mark.parametrize("room", [0, 2 * 8 * 11, MOST_BYTES])
@pytest.mark.parametrize("n_vehicles", [3, 40, 700])
@pytest.mark.parametrize("density", [0.05, 0.4, 0.9])
@pytest.mark.parametrize("n_points", [1, 2, 5])
def test_company_equals_brute_force(room, n_vehicles, density, n_points):
    rng = np.random.default_rng([n_vehicles, int(100 * density), n_points])
    vehicle, slot, held = random_part(rng, n_vehicles, 10, density)
    # Targets of this part and of others know any points, some of them fewer.
    targets = rng.permutation(np.r_[list(held), 3 * np.arange(60) + 1]).astype(np.int32)
    known = np.array([rng.permutation(10)[:n_points] for _ in targets], np.int32)
    known[rng.random(len(targets)) < 0.2, n_points // 2 + 1 :] = -1
    for row, own in enumerate(targets):
        points = rng.permutation(sorted(held.get(int(own), set()) - {-1}))
        if len(points) >= n_points:
            known[row] = points[:n_points]
    order = np.argsort(known[:, 0], kind="stable")
    targets, known = targets[order], known[order]
    before = rng.integers(0, n_points + 1, len(targets)).astype(np.int16)
    postings = post(vehicle, slot, 10, most_bytes=room)
    for shared in (np.zeros_like(before), before):
        found = find_company(targets, known, shared, postings)
        expected = [
            max(already, longest([s for s in asked if s >= 0], own, held))
            for asked, own, already in zip(
                known.tolist(), targets.tolist(), shared.tolist(), strict=True
            )
        ]
        assert found.tolist() == expected


def test_company_is_found_without_bits_and_with_them_in_long_lists():
    # Lists of a few hundred beside short ones, so that every way of looking through them is taken.
    rng = np.random.default_rng(5)
    sizes = [1, 2, 4, 30, 200, 900, 1500, 1900]
    rows = sorted(
        {(int(v), s) for s, n in enumerate(sizes) for v in rng.choice(2_000, n, replace=False)}
    )
    vehicle, slot = (np.array(column, np.int32) for column in zip(*rows, strict=True))
    held = {}
    for own, number in rows:
        held.setdefault(own, set()).add(number)
    targets = rng.integers(0, 2_000, 400).astype(np.int32)
    known = np.array([rng.permutation(len(sizes))[:4] for _ in targets], np.int32)
    expected = [
        longest(asked, own, held)
        for asked, own in zip(known.tolist(), targets.tolist(), strict=True)
    ]
    assert {1, 2, 3, 4} <= set(expected)
    for room in (0, 3 * 8 * 32, MOST_BYTES):
        postings = post(vehicle, slot, len(sizes), most_bytes=room)
        nothing = np.zeros(len(targets), np.int16)
        assert find_company(targets, known, nothing, postings).tolist() == expected


class InGroups(LocalEngine):
    """Has so little memory that parts are worked on in several groups."""

    def map(self, parts, function, broadcast=None):
        self.most = max(getattr(self, "most", 0), len(parts))
        self.calls = getattr(self, "calls", 0) + 1
        return super().map(parts, function, broadcast)


def population(seed, vehicles, cameras, hours, most):
    """Vehicles that follow each other for a while, so that many share a few points and no more."""
    rng = np.random.default_rng(seed)
    paths = [
        list(zip(rng.integers(0, hours, most), rng.integers(0, cameras, most), strict=True))
        for _ in range(max(vehicles // 3, 1))
    ]
    rows = []
    for vehicle in range(vehicles):
        path = paths[int(rng.integers(0, len(paths)))]
        rows += [(vehicle, *path[i]) for i in range(int(rng.integers(1, most + 1)))]
        rows += [
            (vehicle, int(rng.integers(0, hours)), int(rng.integers(0, cameras)))
            for _ in range(int(rng.integers(0, 3)))
        ]
    return [(vehicle, int(hour) * HOUR, int(camera)) for vehicle, hour, camera in rows]


def known_of(sightings, adversary, engine, seed):
    shared = knowledge_of(sightings, adversary, seed, engine)
    parts = parts_for(sightings, adversary)
    return parts, shared, draw_known(parts, engine, shared)


def shared_by_sets(rows, known, bin_ms):
    held = {}
    for vehicle, ms, camera in rows:
        held.setdefault(vehicle, set()).add((ms // bin_ms, camera))
    n_places = 1 + max(camera for *_, camera in rows)
    expected = []
    for own, count, keys in zip(
        known.vehicle.tolist(), known.n_points.tolist(), known.keys.tolist(), strict=True
    ):
        asked = [divmod(key, n_places) for key in keys[:count]]
        assert set(asked) <= held[own]
        expected.append(longest(asked, own, held))
    return expected


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 6), st.integers(1, 60),
    st.integers(1, 5), st.integers(1, 13), st.integers(1, 3), st.integers(1, 60_000),
    st.booleans(),
)  # fmt: skip
def test_nobody_is_skipped_who_has_company_in_any_of_many_parts(
    seed, vehicles, cameras, hours, points, n_parts, threads, memory, with_bits
):
    rows = population(seed, vehicles, cameras, hours, 8)
    sightings = from_arrays(
        *(np.array(column) for column in zip(*rows, strict=True)), timezone="UTC"
    ).with_parts(n_parts)
    engine = InGroups(memory=memory, threads=threads)
    parts, shared, known = known_of(sightings, Adversary(points), engine, seed)
    with pytest.MonkeyPatch.context() as patch:
        if not with_bits:
            patch.setattr("analyzer.risk.shared_points.MOST_BYTES", 0)
        found = count_shared_points(parts, engine, shared, known)
    assert found.tolist() == shared_by_sets(rows, known, HOUR)
    whole = known.of(np.flatnonzero(known.n_points >= points))
    counts = count_fitting(parts, engine, shared, whole)
    of_whole = count_shared_points(parts, engine, shared, whole)
    assert of_whole.tolist() == np.count_nonzero(counts > 1, axis=1).tolist()


def test_groups_are_as_many_as_memory_asks_and_change_nothing(tmp_path):
    rows = population(3, 400, 5, 200, 12)
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    sightings = from_arrays(*columns, timezone="UTC").with_parts(23)
    found, calls = [], []
    for memory, threads in ((10**9, 1), (10**9, 2), (20_000, 1), (20_000, 3), (1, 2)):
        engine = InGroups(memory=memory, threads=threads)
        parts, shared, known = known_of(sightings, Adversary(4), engine, 1)
        engine.calls = engine.most = 0
        found.append(count_shared_points(parts, engine, shared, known).tolist())
        assert engine.most <= threads
        calls.append(engine.calls)
    assert calls[:2] == [1, 1] and 1 < calls[3] < calls[2] < 23 and calls[4] == 12
    resuming = ResumingEngine(LocalEngine(memory=20_000), tmp_path / "work")
    for engine in (ProcessEngine(), resuming, resuming):
        found.append(count_shared_points(parts, engine, shared, known).tolist())
    assert resuming.found
    assert all(each == found[0] for each in found)
    assert set(found[0]) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("attributes", [(), ("make", "color")])
@pytest.mark.parametrize("missed", [0, 1, 2])
@pytest.mark.parametrize("n_parts", [1, 5])
def test_shared_points_are_those_that_more_than_one_fits(attributes, missed, n_parts):
    rng = np.random.default_rng(missed)
    looked = with_looks(rng, random_rows(rng, vehicles=40, days=3, busy=0.3), tuple(VALUES))
    sightings = sightings_with_looks(looked, tuple(VALUES)).with_parts(n_parts)
    adversary = Adversary(3, "1h", "camera", attributes, missed=missed)
    engine = LocalEngine()
    parts, shared, known = known_of(sightings, adversary, engine, 2)
    known = known.of(np.flatnonzero(known.n_points >= 3))
    counts = count_fitting(parts, engine, shared, known)
    found = count_shared_points(parts, engine, shared, known)
    assert found.tolist() == np.count_nonzero(counts > 1, axis=1).tolist()
    assert len(set(found.tolist())) > 1


def test_of_nobody_nothing_is_asked():
    sightings = from_arrays([0, 1], [0, 0], [0, 0])
    engine = LocalEngine()
    parts, shared, known = known_of(sightings, Adversary(2), engine, 0)
    nobody = known.of(np.zeros(0, np.int64))
    assert isinstance(nobody, Known)
    assert count_shared_points(parts, engine, shared, nobody).shape == (0,)
