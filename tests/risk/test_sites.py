"""Lists of sites: every form in which they come, and every way in which they are wrong."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from analyzer.errors import InputError
from analyzer.risk.sites import STAY_MINUTES, read_sites
from analyzer.units import HOUR_MS, MINUTE_MS

SITES = pd.DataFrame(
    {
        "lat": [41.30, 41.31, 41.40],
        "lon": [69.20, 69.21, 69.30],
        "category": ["religious", "medical", "religious"],
        "name": ["A", "B", "C"],
    }
)


def as_points(frame=SITES):
    points = geopandas.points_from_xy(frame["lon"], frame["lat"])
    return geopandas.GeoDataFrame(frame[["category"]], geometry=points, crs="EPSG:4326")


def same(one, two):
    for name in vars(one):
        left, right = getattr(one, name), getattr(two, name)
        if isinstance(left, np.ndarray) and left.dtype.kind == "f":
            np.testing.assert_allclose(left, right, atol=1e-6)
        else:
            assert np.array_equal(left, right), name


@pytest.mark.parametrize("form", ["csv", "semicolons", "geojson", "gpkg", "projected", "parquet"])
def test_every_form_holds_the_same_sites(form, tmp_path):
    expected = read_sites(SITES)
    assert expected.categories == ("medical", "religious")
    assert expected.category.tolist() == [1, 0, 1]
    path = tmp_path / "sites"
    if form in ("csv", "semicolons"):
        path = path.with_suffix(".csv")
        SITES.to_csv(path, index=False, sep=";" if form == "semicolons" else ",")
    elif form == "parquet":
        path = path.with_suffix(".parquet")
        SITES.to_parquet(path)
    elif form == "projected":
        path = as_points().to_crs("EPSG:32642")
    else:
        path = path.with_suffix(f".{form}")
        as_points().to_file(path)
    same(read_sites(path), expected)


def test_areas_become_circles_of_their_size():
    square = shapely.box(500_000, 4_570_000, 500_400, 4_570_400)
    frame = geopandas.GeoDataFrame({"category": ["union"]}, geometry=[square], crs="EPSG:32642")
    sites = read_sites(frame)
    assert sites.radius_m[0] == pytest.approx(np.sqrt(400 * 400 / np.pi), rel=0.002)
    middle = frame.to_crs("EPSG:4326").geometry[0].centroid
    assert (sites.lat[0], sites.lon[0]) == (
        pytest.approx(middle.y, abs=1e-5),
        pytest.approx(middle.x, abs=1e-5),
    )


def test_days_hours_and_lengths_are_read():
    frame = SITES.assign(
        radius_m=["100", None, 0],
        days=["Fri", "mon-wed", None],
        hours=["12:00-14:30", None, "22:15-24:00"],
        min_minutes=[30, None, 10],
        max_minutes=[90, None, 10],
    )
    sites = read_sites(frame)
    assert sites.radius_m.tolist() == [100, 0, 0]
    assert sites.weekdays.tolist() == [0b10000, 0b111, 0b1111111]
    assert (sites.opens / HOUR_MS).tolist() == [12, 0, 22.25]
    assert (sites.closes / HOUR_MS).tolist() == [14.5, 24, 24]
    assert (sites.shortest / MINUTE_MS).tolist() == [30, STAY_MINUTES[0], 10]
    assert (sites.longest / MINUTE_MS).tolist() == [90, STAY_MINUTES[1], 10]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (SITES.drop(columns="category"), "no column category"),
        (SITES.drop(columns=["lat", "lon"]), "no column lat, lon"),
        (SITES.iloc[:0], "holds no site"),
        (SITES.assign(category=["a", "", "b"]), "row 2 has no category"),
        (SITES.assign(category=["a", "b", None]), "row 3 has no category"),
        (SITES.assign(category=["a" * 99, "b", "c"]), "99 characters"),
        (SITES.assign(lat=[41, None, 41]), "row 2 has no position"),
        (SITES.assign(lat=["41,5", "41", "41"]), "row 1 is not a number"),
        (SITES.assign(lat=[141.0, 41, 41]), "row 1 lies outside the globe; are lat and lon"),
        (SITES.assign(days=["Fri", "Frday-Blue", "x"]), "row 2, column days"),
        (SITES.assign(hours=["12:00-14:00", "14-12", ""]), "row 2, column hours"),
        (SITES.assign(hours=["14:00-12:00", "", ""]), "row 1, column hours"),
        (SITES.assign(radius_m=[1, -5, 3]), "row 2, column radius_m"),
        (SITES.assign(min_minutes=[1, "inf", 3]), "row 2, column min_minutes"),
        (SITES.assign(min_minutes=[1, 50, 3], max_minutes=[9, 40, 9]), "row 2 has min_minutes"),
        (as_points().set_crs(None, allow_override=True), "set_crs"),
        (as_points().assign(geometry=[None, *as_points().geometry[1:]]), "row 1 has no position"),
        (pd.concat([SITES] * 20).assign(category=[f"c{n}" for n in range(60)]), "60 categories"),
        (17, "not int"),
    ],
)
def test_wrong_lists_are_refused_with_the_remedy(frame, said):
    with pytest.raises(InputError, match=said):
        read_sites(frame)


def test_wrong_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_sites(tmp_path / "none.csv")
    for name, content in (
        ("empty.csv", ""),
        ("broken.geojson", '{"type": "FeatureCollection", "features": [{'),
        ("no.gpkg", "this is SECRET text"),
        ("bytes.csv", "\x00\x00"),
    ):
        path = tmp_path / name
        path.write_text(content)
        with pytest.raises(InputError) as caught:
            read_sites(path)
        assert "SECRET" not in str(caught.value)


def test_names_are_not_kept_and_categories_are_printable():
    sites = read_sites(SITES.assign(category=["<b>x\u202e\x1b[1m", " <b>x  [1m ", "=1+1"]))
    assert sites.categories == ("<b>x [1m", "<b>x[1m", "=1+1")
    assert not any("A" in str(value) for value in vars(sites).values())
