"""The page of a case: nothing on it that fewer than k vehicles share, and a slider that works."""

from __future__ import annotations

import re
import stat

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.report.case import build_case
from analyzer.report.origin import Provenance
from analyzer.report.shared_facts import choose_facts
from analyzer.risk.vehicle_story import Place, StepKnowledge, tell_vehicle
from tests.report.samples import PAYLOADS
from tests.report.test_page import Visit, assert_accessible, browser  # noqa: F401 - a fixture

HOUR = 3_600_000
MONDAY = 1_772_409_600_000
"""2 March 2026, a Monday, at midnight UTC."""

SITES = pd.DataFrame(
    {
        "name": ["Mill Road", "Harbour", "Odd Corner", "Lone Farm", "Back Lane"],
        "lat": [41.1111, 41.2089, 41.2583, 41.0333, 41.2724],
        "lon": [69.2222, 69.3211, 69.3628, 69.1578, 69.1349],
    }
)
UNIQUE, UNIQUE_DAYS = (2, 3, 4), (1, 8, 15)
"""Sites that the planted vehicle alone passes, at hours at which it alone drives."""


def region(names=None, synthetic=False, days=21, others=30):
    """Thirty vehicles commute between two sites; vehicle v0 also does what nobody else does."""
    rows = []
    for vehicle in range(others):
        for day in range(days):
            for minute, camera in ((480, 0), (510, 1), (1020, 1), (1050, 0)):
                rows.append((vehicle, day * 1440 + minute + (7 * vehicle + 3 * day) % 20, camera))
    for day in UNIQUE_DAYS:
        for minute, camera in ((733, 2), (767, 3), (799, 4)):
            rows.append((0, day * 1440 + minute, camera))
    vehicle, minute, camera = (np.array(column) for column in zip(*sorted(rows), strict=True))
    sites = SITES if names is None else SITES.assign(name=names[: len(SITES)])
    sites = sites.assign(zone=sites["name"])
    return from_arrays(
        vehicle, MONDAY + minute * 60_000, camera, cameras=sites,
        vehicles=[f"veh-{code:06d}" for code in range(others)],
        provenance={"synthetic": synthetic},
    )  # fmt: skip


def apart():
    """The first vehicle is seen at night, more often than others, and where nobody else is."""
    rows = [(0, day * 1440 + 60 + 5 * at, 2 + at % 3) for day in range(21) for at in range(24)]
    rows += [
        (vehicle, day * 1440 + minute + vehicle, camera)
        for vehicle in range(1, 30)
        for day in range(21)
        for minute, camera in ((480, 0), (1020, 1))
    ]
    vehicle, minute, camera = (np.array(column) for column in zip(*sorted(rows), strict=True))
    return from_arrays(
        vehicle, MONDAY + minute * 60_000, camera, cameras=SITES.assign(zone=SITES["name"]),
        vehicles=[f"veh-{code:06d}" for code in range(30)],
    )  # fmt: skip


@pytest.fixture(scope="module")
def case():
    return build_case(region(), "veh-000000")


@pytest.fixture(scope="module")
def pages(case, tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    hostile = build_case(region([*PAYLOADS]), "veh-000000")
    said = Provenance(PAYLOADS[0], PAYLOADS[1:3], PAYLOADS[4])
    return {
        "public": case.to_html(folder / "case.html"),
        "internal": case.to_html(folder / "precise.html", internal=True),
        "hostile": hostile.to_html(folder / "hostile.html", provenance=said),
        "hostile internal": hostile.to_html(folder / "h.html", internal=True, provenance=said),
        "alone": build_case(apart(), "veh-000000").to_html(folder / "alone.html"),
        "typical": build_case(region(synthetic=True)).to_html(folder / "typical.html"),
    }


def test_what_one_vehicle_alone_does_is_nowhere_on_the_page(case, pages):
    page = pages["public"].read_text(encoding="utf-8")
    assert "Mill Road" in page and "Harbour" in page
    # The outlines of countries hold many coordinates of their own.
    drawn, outlines = re.subn(r"_add\(\{.*?\}\);", "", page, flags=re.DOTALL)
    assert outlines == 1 and "41.11" in drawn and "69.32" in drawn
    for site in UNIQUE:
        row = SITES.iloc[site]
        assert row["name"] not in page
        for degrees in (row["lat"], row["lon"]):
            for digits in (2, 3, 4):
                assert f"{degrees:.{digits}f}" not in drawn
    assert "veh-" not in page
    for time in ("12:13", "12:47", "13:19", "12:00–15:00"):
        assert time not in page
    # Nor the instants, in any unit.
    alone = np.isin(case.story.rows["camera"], UNIQUE)
    assert alone.sum() == 9
    for seen in case.story.rows["seen_at"][alone]:
        assert str(seen) not in page and str(seen // 1000) not in page
    total = len(case.story.rows["seen_at"])
    assert f"{total} times" not in page and f">{total}<" not in page
    assert "at least 50 times" in page
    hours = {each.value for each in case.elements if each.kind == "period"}
    assert hours <= {2, 5, 10, 13}


def test_the_same_things_do_stand_on_the_precise_page(pages):
    """Otherwise the test above could not fail."""
    page = pages["internal"].read_text(encoding="utf-8")
    for site in UNIQUE:
        assert SITES["name"].iloc[site] in page
        assert str(SITES["lat"].iloc[site]) in page
    assert "12:00–13:00" in page
    assert "veh-" not in page


def test_home_and_work_have_no_position_on_the_public_page(case, pages):
    last = case.story.steps[-1]
    assert last.home is not None and last.work is not None
    public = pages["public"].read_text(encoding="utf-8")
    internal = pages["internal"].read_text(encoding="utf-8")
    assert "map-place" not in public.replace(".map-place", "")
    # In so small a layout a place may be known without a position that could be drawn.
    placed = [place for place in (last.home, last.work) if not np.isnan(place.lat)]
    assert placed
    for place in placed:
        assert f"{round(place.lat, 5)}" in internal
        for digits in (3, 4, 5):
            assert f"{place.lat:.{digits}f}" not in public
            assert f"{place.lon:.{digits}f}" not in public


def test_the_precise_page_is_marked_and_private(pages):
    path = pages["internal"]
    assert path.name == "INTERNAL-precise.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Never publish it" in path.read_text(encoding="utf-8")
    assert "INTERNAL" not in pages["public"].read_text(encoding="utf-8")


def test_of_a_vehicle_without_company_no_place_and_hour_is_told(pages):
    page = pages["alone"].read_text(encoding="utf-8")
    assert "no zone, hour or way of it is shared by 10 vehicles" in page
    for name in SITES["name"]:
        assert name not in page
    assert "leaflet" not in page.lower().replace("map software: leaflet", "").split("<main")[1]


def test_what_is_not_stated_is_said_on_real_data_alone(case, pages, tmp_path):
    page = pages["public"].read_text(encoding="utf-8")
    assert page.count("not stated") == 3
    said = Provenance("A leak of 2026.", ("The operator.",), "Asked on 1 May; no answer.")
    stated = case.to_html(tmp_path / "stated.html", provenance=said).read_text(encoding="utf-8")
    assert "not stated" not in stated
    for words in (said.claims, *said.disputed_by, said.reply):
        assert words in stated
    synthetic = pages["typical"].read_text(encoding="utf-8")
    assert "not stated" not in synthetic
    assert "nobody in it exists" in synthetic
    assert synthetic.count("ynthetic data") >= 4


def test_the_same_case_gives_the_same_bytes(case, pages, tmp_path):
    again = build_case(region().with_parts(5), "veh-000000")
    assert again.to_html(tmp_path / "again.html").read_bytes() == pages["public"].read_bytes()


def test_a_typical_vehicle_is_explained(pages):
    page = pages["typical"].read_text(encoding="utf-8")
    assert "of the 30 vehicles that are seen 10 times or more (of 30 in all), half have" in page


def test_each_step_knows_only_the_days_before_it(case):
    days = [step.days for step in case.story.steps]
    assert days == [1, 3, 7, 14, 21]
    assert [step.sightings for step in case.story.steps] == [4, 15, 31, 62, 93]
    table = case.to_pandas()
    assert not table["home"].iloc[0]
    assert table[["at_least", "at_most"]].iloc[-1].notna().any()
    assert table["home"].iloc[-1]
    assert "sightings" not in table


def test_when_it_was_first_and_last_seen_is_told_by_no_step():
    """Steps are days of the data: those of a vehicle would tell how long it was about."""
    rows = [(0, day * 1440 + 480, 0) for day in (4, 5, 6)]
    rows += [(vehicle, day * 1440 + 480, 0) for vehicle in range(1, 20) for day in range(12)]
    vehicle, minute, camera = (np.array(column) for column in zip(*sorted(rows), strict=True))
    seen = from_arrays(vehicle, MONDAY + minute * 60_000, camera, cameras=SITES)
    story = build_case(seen, "v0").story
    assert [step.days for step in story.steps] == [1, 3, 7, 12]
    assert [step.sightings for step in story.steps] == [0, 0, 3, 3]
    assert story.steps[0].home is None


def test_ten_vehicles_share_what_is_told_of_one(case):
    """Others begin on the same day, so their own stories tell what is true of them."""
    def fits(step, shared):
        yes = {"few_points": np.isnan(step.singled_out), "home": step.home is not None,
               "work": step.work is not None, "commute": step.commute is not None}
        right = [getattr(shared, name) in (None, value) for name, value in yes.items()]
        if shared.at_least is not None:
            right.append(step.singled_out >= shared.at_least)
        if shared.at_most is not None:
            right.append(step.singled_out <= shared.at_most)
        for place, km in ((step.home, shared.home_km), (step.work, shared.work_km)):
            right.append(km is None or (place is not None and place.radius_m <= 1000 * km))
        return all(right)

    sharing = 0
    for name in case.sightings.vehicles:
        steps = tell_vehicle(case.sightings, name).steps
        fitting = [fits(*both) for both in zip(steps, case.known, strict=True)]
        assert name != "veh-000000" or all(fitting)
        sharing += all(fitting)
    assert sharing >= 10
    assert case.known[-1].home and case.known[-1].work_km
    assert "companions" not in case.to_pandas()
    assert "Companions" not in case.summary()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 8))
def test_facts_are_taken_only_while_enough_share_them_all(seed, k):
    random = np.random.default_rng(seed)

    def place():
        return Place(0, 0, random.choice([800, 3_000, 30_000])) if random.random() < 0.7 else None

    def known():
        share = random.choice([np.nan, 0.03, 0.4, 0.93])
        return StepKnowledge(share, place(), place(), random.choice([None, 1]))

    all_known = [[known(), known()] for _ in range(8)]
    steps = choose_facts([1, 3], all_known, k)
    left = 0
    for each in all_known:
        true = True
        for then, told in zip(each, steps, strict=True):
            true &= told.home is None or told.home == bool(then.home)
            true &= told.work is None or told.work == bool(then.work)
            true &= told.commute is None or told.commute == bool(then.commute)
            true &= told.few_points is None or told.few_points == np.isnan(then.singled_out)
            true &= told.at_least is None or then.singled_out >= told.at_least
            true &= told.at_most is None or then.singled_out <= told.at_most
            for km, where in ((told.home_km, then.home), (told.work_km, then.work)):
                true &= km is None or (where is not None and where.radius_m <= km * 1000)
        left += bool(true)
    assert left >= k
    if k == 1:
        assert steps[1].home == (all_known[0][1].home is not None)


def test_the_caption_names_the_shortest_keeping_that_is_enough(case):
    told = case.caption()
    home = [step.days for step in case.known if not (step.home and step.work and step.commute)]
    enough = min(step.days for step in case.known if step.days > max(home))
    assert "Out of 21 days of sightings" in told
    assert f"That takes {enough} days of keeping." in told


def test_fewer_vehicles_than_the_threshold_have_no_public_page(tmp_path):
    few = build_case(region(others=9), "veh-000000")
    with pytest.raises(UsageError, match=r"fewer than 10 vehicles here.*--internal"):
        few.to_html(tmp_path / "case.html")
    assert few.to_html(tmp_path / "case.html", internal=True).exists()


def test_a_small_threshold_and_an_unknown_vehicle_are_refused():
    with pytest.raises(UsageError, match="too low"):
        build_case(region(), "veh-000000", k=4)
    with pytest.raises(UsageError, match="no vehicle of that name"):
        build_case(region(), "nobody")


@pytest.mark.parametrize("name", ["public", "internal", "hostile", "hostile internal", "alone",
                                  "typical"])  # fmt: skip
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_opens_offline_and_for_everybody(browser, pages, name, width, scheme):  # noqa: F811
    visit = Visit(browser, pages[name], width, color_scheme=scheme)
    visit.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visit.page.evaluate("window.__hit === undefined")
    assert_accessible(visit.page)
    assert visit.problems == []
    assert visit.requests == [pages[name].as_uri()]


def test_the_slider_shows_what_is_known_after_the_days_kept(browser, pages):  # noqa: F811
    page = Visit(browser, pages["internal"]).page
    places = page.locator(".leaflet-overlay-pane path.map-place:visible")
    dots = page.locator(".leaflet-overlay-pane path.map-zone:visible")
    cells = page.locator(".clock .cell:visible")
    after = places.count(), dots.count(), cells.count()
    assert after[0] >= 1
    slider = page.locator("#days-kept")
    slider.focus()
    page.keyboard.press("Home")
    assert page.locator("#days-shown").inner_text() == "1 day"
    assert slider.get_attribute("aria-valuetext") == "1 day"
    assert page.locator(".steps li:visible").first.inner_text() == "It was seen 4 times."
    assert places.count() == 0
    assert cells.count() < after[2]
    page.keyboard.press("End")
    assert (places.count(), dots.count(), cells.count()) == after


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("name", ["public", "internal"])
def test_prints_with_all_that_is_known_in_the_end(browser, pages, paper, name):  # noqa: F811
    page = Visit(browser, pages[name]).page
    page.locator("#days-kept").fill("0")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper))) <= 6
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("main").get_attribute("data-step") == "4"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("main").get_attribute("data-step") == "0"


@pytest.mark.parametrize("name", ["public", "internal"])
def test_no_column_is_cut_off_on_a_desk(browser, pages, name):  # noqa: F811
    page = Visit(browser, pages[name], 1280).page
    cut = "[...document.querySelectorAll('#known .scroll')].map(e => e.scrollWidth - e.clientWidth)"
    assert page.evaluate(cut) == [0]
