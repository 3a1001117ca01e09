"""The brief in a real browser: offline, printable on two pages, and nothing small in it."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.policy.open_store import sweep_open_store
from analyzer.policy.rules import Rule, read_rules, rule_windows
from analyzer.report.brief import Brief, render_brief
from analyzer.report.texts import LANGUAGES, Texts
from analyzer.risk.adversary import Adversary
from analyzer.synthetic import make_region
from tests.report.test_page import Visit, assert_accessible, browser  # noqa: F401 - a fixture

PAYLOAD = "<img src=x onerror=window.__hit=1>"


@pytest.fixture(scope="module")
def brief():
    sightings = make_region(vehicles=200, days=21, seed=4).sightings
    rules = (*read_rules(), Rule(PAYLOAD, 5, verified="partly"))
    windows = ("1D", "7D", "90D", *rule_windows(rules, 21))
    opened = sweep_open_store(
        sightings, windows, open_for=("0D", "4D", "180D"),
        risks=("unicity", "homes", "works", "commutes"),
    )  # fmt: skip
    return Brief(opened, rules)


@pytest.fixture(scope="module")
def page(brief, tmp_path_factory):
    path = tmp_path_factory.mktemp("brief") / "brief.html"
    path.write_text(render_brief(brief), encoding="utf-8")
    return path


def test_says_three_things_with_their_intervals(brief, page):
    text = page.read_text(encoding="utf-8").replace("\u00a0%", " %").replace("\u2060", "")
    sentences = re.findall(r'<p class="sentence">(.*?)</p>', text)
    assert len(sentences) == 3
    steps = brief.opened.closed.of("unicity")
    short, long = steps[0].share, steps[-2].share
    assert short.percent() in sentences[0]
    assert long.percent() in sentences[0]
    assert "stood open for 4 days exposes as much as one kept for 5 days" in sentences[2]
    watched = brief.opened.sweeps[1].of("unicity")[0].share
    assert "Open 4 days" in text
    assert watched.percent() in text
    assert watched.value > short.value
    half = brief.opened.closed.until_half[1]
    assert f"<td class=\"n\">{half.days.value:g} (" in text
    assert "Virginia" in text
    assert "partly verified" in text
    assert "synthetic" in text.lower()
    assert render_brief(brief).replace("\u00a0%", " %").replace("\u2060", "") == text


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


@pytest.fixture(scope="module")
def nearly_all():
    """Of 60 vehicles that go where no other goes, 4 pass one camera at one time each day."""
    days, vehicles = 8, 60
    vehicle = np.repeat(np.arange(vehicles), days)
    day = np.tile(np.arange(days), vehicles)
    camera = np.where(vehicle < 4, 0, vehicle)
    sightings = from_arrays(vehicle, day * 86_400_000 + 3_600_000, camera)
    rules = (
        Rule("Longest (before somebody thought better of it, and of much else)", 7),
        Rule("Between", 6), Rule("Hours", 0.5), Rule("Nothing", 0),
    )  # fmt: skip
    opened = sweep_open_store(
        sightings, ("1D", "3D", "7D"), Adversary(points=1), ("0D",), until_half=False
    )
    return Brief(opened, rules)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bound_is_said_to_be_one(nearly_all, language):
    share = nearly_all.opened.closed.published(10).of("unicity")[-1].share
    assert share.is_bound
    texts = Texts(language)
    over = texts.figure(share)
    assert "83" in over
    page = render_brief(nearly_all, texts=texts).replace("\u00a0%", " %").replace("\u2060", "")
    row = r'<tr><th scope="row">([^<]*)</th><td class="n">[^<]*</td><td class="n">([^<]*)</td>'
    rows = dict(re.findall(row, page))
    (longest,) = (said for name, said in rows.items() if name.startswith("Longest"))
    assert longest == over
    # Above the bound at its end all is possible, and below it what the window before tells.
    before = nearly_all.opened.closed.published(10).of("unicity")[1].share
    assert rows["Between"] == f"{100 * before.value:.0f}–100 %"
    for description in re.findall(r"<desc[^>]*>(.*?)</desc>", page):
        assert over in description
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", page)
    assert drawn.count(over) == 2  # the end of the line, wide and narrow
    assert "83 %" not in drawn or over == "83 %"


def test_says_on_how_many_leak_days_it_rests(nearly_all, brief):
    lead = re.findall(r'<p class="sentence">(.*?)</p>', render_brief(nearly_all))[0]
    step = nearly_all.opened.closed.of("unicity")[-1]
    assert step.status == "one leak day"
    assert f"this rests on {step.leak_days} leak day" in lead
    assert "7 days" in lead.split("this rests on")[0].rpartition("%")[2]


def test_rules_shorter_than_all_windows_and_their_names(nearly_all):
    page = render_brief(nearly_all)
    names = re.findall(r"<text[^>]*>([^<]*)</text>", page)
    assert "Longest" in names
    assert not any("…" in name for name in names)
    assert "–– %" not in page
    assert "0–0 %" not in page


def test_says_of_how_many_vehicles_each_figure_is(brief, page):
    text = page.read_text(encoding="utf-8")
    sweep = brief.opened.closed
    targets, seen = (sweep.of(risk)[0].share.n for risk in ("unicity", "homes"))
    regular = sweep.until_half[0].days.n
    assert len({targets, seen}) == 2
    assert f"Singled out, of {targets:,}</th>" in text
    assert f"Home inferred, of {seen:,}</th>" in text
    assert f"of the {targets:,} vehicles seen often enough" in text
    assert f"of all {seen:,} vehicles seen" in text
    assert f"the {targets:,} seen at 4 points or more in the 21 days before a leak" in text
    assert f"of all {seen:,} seen in those days" in text
    assert f"of the {regular:,} seen at 4 points or more in all of the data" in text


def test_a_withheld_share_is_bounded_by_that_of_longer_keeping():
    """A day singles out five of sixty, a week thirty: what stands for five is withheld."""
    day = 86_400_000
    vehicle, seen_at, camera = [], [], []
    for number in range(60):
        back = 1 if number < 5 else 5 if number < 30 else 20
        for hour in range(2):
            vehicle.append(number)
            seen_at.append((30 - back) * day + hour * 3_600_000)
            # Alone at a camera, or together with the others who were there on that day.
            camera.append(number if number < 30 else 60)
    for last in (0, 29):
        vehicle.append(99)
        seen_at.append(last * day)
        camera.append(99)
    opened = sweep_open_store(
        from_arrays(vehicle, seen_at, camera), ("1D", "7D", "30D"), Adversary(points=2), ("0D",)
    )
    steps = opened.published(10).closed.of("unicity")
    assert not steps[0].share.is_measured
    text = render_brief(Brief(opened, ()))
    rows = re.findall(r"<th scope=\"row\">(.*?)</th><td class=\"n\">(.*?)</td>", text)
    shown = dict(rows)
    longer = next(step for step in steps[1:] if step.share.is_measured)
    most = math.ceil(100 * longer.share.value - 1e-9)
    assert shown["one day"] == f"at most {most}\u00a0%"
    assert most >= 100 * longer.share.value


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "inferred for a withheld share of all 190 vehicles"),
        ("ru", "для не приводимой здесь доли всех замеченных автомобилей"),
        ("uz", "avtomobilning bu yerda keltirilmagan qismi uchun"),
    ],
)
def test_a_sentence_says_of_a_withheld_share_that_it_is_one(language, said):
    opened = sweep_open_store(
        make_region(vehicles=90, days=30, seed=6).sightings, ("1D", "30D"), open_for=("0D",),
        risks=("unicity", "homes", "commutes"), until_half=False,
    )  # fmt: skip
    sweep = opened.closed
    # No length of keeping is told that would bound it.
    steps = tuple(
        replace(step, share=step.share.hidden(10)) if step.risk == "homes" else step
        for step in sweep.windows
    )
    hidden = replace(opened, sweeps=(replace(sweep, windows=steps),))
    page = render_brief(Brief(hidden, ()), texts=Texts(language))
    sentence = re.findall(r'<p class="sentence">(.*?)</p>', page)[1]
    assert said in sentence
    for word in ("for withheld", "для не приводится", "withheld of"):
        assert word not in sentence
