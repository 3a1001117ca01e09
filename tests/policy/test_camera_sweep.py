"""More cameras, more risk: nested shares, fixed knowledge."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.errors import UsageError
from analyzer.policy.cameras import sweep_cameras
from analyzer.policy.policy import Policy
from analyzer.risk.adversary import Adversary
from analyzer.risk.unicity import measure_unicity
from tests.process_engine import ProcessEngine
from tests.risk.regions import random_rows, sightings_of

SHARES = (0.2, 0.5, 0.9, 1.0)


@pytest.fixture(scope="module")
def sightings():
    return sightings_of(random_rows(np.random.default_rng(11), days=10, vehicles=60, most=30))


@pytest.fixture(scope="module")
def sweep(sightings):
    return sweep_cameras(sightings, SHARES, Adversary(3), 4)


def test_all_cameras_are_plain_unicity(sightings, sweep):
    last = sweep.steps[-1]
    unicity = measure_unicity(sightings, Adversary(3), seed=4)
    assert last.cameras == 6
    assert last.risks["unicity"].value == unicity.share.value == last.within.value
    assert last.seen.value == 1


def test_more_cameras_never_hide_a_vehicle(sweep):
    values = [step.risks["unicity"].value for step in sweep.steps]
    assert values == sorted(values)
    assert values[0] < values[-1]
    assert [step.cameras for step in sweep.steps] == [2, 3, 6, 6]
    gained = values[1] - values[0]
    assert sweep.steps[1].added_per_camera == pytest.approx(gained)


def test_within_is_what_the_smaller_system_would_measure(sightings, sweep):
    small = Policy(None, cameras=0.5).apply(sightings, seed=4)
    assert sweep.steps[1].within == measure_unicity(small, Adversary(3), seed=4).share


def test_busiest_first_takes_the_busiest(sightings):
    sweep = sweep_cameras(sightings, (0.2, 1.0), Adversary(3), order="busiest")
    counts = sightings.to_pandas()["camera"].value_counts()
    shown = Policy(None, cameras=tuple(counts.index[:2])).apply(sightings)
    assert sweep.steps[0].within.n == measure_unicity(shown, Adversary(3)).share.n


def test_parts_and_processes_change_no_digit(sightings, sweep):
    apart = sweep_cameras(
        sightings.with_parts(4), SHARES, Adversary(3), 4, engine=ProcessEngine(seed=2)
    )
    assert apart.to_dict() == sweep.to_dict()
    assert "each further one adds" in sweep.summary() or sweep.steps[-1].added_per_camera != 0
    assert len(sweep.to_pandas()) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shares": [0]}, "above 0 and up to 1"),
        ({"shares": []}, "above 0 and up to 1"),
        ({"order": "best"}, "'random' or 'busiest'"),
        ({"risks": ["gossip"]}, "'gossip' is not known"),
        ({"adversary": Adversary(missed=1)}, "attributes=\\(\\) and missed=0"),
    ],
)
def test_impossible_calls_are_refused(sightings, options, message):
    with pytest.raises(UsageError, match=message):
        sweep_cameras(sightings, **options)
