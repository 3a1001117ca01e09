import json

import numpy as np
import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.errors import UsageError
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.linkage_result import RANKS, Linkage
from analyzer.risk.profile_groups import ProfileGroups
from analyzer.risk.profile_weights import count_traffic
from analyzer.risk.profiles import PLACE, SAME_TIME_GRAINS, gather_counts, order_pseudonyms
from analyzer.risk.release_result import ReleaseLinkage
from analyzer.risk.releases import _attempt
from tests.risk.regions import DAY
from tests.risk.test_linkage import MONDAY, habitual
from tests.risk.test_profile_matching import profiles_of

N = 40


def release(rows, *, named="v", shuffled=None, cameras=None, **labels):
    """A release with its own codes and its own order of cameras; names tell who is who."""
    vehicle, ms, camera = (np.array(column) for column in zip(*rows, strict=True))
    order = np.arange(N) if shuffled is None else np.random.default_rng(shuffled).permutation(N)
    names = np.empty(N, object)
    names[order] = [f"{named}{v}" for v in range(N)]
    places = np.arange(60) if cameras is None else np.random.default_rng(cameras).permutation(60)
    table = np.empty(60, object)
    table[places] = [f"c{c}" for c in range(60)]
    return from_arrays(
        order[vehicle], ms, places[camera], vehicles=list(names),
        cameras=pd.DataFrame({"name": table}), **labels,
    )  # fmt: skip


ROWS = habitual(vehicles=N, days=14)


@pytest.fixture(scope="module")
def same_time():
    """One collection twice, once without make and once with; each row is kept by chance."""
    rng = np.random.default_rng(2)
    one = [row for row in ROWS if rng.random() < 0.6]
    other = [row for row in ROWS if rng.random() < 0.6]
    makes = np.array([f"make {v % 5}" for v, _, _ in other], object)
    return measure_linkage(
        release(one), other=release(other, shuffled=4, cameras=5, make=makes), seed=1
    )


def test_two_releases_of_one_time_are_joined_by_time(same_time):
    assert isinstance(same_time, ReleaseLinkage) and isinstance(same_time, Linkage)
    assert same_time.chosen[0] in SAME_TIME_GRAINS
    assert same_time.known and same_time.absent.value == 0
    assert same_time.success[1].value == 1
    assert same_time.success[1].baseline == pytest.approx(1 / N)
    assert same_time.gained == ("make",)
    assert same_time.agreement.value > 0.9
    assert same_time.assignment.value == 1


def test_matches_name_vehicles_and_nothing_else_does(same_time):
    matches = same_time.matches
    assert (matches["vehicle_a"] == matches["vehicle_b"]).all()
    assert matches["claimed"].mean() == same_time.claimed.value
    told = same_time.summary() + json.dumps(same_time.to_dict()) + same_time.to_pandas().to_csv()
    assert not any(f"v{v}," in told or f'"v{v}"' in told for v in range(N))
    assert "vehicle" not in same_time.to_pandas()
    assert "make" in same_time.summary()
    assert "v1" not in repr(same_time)


def test_habits_join_releases_of_different_times():
    half = MONDAY + 7 * DAY
    one = release([row for row in ROWS if row[1] < half])
    other = release([row for row in ROWS if row[1] >= half], shuffled=1, cameras=3)
    found = measure_linkage(one, other=other)
    assert found.overlap_days == 0
    assert {tried.grain for tried in found.tried}.isdisjoint(SAME_TIME_GRAINS)
    assert found.success[1].value > 0.8
    assert found.precision.value > 0.8


def test_without_common_names_matches_are_made_and_success_is_not_known():
    one, other = release(ROWS), release(ROWS, named="w", shuffled=7)
    found = measure_linkage(one, other=other)
    assert not found.known
    for rank in RANKS:
        assert not found.success[rank].is_measured
    assert not found.precision.is_measured and not found.absent.is_measured
    assert found.claimed.value > 0.9
    # Who is who is known here: the matches are right although nothing told the program.
    matches = found.matches
    assert (matches["vehicle_a"].str[1:] == matches["vehicle_b"].str[1:]).mean() > 0.95
    assert "nothing says which matches are right" in found.summary()


def test_the_choice_does_not_depend_on_names():
    one, other = release(ROWS), release(ROWS, shuffled=7)
    renamed = release(ROWS, named="w", shuffled=7)
    named, blind = measure_linkage(one, other=other), measure_linkage(one, other=renamed)
    assert named.chosen == blind.chosen
    assert [t.grain for t in named.tried] == [t.grain for t in blind.tried]
    assert named.claimed == blind.claimed and named.agreement == blind.agreement


def test_vehicles_of_one_release_alone_are_absent():
    other = release([row for row in ROWS if row[0] < 30], shuffled=2)
    found = measure_linkage(release(ROWS), other=other)
    assert found.absent.value == 1 / 4
    assert found.success[1].n == 30 and found.candidates == 30


def groups_of(counts):
    """Profiles from dictionaries of counts by place, a group each."""
    rows = [(code, place, n) for code, own in enumerate(counts) for place, n in own.items()]
    vehicle, key, count = (np.array(column, np.int32) for column in zip(*rows, strict=True))
    held = gather_counts([{"vehicle": vehicle, "key": key, "count": count}], 0, 1)
    hour = np.ones(1, bool)
    pseudonyms = order_pseudonyms(held, hour, period=0, seed=0)
    return ProfileGroups(held, hour, PLACE, pseudonyms, most=1)


def test_halves_that_point_to_twins_point_nowhere():
    old = profiles_of([{3: 2, 5: 1}])
    twins = groups_of([{3: 2, 5: 1}, {3: 2, 5: 1}, {7: 1}])
    told = groups_of([{3: 2, 5: 1}, {4: 1}, {7: 1}])
    nobody = np.array([-1])
    for candidates, agreed in ((twins, 0), (told, 1)):
        attempt = _attempt(
            LocalEngine(), "likelihood", old, (old, old), candidates, count_traffic(candidates),
            nobody,
        )  # fmt: skip
        assert (attempt.agreed, attempt.asked) == (agreed, 1)


def test_one_day_has_no_halves_to_choose_by():
    day = [row for row in ROWS if row[1] < MONDAY + DAY]
    found = measure_linkage(release(day), other=release(day, shuffled=3))
    assert not found.agreement.is_measured
    assert found.claimed.value == 0


def test_releases_without_a_common_camera_are_refused():
    other = from_arrays([0], [MONDAY], [0], cameras=pd.DataFrame({"name": ["elsewhere"]}))
    with pytest.raises(UsageError, match="same names in both"):
        measure_linkage(release(ROWS), other=other)


def test_a_store_is_a_release(tmp_path):
    release(ROWS, shuffled=3).save(tmp_path / "store")
    found = measure_linkage(release(ROWS), other=str(tmp_path / "store"), sample=15)
    assert isinstance(found, ReleaseLinkage)
    assert found.success[1].n == found.pseudonyms == 15


def test_anything_else_is_refused():
    with pytest.raises(UsageError, match="second release"):
        measure_linkage(release(ROWS), other=7)
