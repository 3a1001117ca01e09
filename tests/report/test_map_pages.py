"""Maps in pages of their own: counts of all parts, nothing of few, no request unless tiles are."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest

import analyzer as az
from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.companions import find_companions
from analyzer.patterns.cotravel_ways import count_cotravel
from analyzer.patterns.movement import count_hours, count_ways, count_zones
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips
from analyzer.report.map_pages import draw_map
from analyzer.synthetic import make_region
from tests.report.samples import PAYLOADS
from tests.report.test_page import Visit, assert_accessible, browser  # noqa: F401 - a fixture


@pytest.fixture(scope="module")
def results():
    sightings = make_region(vehicles=600, days=14, seed=5).sightings
    trips = find_trips(sightings)
    places = find_places(trips)
    commutes = find_commutes(find_routines(trips, places), places)
    return {"load": sightings, "ways": trips, "flows": commutes,
            "companions": find_companions(sightings)}  # fmt: skip


def test_counts_are_those_of_plain_loops(results):
    sightings = results["load"].with_parts(5)
    zone = sightings.camera_table.set_index("name")["zone"]
    frame = sightings.to_pandas()
    frame["zone"] = zone.loc[frame["camera"]].to_numpy()
    frame["hour"] = frame["seen_at"].dt.hour
    hours = frame.groupby(["zone", "hour"])["vehicle"].nunique()
    found = count_hours(sightings).set_index(["zone", "hour"])["vehicles"]
    assert found.to_dict() == hours.to_dict()
    some = np.array([3, 7, 11, 200])
    names = set(sightings.vehicle_names(some))
    seen = frame[frame["vehicle"].isin(names)].groupby("zone")["vehicle"].nunique()
    assert dict(enumerate(count_zones(sightings, some))) == {
        code: seen.get(code, 0) for code in range(int(zone.max()) + 1)
    }
    ways: dict[tuple[int, int], set[str]] = {}
    frame = frame.sort_values(["vehicle", "seen_at", "camera"], kind="stable")
    before = None
    for row in frame.itertuples():
        if (
            before is not None
            and before.vehicle == row.vehicle
            and row.seen_at - before.seen_at <= pd.Timedelta("45min")
            and before.zone != row.zone
        ):
            ways.setdefault((before.zone, row.zone), set()).add(row.vehicle)
        before = row
    told = count_ways(find_trips(sightings))
    assert {(row.origin, row.destination): row.vehicles for row in told.itertuples()} == {
        way: len(vehicles) for way, vehicles in ways.items()
    }


@pytest.mark.parametrize("kind", ["load", "ways", "flows", "companions", "hours"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_map_opens_offline(browser, results, tmp_path, kind, width):  # noqa: F811
    page = (
        draw_map(results["load"], hours=True) if kind == "hours" else draw_map(results[kind], k=5)
    )
    assert 0 < page.drawn <= page.total
    path = page.save(tmp_path / "map.html")
    visit = Visit(browser, path, width)
    assert visit.requests == [path.as_uri()]
    assert visit.problems == []
    assert visit.page.locator(".leaflet-overlay-pane path.map-zone").count() > 0
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(visit.page)


def test_the_day_moves_with_the_slider(browser, results, tmp_path):  # noqa: F811
    path = draw_map(results["load"], hours=True).save(tmp_path / "day.html")
    page = Visit(browser, path).page
    dots = page.locator(".leaflet-overlay-pane path.map-zone:visible")
    morning = dots.count()
    page.locator("#days-kept").focus()
    page.keyboard.press("Home")
    assert page.locator("#days-shown").inner_text() == "00:00–01:00"
    assert dots.count() < morning


def test_a_button_plays_the_day_and_stops_it(browser, results, tmp_path):  # noqa: F811
    path = draw_map(results["load"], hours=True).save(tmp_path / "day.html")
    visit = Visit(browser, path)
    page, shown = visit.page, visit.page.locator("#days-shown")
    button = page.get_by_role("button", name="Play the day")
    button.focus()
    page.keyboard.press("Enter")
    page.locator("#days-shown", has_text="10:00–11:00").wait_for()
    page.get_by_role("button", name="Stop").click()
    stopped = shown.inner_text()
    page.wait_for_timeout(1200)
    assert shown.inner_text() == stopped
    assert visit.problems == []


def test_ways_of_companions_are_those_of_plain_loops(results):
    companions = results["companions"]
    told = count_cotravel(companions)
    frame = companions.sightings.to_pandas()
    zone = companions.sightings.camera_table.set_index("name")["zone"]
    frame["zone"] = zone.loc[frame["camera"]].to_numpy()
    order = ["seen_at", "camera"]
    of = {name: rows.sort_values(order) for name, rows in frame.groupby("vehicle")}
    ways: dict[tuple[int, int], set[str]] = {}
    for pair in companions.pairs.itertuples():
        last = None
        for row in of[pair.vehicle_a].itertuples():
            other = of[pair.vehicle_b]
            apart = (other["seen_at"] - row.seen_at).abs() <= pd.Timedelta("2min")
            same = other[apart & (other["camera"] == row.camera)]
            agree = same["direction"].isna() | (same["direction"] == row.direction)
            if not (agree | pd.isna(row.direction)).any():
                continue
            near = last is not None and row.seen_at - last.seen_at <= pd.Timedelta("45min")
            if near and last.zone != row.zone:
                way = tuple(sorted((last.zone, row.zone)))
                ways.setdefault(way, set()).update((pair.vehicle_a, pair.vehicle_b))
            last = row
    assert len(ways) > 20
    assert {(row.origin, row.destination): row.vehicles for row in told.itertuples()} == {
        way: len(vehicles) for way, vehicles in ways.items()
    }
    assert count_cotravel(replace(companions, sightings=companions.sightings.with_parts(3))).equals(
        told
    )


def test_companions_are_joined_by_the_ways_of_enough_vehicles(results):
    page = draw_map(results["companions"], k=5)
    ways = count_cotravel(results["companions"])
    shown = int((ways["vehicles"] >= 5).sum())
    assert 0 < shown < len(ways)
    assert page.html.count('"className": "map-flow"') == shown
    assert "together with a companion" in page.html


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(results):
    page = az.draw_map(results["load"])
    shown = page._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert unescape(shown.split('"')[1]) == page.html
    assert az.draw_map(results["load"].with_parts(3)).html == page.html


def test_nothing_of_few_is_drawn():
    names = ["a", "b", "c", "d", "few"]
    sites = pd.DataFrame(
        {"name": names, "zone": names, "lat": [41.0, 41.1, 41.2, 41.3, 41.57], "lon": 69.0}
    )
    vehicle = np.r_[np.tile(np.arange(30), 4), np.arange(9)]
    camera = np.r_[np.repeat(np.arange(4), 30), np.full(9, 4)]
    seen = from_arrays(vehicle, np.arange(129) * 1_000, camera, cameras=sites)
    for page in (draw_map(seen), draw_map(seen, hours=True)):
        assert page.drawn >= 3
        assert "41.57" not in page.html
        assert ">few" not in page.html
    with pytest.raises(UsageError, match="too low"):
        draw_map(seen, k=4)
    with pytest.raises(UsageError, match="position"):
        draw_map(from_arrays(np.arange(12), np.zeros(12), np.zeros(12)))
    with pytest.raises(UsageError, match="no map of a DataFrame"):
        draw_map(sites)


def test_tiles_are_asked_for_and_warned_of(results):
    with pytest.warns(UserWarning, match=r"tile\.example\.org.*learns who looks"):
        page = draw_map(results["load"], tiles="https://tile.example.org/{z}/{x}/{y}.png")
    assert "img-src https://tile.example.org" in page.html
    assert "learns who looks" in page.html
    assert "tile" not in draw_map(results["load"]).html.split("<main")[1].split("<script")[0]
    for wrong in ("http://tile.example.org/{z}/{x}/{y}.png", "osm"):
        with pytest.raises(UsageError, match="address of a tile server"):
            draw_map(results["load"], tiles=wrong)


def test_names_of_zones_cannot_act(browser, tmp_path):  # noqa: F811
    names = [text for text in PAYLOADS if "\ud800" not in text]
    sites = pd.DataFrame({"name": names, "zone": names, "lat": 41 + 0.1 * np.arange(len(names)),
                          "lon": 69.0})  # fmt: skip
    vehicle = np.repeat(np.arange(20), len(names))
    camera = np.tile(np.arange(len(names)), 20)
    seen = from_arrays(vehicle, camera * 60_000, camera, cameras=sites)
    path = draw_map(find_trips(seen)).save(tmp_path / "hostile.html")
    visit = Visit(browser, path)
    assert visit.problems == []
    assert visit.page.evaluate("window.__hit === undefined")
