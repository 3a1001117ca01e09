"""A policy does to the rows what it says, and refuses what it cannot mean."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.errors import InputError, UsageError
from analyzer.patterns.places import find_places
from analyzer.patterns.plane import camera_plane
from analyzer.patterns.trips import find_trips
from analyzer.policy.applying import kept_cameras
from analyzer.policy.policy import Policy, read_policies
from analyzer.risk.unicity import measure_unicity
from analyzer.synthetic import make_region
from tests.policy.release_oracle import release
from tests.risk import oracle
from tests.risk.regions import AUTUMN, CAMERAS, SPRING, random_rows, sightings_of
from tests.risk.test_points import SPACES

NEW_YORK = "America/New_York"
LENGTHS = {
    None: None, "7min": timedelta(minutes=7), "1h": timedelta(hours=1), "6h": timedelta(hours=6),
    "1D": timedelta(days=1), "3D": timedelta(days=3), "7D": timedelta(days=7),
}  # fmt: skip


def released_rows(sightings, policy, at):
    """Rows of a view, as a sorted list; periods only as different names."""
    view = policy.apply(sightings, at.isoformat())
    rows = []
    for part in view.parts():
        loaded = part.load()
        order = np.lexsort((loaded["camera"], loaded["seen_at"], loaded["vehicle"]))
        assert (order == np.arange(len(order))).all(), "rows stand in their order"
        rows += zip(*(loaded[name].tolist() for name in loaded), strict=True)
    return view, rows


@pytest.mark.parametrize("rotation", [None, "1D", "7D"])
@pytest.mark.parametrize("space", [None, "zone", "2km"])
@pytest.mark.parametrize("time", LENGTHS)
def test_equals_the_oracle_row_by_row(time, space, rotation):
    rng = np.random.default_rng([len(str(time)), len(str(space)), len(str(rotation))])
    for start, days in ((SPRING, 5), (AUTUMN, None)):
        rows = random_rows(rng, start=start, days=12, vehicles=10, most=14)
        sightings = sightings_of(rows)
        at = (sightings.span[1] - pd.Timedelta(2, "D")).date()
        policy = Policy(
            retention=days and f"{days}D", time=time, space=space, rotation=rotation, cameras=0.7,
            min_k=2 if days else None,
        )  # fmt: skip
        kept = set(kept_cameras(0.7, sightings.camera_table, 0).tolist())
        assert len(kept) == 5
        expected = release(
            rows, timezone=NEW_YORK, leak_date=at, days=days, kept=kept, length=LENGTHS[time],
            place=None if space is None else oracle.places(SPACES[space], CAMERAS),
            period=LENGTHS[rotation], min_k=policy.min_k,
        ).values()  # fmt: skip
        view, found = released_rows(sightings.with_parts(3), policy, at)
        assert len(found) == len(view) == len(expected) > 0
        periods = view.recipe.periods
        assert sorted((code // periods, ms, camera) for code, ms, camera in found) == sorted(
            (vehicle, ms, where) for vehicle, _, ms, where in expected
        )
        assert view.n_vehicles == len({(vehicle, number) for vehicle, number, *_ in expected})
        assert len(set(view.vehicles)) == view.n_vehicles


def test_policies_compose():
    sightings = sightings_of(random_rows(np.random.default_rng(5), days=12, vehicles=12))
    keep_all = {"retention": None}
    once = Policy(time="6h", space="zone", **keep_all).apply(sightings)
    twice = Policy(space="zone", **keep_all).apply(
        Policy(time="6h", **keep_all).apply(sightings)
    )
    pd.testing.assert_frame_equal(once.to_pandas(), twice.to_pandas())
    # A view is measured, cut and saved like any other collection.
    assert measure_unicity(once).share == measure_unicity(once.with_parts(5)).share
    middle = once.span[0] + (once.span[1] - once.span[0]) / 2
    early = once.between(once.span[0], middle)
    late = once.between(middle, once.span[1] + pd.Timedelta(1, "ms"))
    assert 0 < len(early) < len(once) == len(early) + len(late)


def test_saved_views_hold_what_they_show(tmp_path):
    sightings = sightings_of(random_rows(np.random.default_rng(6), days=9, vehicles=12))
    view = Policy("5D", rotation="1D", time="1h", space="2km").apply(sightings)
    saved = view.save(tmp_path / "released")
    pd.testing.assert_frame_equal(
        saved.to_pandas(), view.to_pandas(), check_dtype=False, check_freq=False
    )
    assert "kept 5 days" in saved.provenance["policy"]
    assert saved.n_vehicles == view.n_vehicles
    names = set(saved.vehicles)
    assert not names & set(sightings.vehicles)


def test_attributes_are_dropped_unless_they_are_kept():
    sightings = from_arrays(
        [0, 1], [0, 1], [0, 0], make=["a", "b"], color=["red", None], direction=["n", "s"]
    )
    assert Policy().apply(sightings).columns[3:] == ("direction",)
    assert set(Policy(attributes="keep").apply(sightings).columns[3:]) == {
        "direction", "make", "color"
    }  # fmt: skip
    some = Policy(attributes=["make"]).apply(sightings)
    assert some.columns[3:] == ("direction", "make")
    assert some.labels["make"] == ["a", "b"]
    assert "color" not in some.labels
    with pytest.raises(UsageError, match="no column body_type; they have direction, make, color"):
        Policy(attributes=("body_type",)).apply(sightings)
    with pytest.raises(UsageError, match="no column make under this policy"):
        Policy().apply(sightings).parts("make")


def test_hits_keep_those_who_are_searched_for():
    sightings = sightings_of(random_rows(np.random.default_rng(7), vehicles=8))
    view = Policy(None, hits=["v1", "v3", "nobody"]).apply(sightings)
    assert set(view.vehicles) == {"v1", "v3"}


def test_smaller_shares_are_among_the_larger():
    table = pd.DataFrame({"name": [f"c{code}" for code in range(40)]})
    shares = [set(kept_cameras(share, table, 3).tolist()) for share in (0.1, 0.25, 0.5, 1.0)]
    assert [len(share) for share in shares] == [4, 10, 20, 40]
    assert all(small < large for small, large in pairwise(shares))
    assert shares[1] != set(kept_cameras(0.25, table, 4).tolist())


@given(st.floats(0.001, 1.0), st.integers(1, 60))
def test_a_share_of_cameras_is_at_least_that_share(share, count):
    table = pd.DataFrame({"name": [str(code) for code in range(count)]})
    kept = len(kept_cameras(share, table, 0))
    assert share * count - 1e-6 <= kept < share * count + 1


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"retention": "36h"}, "must be a whole number of days"),
        ({"rotation": "0D"}, "rotation '0D' must be a whole number of days"),
        ({"time": "90h"}, "longer than a day must be whole days"),
        ({"space": "town"}, "write 'zone', a distance"),
        ({"cameras": 0}, "a share lies above 0"),
        ({"cameras": 1.5}, "a share lies above 0"),
        ({"cameras": "all"}, "write a share such as 0.5"),
        ({"cameras": []}, "name at least one camera"),
        ({"attributes": ["wheels"]}, "'wheels' is not known"),
        ({"hits": "v1"}, "hits is a list"),
        ({"min_k": 1}, "2 or more"),
        ({"min_k": True}, "2 or more"),
        ({"keep": "30D"}, "a policy has no 'keep'; it has retention"),
        ({"retention": 30}, "write a text such as '30D'"),
    ],
)
def test_impossible_policies_are_refused(given_, message):
    with pytest.raises(UsageError, match=message):
        Policy.from_dict(given_)


def test_unknown_cameras_are_counted_and_not_named():
    sightings = sightings_of(random_rows(np.random.default_rng(1)))
    with pytest.raises(UsageError, match="1 of the 2 names are no cameras"):
        Policy(cameras=["c0", "01A123BC"]).apply(sightings)
    try:
        Policy(cameras=["c0", "01A123BC"]).apply(sightings)
    except UsageError as error:
        assert "01A123BC" not in str(error)


def test_a_leak_before_the_data_shows_nothing():
    sightings = sightings_of(random_rows(np.random.default_rng(1)))
    early = (sightings.span[0].date() - timedelta(days=3)).isoformat()
    assert len(Policy("2D").apply(sightings, early)) == 0
    assert len(Policy(None).apply(sightings, early)) == 0


def test_policies_are_read_from_toml(tmp_path):
    path = tmp_path / "policies.toml"
    path.write_text(
        '[maine]\nretention = "21D"\n\n["all of it"]\nretention = "none"\nattributes = "keep"\n'
        'cameras = ["a", "b"]\n',
        encoding="utf-8",
    )
    policies = read_policies(path)
    assert policies == {
        "maine": Policy("21D"), "all of it": Policy(None, attributes="keep", cameras=("a", "b"))
    }  # fmt: skip
    assert Policy.from_dict(policies["maine"].to_dict() | {"hits": None}) == policies["maine"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("retention = '3D'", "write one table a policy"),
        ("", "write one table a policy"),
        ("[a]\nretention = '3x'", r"\[a\]: retention '3x' is not a duration"),
        ("[a]\nkeep = '3D'", r"\[a\]: a policy has no 'keep'"),
    ],
)
def test_impossible_files_say_where(tmp_path, text, message):
    path = tmp_path / "policies.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_policies(path)


def test_what_is_no_toml_is_refused(tmp_path):
    path = tmp_path / "policies.toml"
    path.write_text("[a", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as TOML"):
        read_policies(path)
    with pytest.raises(InputError, match="no such file"):
        read_policies(tmp_path / "nowhere.toml")


def test_the_day_of_the_leak_is_not_in_it():
    day = 86_400_000
    sightings = from_arrays([0] * 4, np.arange(4) * day, [0] * 4)
    shown = Policy("2D").apply(sightings, date(1970, 1, 3).isoformat())
    assert [stamp.day for stamp in shown.to_pandas()["seen_at"]] == [1, 2]


def test_hits_that_name_nobody_are_refused():
    two = from_arrays([0, 1], [0, 0], [0, 0])
    with pytest.raises(UsageError, match="none of the 2 names is a vehicle"):
        Policy(hits=["01A123BC", "x"]).apply(two)
    assert len(Policy(None, hits=["v1", "x"]).apply(two)) == 1
    assert len(Policy(None, hits=[]).apply(two)) == 0


@pytest.fixture(scope="module")
def region():
    return make_region(vehicles=120, days=14, seed=5).sightings


@pytest.mark.parametrize("cameras", [0.3, "named"])
def test_cameras_that_are_gone_measure_no_distance(region, cameras):
    table = region.camera_table
    if cameras == "named":
        cameras = tuple(table["name"][::4])
    kept = np.sort(kept_cameras(cameras, table, 0))
    thinned = Policy(None, cameras=cameras, attributes="keep").apply(region)
    plane = camera_plane(thinned.camera_table)
    alone = camera_plane(table.iloc[kept])
    for name in ("spacing", "near", "wide", "ahead"):
        np.testing.assert_allclose(getattr(plane, name)[kept], getattr(alone, name))
    assert plane.spacing[kept].mean() > camera_plane(table).spacing[kept].mean()

    # Places are found as in a store that never had the other cameras.
    rows = thinned.to_pandas()
    code = {name: at for at, name in enumerate(table["name"].to_numpy()[kept])}
    vehicle = {name: at for at, name in enumerate(rows["vehicle"].unique())}
    never = from_arrays(
        rows["vehicle"].map(vehicle).to_numpy(),
        rows["seen_at"].dt.tz_convert("UTC").dt.as_unit("ms").astype("int64").to_numpy(),
        rows["camera"].map(code).to_numpy(),
        cameras=table.iloc[kept][["name", "lat", "lon"]],
        vehicles=list(vehicle),
        timezone=region.timezone,
    )
    columns = ["vehicle", "role", "radius_m"]
    found = [
        find_places(find_trips(each)).to_pandas()[columns].sort_values(
            columns, ignore_index=True
        )
        for each in (thinned, never)
    ]  # fmt: skip
    assert len(found[0])
    pd.testing.assert_frame_equal(*found)


def test_cells_without_a_camera_stand_nowhere(region):
    kept = tuple(region.camera_table["name"][:3])
    rounded = Policy(None, cameras=kept, space="2km").apply(region).camera_table
    assert 1 <= rounded["lat"].notna().sum() <= 3
