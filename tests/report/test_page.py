"""The page in a real browser: no request, no error, no foreign script, no overflow, a drawn map."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from analyzer.report import ReportInput, write_report
from analyzer.report.basemap import outlines
from analyzer.report.leaflet import leaflet_script, leaflet_style, script_safe
from analyzer.report.texts import Texts
from tests.report.samples import PAYLOADS, hostile, plain

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {}
    for name, report, internal in (
        ("plain", plain(), False), ("hostile", hostile(), False), ("internal", plain(), True),
        ("empty", ReportInput("Nothing"), False),
    ):
        made[name] = tmp_path_factory.mktemp(name)
        write_report(report, made[name], internal=internal)
    return made


def page_of(folder: Path) -> Path:
    """The page of a report, whether it is internal or not."""
    [path] = folder.glob("*report.html")
    return path


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


class Visit:
    """One page opened in the browser, with all that it asked for and complained about."""

    def __init__(self, browser, path: Path, width: int = 1280, **options: object) -> None:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        self.page = context.new_page()
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", self._refuse)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._listen)
        self.page.goto(path.as_uri())
        self.page.wait_for_timeout(250)

    def _refuse(self, dialog) -> None:
        self.problems.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _listen(self, message) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)


def barriers(page) -> list[tuple[str, str, list[str]]]:
    """What axe-core finds to be serious or critical: rule, impact, elements."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        (each["id"], each["impact"], [str(node["target"]) for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def assert_accessible(page) -> None:
    assert barriers(page) == []


def test_barriers_are_found_where_there_are_some(browser, tmp_path):
    """Otherwise the tests by axe-core could not fail."""
    path = tmp_path / "bad.html"
    path.write_text("<title>x</title><img src='data:,'><p style='color:#eee'>pale</p><input>")
    rules = {rule for rule, _, _ in barriers(Visit(browser, path).page)}
    assert {"image-alt", "color-contrast", "label", "html-has-lang"} <= rules


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["plain", "hostile", "internal", "empty"])
def test_nothing_bars_anybody(browser, folders, name, width, scheme):
    visit = Visit(browser, page_of(folders[name]), width, color_scheme=scheme)
    visit.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert_accessible(visit.page)


def test_what_can_be_reached_on_a_map_by_keyboard_has_a_name(browser, folders):
    page = Visit(browser, folders["plain"] / "report.html").page
    page.locator(".leaflet-container").first.focus()
    names = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        names.add(page.evaluate(
            "document.activeElement.tagName === 'path' ? "
            "document.activeElement.getAttribute('aria-label') || 'none' : ''"
        ))
    assert "none" not in names
    assert any("vehicles" in name for name in names)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["plain", "hostile", "internal", "empty"])
def test_no_request_no_error_no_overflow(browser, folders, name, width):
    path = page_of(folders[name])
    visit = Visit(browser, path, width)
    assert visit.requests == [path.as_uri()]
    assert visit.problems == []
    assert visit.page.evaluate("window.__hit === undefined")
    for opened in (False, True):
        visit.page.evaluate(
            "state => document.querySelectorAll('details').forEach(each => each.open = state)",
            opened,
        )
        assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(visit.requests) == 1


def test_the_map_is_drawn_and_tells_its_zones(browser, folders):
    visit = Visit(browser, folders["plain"] / "report.html")
    page = visit.page
    assert page.locator(".leaflet-overlay-pane path.map-zone").count() == 13
    assert page.locator(".leaflet-overlay-pane path.map-flow").count() > 10
    assert page.locator(".leaflet-overlay-pane path.map-land").count() >= 2
    assert page.locator(".leaflet-container img").count() == 0
    page.locator("path.map-zone").first.dispatch_event("mouseover")
    shown = page.locator(".leaflet-tooltip:not(.map-name):not(.map-country)").first.inner_text()
    assert shown.startswith("Tashkent: 4,800 vehicles")
    zoom = page.evaluate("document.querySelector('.leaflet-control-scale-line').textContent")
    page.locator(".leaflet-container").focus()
    page.keyboard.press("+")
    # Fails after half a minute: a busy machine may take its time to zoom.
    page.wait_for_function(
        "before => document.querySelector('.leaflet-control-scale-line').textContent !== before",
        arg=zoom,
    )
    assert visit.problems == []


def test_hostile_names_are_shown_as_they_are(browser, folders):
    visit = Visit(browser, folders["hostile"] / "report.html")
    page = visit.page
    for place in page.locator("path.map-zone, path.map-flow").all():
        place.dispatch_event("mouseover")
        place.dispatch_event("mouseout")
    items = page.locator("#limits li").all_inner_texts()
    assert items[0] == PAYLOADS[0]
    assert items[1] == PAYLOADS[1]
    assert items[2] == PAYLOADS[2]
    assert page.locator("#limits img, #limits script, #limits svg").count() == 0
    assert page.locator(".leaflet-tooltip-pane img, .leaflet-tooltip-pane svg").count() == 0
    assert page.evaluate("window.__hit === undefined")
    assert visit.problems == []
    assert len(visit.requests) == 1


def test_the_policy_stops_a_script_that_slipped_in(browser, folders, tmp_path):
    page = (folders["plain"] / "report.html").read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    bad = '<script>window.__hit = 1</script><img src="x.png" onerror="window.__hit = 2">'
    broken.write_text(page.replace("</main>", bad + "</main>"), encoding="utf-8")
    visit = Visit(browser, broken)
    assert visit.page.evaluate("window.__hit === undefined")
    assert any("Content Security Policy" in problem for problem in visit.problems)


def test_dark_mode_changes_paper_and_lines(browser, folders):
    path = folders["plain"] / "report.html"
    look = (
        "['body', '.chart .s-accent', 'path.map-zone'].map((name, at) => {"
        "const style = getComputedStyle(document.querySelector(name));"
        "return [style.backgroundColor, style.stroke, style.fill][at]})"
    )
    light = Visit(browser, path, color_scheme="light").page.evaluate(look)
    dark = Visit(browser, path, color_scheme="dark").page.evaluate(look)
    assert light[0] == "rgb(255, 255, 255)"
    assert all(one != other for one, other in zip(light, dark, strict=True))


def test_the_skip_link_comes_first_and_headings_stand_in_order(browser, folders):
    page = Visit(browser, folders["plain"] / "report.html").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(each => +each.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.evaluate("document.documentElement.lang") == "en"


def test_a_telephone_gets_charts_with_readable_letters(browser, folders):
    page = Visit(browser, folders["plain"] / "report.html", 390).page
    sizes = page.evaluate(
        "[...document.querySelectorAll('.narrow svg text')].map(each => "
        "each.getBoundingClientRect().height)"
    )
    assert sizes
    assert page.locator(".wide").first.is_visible() is False
    assert min(sizes) >= 9


def test_it_prints_to_a_few_pages(browser, folders):
    page = Visit(browser, folders["plain"] / "report.html").page
    for paper in ("A4", "Letter"):
        printed = page.pdf(format=paper)
        assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 7


class Markup(HTMLParser):
    """What stands in a page, read without a browser."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in self.raw else ""
        if self._inside:
            self.raw[tag].append("")

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside:
            self.raw[self._inside][-1] += data


@pytest.mark.parametrize("name", ["plain", "hostile", "internal", "empty"])
def test_markup_loads_nothing_and_runs_only_what_the_policy_names(folders, name):
    markup = Markup((page_of(folders[name])).read_text(encoding="utf-8"))
    policy = next(
        attributes["content"] for tag, attributes in markup.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        rule = next(part for part in policy.split("; ") if part.startswith(directive))
        wanted = {
            "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
            for text in markup.raw[tag]
        }
        assert set(rule.split()[1:]) == (wanted or {"'none'"})
    for tag, attributes in markup.tags:
        assert tag not in {"img", "iframe", "link", "object", "embed", "base", "form", "video"}
        assert "style" not in attributes
        assert not {"src", "srcset", "action", "poster", "background"} & set(attributes)
        assert not [key for key in attributes if key.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    for text in markup.raw["style"]:
        assert "url(" not in text
        assert "@import" not in text


def test_tables_stand_behind_every_chart_with_scoped_headers(folders):
    markup = Markup((folders["plain"] / "report.html").read_text(encoding="utf-8"))
    headers = [attributes for tag, attributes in markup.tags if tag == "th"]
    assert headers
    assert {attributes.get("scope") for attributes in headers} == {"col", "row"}
    names = [tag for tag, _ in markup.tags]
    assert names.count("table") == names.count("caption") == names.count("details") == 6
    pictures = [attributes for tag, attributes in markup.tags
                if tag == "svg" and "chart" in (attributes.get("class") or "")]
    assert len(pictures) == 6
    ids = [attributes["id"] for _, attributes in markup.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for attributes in pictures:
        assert attributes["role"] == "img"
        assert set((attributes["aria-labelledby"] or "").split()) <= set(ids)


def test_the_page_names_the_three_criteria(folders):
    page = (folders["plain"] / "report.html").read_text(encoding="utf-8")
    for words in ("Opinion 05/2014", "singling out", "linkability", "inference"):
        assert words in page


def test_leaflet_is_the_vendored_one_and_asks_for_nothing():
    assert 't.version="1.9.4"' in leaflet_script()
    assert "sourceMappingURL" not in leaflet_script()
    for language in ("ru", "uz"):
        assert not re.search("Layers\"|A JavaScript library", leaflet_script(Texts(language)))
        assert f'o.title="{Texts(language)("map.layers")}"' in leaflet_script(Texts(language))
    assert "</script" not in leaflet_script().lower()
    assert "url(" not in leaflet_style()
    assert ".leaflet-container" in leaflet_style()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_in_scripts_has_no_character_that_acts(payload):
    assert not set(script_safe(payload, limit=500)) & set("<>\"'`\\${}\n\r")


def test_outlines_are_where_they_belong():
    from shapely.geometry import Point, shape

    land = {each.name: shape(each.geometry) for each in outlines((-123.5, 46.8, -121.5, 48.5))}
    assert land["United States of America"].contains(Point(-122.30, 47.55))
    sound = Point(-122.43, 47.75)
    assert not any(area.contains(sound) for area in land.values())
    assert outlines((-150.0, -40.0, -149.0, -39.0)) == []
    names = {each.name for each in outlines((68.5, 40.5, 70.3, 41.7))}
    assert {"Uzbekistan", "Kazakhstan"} <= names
