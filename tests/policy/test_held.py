"""Held sightings are the sightings: same rows in every view and division, read once."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from analyzer.engine import LocalEngine
from analyzer.engine.resuming import ResumingEngine
from analyzer.policy.held import Held, hold
from analyzer.policy.policy import Policy
from analyzer.store import StoredPart
from tests.process_engine import ProcessEngine
from tests.risk.regions import random_rows, sightings_of


@pytest.fixture(scope="module")
def sightings():
    return sightings_of(random_rows(np.random.default_rng(4), days=9, vehicles=25, most=30))


def same(one, other):
    assert len(one) == len(other)
    for mine, theirs in zip(one, other, strict=True):
        rows, expected = mine.load(), theirs.load()
        assert list(rows) == list(expected)
        for name in rows:
            assert np.array_equal(rows[name], expected[name])


@pytest.mark.parametrize("parts", [None, 1, 4])
def test_every_view_has_the_same_rows(sightings, parts):
    view = sightings if parts is None else sightings.with_parts(parts)
    held = hold(view, LocalEngine())
    assert isinstance(held, Held)
    middle = sum(sightings.span_ms) // 2
    for mine, theirs in (
        (held, view),
        (held._between_ms(0, middle), view._between_ms(0, middle)),
        (held._between_ms(middle, middle), view._between_ms(middle, middle)),
    ):
        same(mine.parts(), theirs.parts())
        same(mine.parts("seen_at"), theirs.parts("seen_at"))
        assert len(mine) == len(theirs)
        assert np.array_equal(mine.codes_seen, theirs.codes_seen)
    assert held.summary() == view.summary()


def test_rows_are_read_once(sightings, monkeypatch):
    held = hold(sightings, LocalEngine())
    read = []
    load = StoredPart.load
    monkeypatch.setattr(StoredPart, "load", lambda self: read.append(1) or load(self))
    for days in ("1D", "3D", "6D"):
        assert len(Policy(days).apply(held)) < len(sightings)
    assert len(read) == len(sightings.parts())


def test_what_is_large_or_works_elsewhere_is_not_held(sightings, tmp_path):
    assert hold(sightings, ProcessEngine(seed=1)) is sightings
    kept = ResumingEngine(LocalEngine(), tmp_path / "work")
    assert isinstance(hold(sightings, kept), Held)
    there = ResumingEngine(ProcessEngine(seed=1), tmp_path / "other")
    assert hold(sightings, there) is sightings
    small = LocalEngine(memory=len(sightings) * 16 * 4 - 1)
    assert hold(sightings, small) is sightings
    assert isinstance(hold(sightings, LocalEngine(memory=small.memory + 1)), Held)


def test_only_the_recipe_travels(sightings):
    (part, *_) = hold(sightings, LocalEngine()).parts()
    part.load()
    assert len(pickle.dumps(part)) < 5_000
    same([pickle.loads(pickle.dumps(part))], [part])
    assert replace(hold(sightings, LocalEngine())).columns == sightings.columns
