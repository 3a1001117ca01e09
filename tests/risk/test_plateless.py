import json
from collections import Counter, defaultdict

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.estimate import wilson_clustered
from analyzer.risk.plateless import measure_plateless
from tests.process_engine import ProcessEngine
from tests.risk import oracle
from tests.risk.looks import VALUES, sightings_with_looks
from tests.risk.regions import CAMERAS
from tests.risk.test_knowledge import looked_rows
from tests.risk.test_points import LENGTHS

ATTRIBUTES = tuple(VALUES)


def expected_sizes(looked, time):
    """Agreeing vehicles, and all there and then, for each sighting; and the sightings of each."""
    groups = defaultdict(list)
    for vehicle, ms, camera, look in looked:
        place = camera, oracle.time_bin(ms, "America/New_York", LENGTHS[time])
        groups[place].append((vehicle, look))
    sizes = []
    for place, own in groups.items():
        for _, look in own:
            agreeing = {vehicle for vehicle, theirs in own if oracle.agrees(look, theirs)}
            sizes.append((place, len(agreeing), len({vehicle for vehicle, _ in own})))
    return sizes


@pytest.mark.parametrize("time", ["15min", "1D", "7D"])
@pytest.mark.parametrize("attributes", [("color",), ATTRIBUTES[:2], ATTRIBUTES])
@pytest.mark.parametrize("seed", range(2))
def test_equals_brute_force(time, attributes, seed):
    looked = looked_rows(seed, attributes, vehicles=40)
    # Repeats of a sighting in one instant are kept apart by their looks only.
    found = measure_plateless(sightings_with_looks(looked, attributes), attributes, time)
    sizes = expected_sizes(looked, time)
    assert found.sightings == len(sizes)
    agreeing, alone = Counter(k for _, k, _ in sizes), Counter(k for _, _, k in sizes)
    assert found.sizes == tuple(
        (k, agreeing[k], alone[k]) for k in sorted(agreeing.keys() | alone.keys())
    )
    for limit, share in zip((2, 5, 10), found.below, strict=True):
        clusters = defaultdict(list)
        for place, k, _ in sizes:
            clusters[place].append(k < limit)
        sums = [(sum(own), len(own)) for own in clusters.values()]
        expected = wilson_clustered(
            sum(s for s, _ in sums),
            len(sizes),
            (sum(s * s for s, _ in sums), sum(s * m for s, m in sums), sum(m * m for _, m in sums)),
            method=share.method,
            baseline=sum(k < limit for _, _, k in sizes) / len(sizes),
        )
        assert share == expected
    assert found.noted == np.mean([None not in look for *_, look in looked])


def test_parts_buckets_and_spilling_change_no_digit(monkeypatch):
    looked = looked_rows(3, ATTRIBUTES, vehicles=60)
    sightings = sightings_with_looks(looked, ATTRIBUTES)
    one = measure_plateless(sightings, ATTRIBUTES, "1D")
    assert one == measure_plateless(sightings.with_parts(5), ATTRIBUTES, "1D")
    monkeypatch.setattr("analyzer.risk.plateless._BUCKET_ROWS", 50)
    assert one == measure_plateless(sightings, ATTRIBUTES, "1D")
    spilling = LocalEngine(memory=2_000, threads=2)
    assert one == measure_plateless(sightings.with_parts(3), ATTRIBUTES, "1D", engine=spilling)
    engine = ProcessEngine(seed=1)
    assert one == measure_plateless(sightings.with_parts(3), ATTRIBUTES, "1D", engine=engine)


def test_more_attributes_tell_more_apart():
    looked = looked_rows(4, ATTRIBUTES, vehicles=60)
    sightings = sightings_with_looks(looked, ATTRIBUTES)
    shares = [
        measure_plateless(sightings, ATTRIBUTES[:n], "1D").unique.value for n in (1, 2, 3)
    ]
    assert shares == sorted(shares) and shares[0] < shares[-1]


def test_tells_itself():
    looked = looked_rows(5, ATTRIBUTES[:2], vehicles=40)
    found = measure_plateless(sightings_with_looks(looked, ATTRIBUTES[:2]), ATTRIBUTES[:2])
    table = found.to_pandas()
    assert table["sightings"].sum() == table["sightings_without"].sum() == found.sightings
    assert table["share_up_to"].iloc[-1] == 1
    fields = json.loads(json.dumps(found.to_dict()))
    assert set(fields["unique"]) == {"value", "low", "high", "n", "method", "baseline"}
    assert fields["unique"] == fields["k_below_2"]
    assert "make and color at a camera within 1h" in found.summary()
    assert "over 94 %" in found.summary()
    assert len(found.plot().lines) == 2


def test_large_sets_are_counted_together():
    n = 1_203
    seen = from_arrays(np.arange(n), np.arange(n), np.zeros(n), make=["Kia"] * n)
    found = measure_plateless(seen, ["make"])
    assert found.sizes == ((1_000, n, n),)


def test_refuses_wrong_calls(monkeypatch):
    looked = looked_rows(5, ATTRIBUTES, vehicles=40)
    sightings = sightings_with_looks(looked, ATTRIBUTES)
    for attributes, time, told in (
        ([], "1h", "one or more"),
        ("make", "1h", "sequence"),
        (["plate"], "1h", "attributes are make"),
        (["model"], "1h", "no column model"),
        (["make"], "soon", "soon"),
        (["make"], "36h", "whole days"),
    ):
        with pytest.raises(UsageError, match=told):
            measure_plateless(sightings, attributes, time)
    monkeypatch.setattr("analyzer.risk.plateless.MOST_WORDS", 10)
    with pytest.raises(TooMuchWorkError, match="shorter time"):
        measure_plateless(sightings, ATTRIBUTES, "7D")
    assert len(CAMERAS) == 6


def test_clustered_intervals_hold_the_share():
    # Clusters whose units are all alike: the interval must widen to that of the clusters.
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(1_000):
        units = rng.integers(1, 9, 120)
        few = units * (rng.random(120) < 0.3)
        share = wilson_clustered(
            int(few.sum()), int(units.sum()),
            (int((few**2).sum()), int((few * units).sum()), int((units**2).sum())), method="",
        )  # fmt: skip
        held += share.low <= 0.3 <= share.high
    assert 925 <= held <= 970
