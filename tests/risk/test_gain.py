import json

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.risk.adversary import Adversary
from analyzer.risk.gain import measure_attribute_gain
from analyzer.risk.unicity import measure_unicity
from tests.risk.looks import sightings_with_looks
from tests.risk.test_knowledge import expected_crowds, looked_rows

ATTRIBUTES = ("make", "color")


@pytest.mark.parametrize("missed", [0, 1])
@pytest.mark.parametrize("sample", [None, 20])
def test_steps_are_unicities_and_gains_are_counted_target_by_target(missed, sample):
    looked = looked_rows(6, ATTRIBUTES, vehicles=50)
    sightings = sightings_with_looks(looked, ATTRIBUTES)
    adversary = Adversary(3, "1D", "zone", ATTRIBUTES, missed=missed)
    found = measure_attribute_gain(sightings, adversary, sample=sample, seed=2)
    assert [step.attributes for step in found.steps] == [
        (), ("make",), ("color",), ("make", "color")
    ]  # fmt: skip
    bare = [(*row[:3], ()) for row in looked]
    without, _ = expected_crowds(
        bare, (), Adversary(3, "1D", "zone", missed=missed), 2, sample=sample
    )
    for step in found.steps:
        known = Adversary(3, "1D", "zone", step.attributes, missed=missed)
        alone = measure_unicity(sightings, known, sample=sample, seed=2)
        assert step.shares == alone.curve
        at = [ATTRIBUTES.index(name) for name in step.attributes]
        narrowed = [(*row[:3], tuple(row[3][i] for i in at)) for row in looked]
        with_them, _ = expected_crowds(narrowed, step.attributes, known, 2, sample=sample)
        for q, gain in enumerate(step.gains):
            only = sum(
                with_them[vehicle][q] == 1 and without[vehicle][q] != 1 for vehicle in without
            )
            assert (round(gain.value * gain.n), gain.n) == (only, len(without))
            difference = step.shares[q].value - found.steps[0].shares[q].value
            assert gain.value == pytest.approx(difference)
    assert 0 < found.gain.low < found.gain.value < found.gain.high
    assert found == measure_attribute_gain(
        sightings.with_parts(4), adversary, sample=sample, seed=2
    )


def test_tells_itself():
    looked = looked_rows(7, ATTRIBUTES, vehicles=40)
    found = measure_attribute_gain(
        sightings_with_looks(looked, ATTRIBUTES), Adversary(2, "1D", "zone", ATTRIBUTES)
    )
    table = found.to_pandas()
    assert table["attributes"].tolist() == ["", "", "make", "make", "color", "color"] + [
        "make+color"
    ] * 2
    assert np.allclose(table["value"] - table["gain"], table["value"][:2].tolist() * 4)
    fields = json.loads(json.dumps(found.to_dict()))
    assert set(fields["gain"]) == {"value", "low", "high", "n", "method", "baseline"}
    assert "with make and color known as well" in found.summary()
    assert "22 %" in found.summary()
    assert len(found.plot().lines) == 4
    one = measure_attribute_gain(
        sightings_with_looks(looked, ATTRIBUTES), Adversary(2, "1D", "zone", ("make",))
    )
    assert [step.name for step in one.steps] == ["none", "make"]


def test_nothing_to_measure_is_said():
    sightings = from_arrays([0], [0], [0], make=["Kia"])
    assert "Nothing" in measure_attribute_gain(
        sightings, Adversary(2, attributes=("make",))
    ).summary()
    with pytest.raises(UsageError, match="no attribute that could add"):
        measure_attribute_gain(sightings, Adversary(1))
    with pytest.raises(UsageError, match="no column color"):
        measure_attribute_gain(sightings, Adversary(1, attributes=("color",)))
