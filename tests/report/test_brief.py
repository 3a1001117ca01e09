"""The brief in a real browser: offline, printable on two pages, and nothing small in it."""

from __future__ import annotations

import re

import pytest

from analyzer.policy.open_store import sweep_open_store
from analyzer.policy.rules import Rule, read_rules, rule_windows
from analyzer.report.brief import Brief, render_brief
from analyzer.synthetic import make_region
from tests.report.test_page import Visit, assert_accessible, browser  # noqa: F401 - a fixture

PAYLOAD = "<img src=x onerror=window.__hit=1>"


@pytest.fixture(scope="module")
def brief():
    sightings = make_region(vehicles=200, days=21, seed=4).sightings
    rules = (*read_rules(), Rule(PAYLOAD, 5, verified="partly"))
    windows = ("1D", "7D", "90D", *rule_windows(rules, 21))
    opened = sweep_open_store(
        sightings, windows, open_for=("0D", "5D", "180D"),
        risks=("unicity", "homes", "works", "commutes"),
    )  # fmt: skip
    return Brief(opened, rules)


@pytest.fixture(scope="module")
def page(brief, tmp_path_factory):
    path = tmp_path_factory.mktemp("brief") / "brief.html"
    path.write_text(render_brief(brief), encoding="utf-8")
    return path


def test_says_three_things_with_their_intervals(brief, page):
    text = page.read_text(encoding="utf-8")
    sentences = re.findall(r'<p class="sentence">(.*?)</p>', text)
    assert len(sentences) == 3
    steps = brief.opened.closed.of("unicity")
    short, long = steps[0].share, steps[-2].share
    assert short.percent() in sentences[0]
    assert long.percent() in sentences[0]
    assert "stood open for 5 days exposes as much as one kept for 6 days" in sentences[2]
    watched = brief.opened.sweeps[1].of("unicity")[0].share
    assert "Open 5 days" in text
    assert watched.percent() in text
    assert watched.value > short.value
    half = brief.opened.closed.until_half[1]
    assert f"<td class=\"n\">{half.days.value:g} (" in text
    assert "Virginia" in text
    assert "partly verified" in text
    assert "synthetic" in text.lower()
    assert render_brief(brief) == text


def test_nothing_small_is_shown(brief):
    tight = render_brief(brief, k=150)
    assert "withheld" in tight


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_opens_offline(browser, page, width, scheme):  # noqa: F811
    visit = Visit(browser, page, width, color_scheme=scheme)
    assert visit.requests == [page.as_uri()]
    assert visit.problems == []
    assert visit.page.evaluate("window.__hit === undefined")
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(visit.page)


def test_a_telephone_gets_a_chart_with_readable_letters(browser, page):  # noqa: F811
    heights = Visit(browser, page, 390).page.evaluate(
        "[...document.querySelectorAll('.narrow svg text')].map(each => "
        "Math.max(each.getBoundingClientRect().height, each.getBoundingClientRect().width))"
    )
    assert heights and min(heights) >= 6
    upright = Visit(browser, page, 390).page.evaluate(
        "[...document.querySelectorAll('.narrow svg text')].filter(each => "
        "/%/.test(each.textContent)).map(each => each.getBoundingClientRect().height)"
    )
    assert min(upright) >= 9


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_prints_on_two_pages_at_most(browser, page, paper):  # noqa: F811
    visit = Visit(browser, page)
    printed = visit.page.pdf(format=paper)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 2
