import json
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.risk.adversary import Adversary
from analyzer.risk.anonymity import measure_anonymity
from analyzer.risk.crowd_sizes import CLASSES, crowd_sizes
from analyzer.risk.unicity import measure_unicity
from tests.patterns import lives
from tests.risk import oracle
from tests.risk.looks import VALUES, sightings_with_looks
from tests.risk.regions import random_rows, sightings_of
from tests.risk.test_knowledge import expected_crowds, looked_rows

ATTRIBUTES = tuple(VALUES)


@pytest.mark.parametrize(
    "adversary",
    [
        Adversary(2, "1D", "zone"),
        Adversary(3, "7D", "camera"),
        Adversary(1, "7D", "2km", ATTRIBUTES[:1]),
        Adversary(3, "1D", "zone", ATTRIBUTES, "busiest", 1),
    ],
)
@pytest.mark.parametrize("sample", [None, 9])
def test_each_set_is_counted_whole(adversary, sample):
    looked = looked_rows(2, adversary.attributes, vehicles=50)
    sightings = sightings_with_looks(looked, adversary.attributes)
    counts, vehicles = expected_crowds(
        looked, adversary.attributes, adversary, 3, sample=sample
    )
    expected = Counter(own[-1] for own in counts.values())
    for parts in (1, 6):
        result = measure_anonymity(sightings.with_parts(parts), adversary, sample=sample, seed=3)
        assert dict(result.sizes.sizes) == expected
        assert (result.targets, result.vehicles) == (len(counts), vehicles)
    k = np.sort(np.repeat(list(expected), list(expected.values())))
    for size, share in zip((2, 5, 10), result.sizes.below, strict=True):
        assert share.value == (k < size).mean()
        assert share.baseline == min(1, (size - 1) / vehicles)
    assert result.sizes.median.value == np.median(k)
    assert result.sizes.entropy.value == pytest.approx(np.log2(k).mean())
    assert result.sizes.entropy.baseline == np.log2(vehicles)
    alone = measure_unicity(sightings, adversary, sample=sample, seed=3).share
    assert (result.sizes.below[0].value, result.sizes.below[0].low) == (alone.value, alone.low)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 1_000), st.sampled_from([("1h", "1D"), ("1D", "7D")]))
def test_coarser_place_makes_no_set_smaller(seed, times):
    # Zones here are whole cameras, so with one point known a coarser place only adds holders, as
    # does a longer bin that is made of whole ones.
    sightings = sightings_of(random_rows(np.random.default_rng(seed), vehicles=20))
    short, long = times

    def largest(time, space):
        sizes = measure_anonymity(sightings, Adversary(1, time, space)).sizes.sizes
        return max(k for k, _ in sizes)

    assert largest(short, "camera") <= largest(short, "zone")
    assert largest(short, "camera") <= largest(long, "camera")


# Home and work


@pytest.fixture(scope="module")
def commuters():
    """Thirty day workers of four weeks: three homes, three works, and who was seen just once."""
    pairs = [(number % 3, 5 + number * number % 3) for number in range(30)]
    days = []
    for number, (home, work) in enumerate(pairs):
        life = []
        for day in lives.weekdays(3):
            life += lives.drive(day, 8 + 0.01 * number, [home, work])
            life += lives.drive(day, 17 + 0.01 * number, [work, home])
        days.append(life)
    return lives.sightings_of([*days, lives.drive(0, 12, [3])]), pairs


def test_home_work_pairs_are_those_that_live_and_work_together(commuters):
    sightings, pairs = commuters
    result = measure_anonymity(sightings)
    assert [level.level for level in result.home_work] == ["camera", "zone", "cell of 10 km"]
    lat, lon = lives.CAMERAS["lat"], lives.CAMERAS["lon"]
    cells = [oracle.cell(*position, 10_000) for position in zip(lat, lon, strict=True)]
    for level, place in zip(result.home_work, (range(8), range(8), cells), strict=True):
        for sizes, key in (
            (level.pair, lambda home, work: (home, work)),
            (level.home, lambda home, work: home),
            (level.work, lambda home, work: work),
        ):
            labels = [key(place[home], place[work]) for home, work in pairs]
            crowd = Counter(labels)
            assert dict(sizes.sizes) == Counter(crowd[label] for label in labels)
            assert sizes.median.baseline == 30
    medians = [level.pair.median.value for level in result.home_work]
    assert medians == sorted(medians) and medians[0] < medians[-1]
    assert [level.published.value for level in result.home_work] == [1, 21, 34_980]
    assert "census tract: 21 (Golle and Partridge 2009" in result.summary()


def test_without_homes_there_are_no_pairs():
    result = measure_anonymity(from_arrays([0, 1], [0, 0], [0, 0]), Adversary(1))
    assert math.isnan(result.home_work[0].pair.median.value)
    assert "No vehicle has both" in result.summary()
    assert result.to_dict()["home_work"][0]["pair"]["median_k"]["value"] is None


def test_tells_itself(commuters):
    sightings, _ = commuters
    result = measure_anonymity(sightings, Adversary(2, "1D"))
    table = result.to_pandas()
    assert list(table) == ["k", "vehicles", "share", "share_up_to"]
    assert table["share_up_to"].iloc[-1] == 1
    figures = result.figures()
    assert len(figures) == 5 * 10
    fields = json.loads(json.dumps(result.to_dict()))
    for name in ("k_below_2", "k_below_5", "k_below_10", "median_k", "entropy_bits"):
        assert set(fields[name]) == {"value", "low", "high", "n", "method", "baseline"}
    assert "2 sightings, each to the day and the camera" in result.summary()
    assert result.plot().get_xscale() == "log"
    nobody = measure_anonymity(sightings, Adversary(90))
    assert "cannot be measured" in nobody.summary()
    assert not len(nobody.to_pandas())


def test_refuses_wrong_calls():
    with pytest.raises(UsageError, match="sample"):
        measure_anonymity(from_arrays([0], [0], [0]), Adversary(1), sample=0)


# Sizes


def test_classes_hold_every_target_once():
    k = np.random.default_rng(0).geometric(0.01, 5_000)
    sizes = crowd_sizes(k, 100_000, "exact")
    classes = sizes.classes()
    assert classes["vehicles"].sum() == 5_000
    for start, stop, count in zip(
        CLASSES, (*CLASSES[1:], 10**9), classes["vehicles"], strict=True
    ):
        assert count == ((k >= start) & (k < stop)).sum()


def test_the_interval_of_the_median_holds_it_nineteen_times_in_twenty():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(1_000):
        # The median of a geometric law with this parameter is 69: P(k <= 68) < 1/2 < P(k <= 69).
        median = crowd_sizes(rng.geometric(0.01, 150), 10**6, "exact").median
        assert median.low <= median.value <= median.high
        held += median.low <= 69 <= median.high
    assert 930 <= held <= 985


def test_the_interval_of_the_entropy_holds_its_mean():
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(1_000):
        entropy = crowd_sizes(2 ** rng.integers(0, 8, 100), 10**6, "exact").entropy
        held += entropy.low <= 3.5 <= entropy.high
    assert 930 <= held <= 970
