"""Further risks: each is a figure beside chance, in words, and none of few vehicles."""

from __future__ import annotations

import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import TooMuchWorkError
from analyzer.report import further_risks, write_report
from analyzer.report.further_risks import COLUMNS, measure_further
from analyzer.report.texts import LANGUAGES, Texts
from analyzer.risk.adversary import Adversary
from analyzer.risk.sites import read_sites
from analyzer.synthetic import make_region
from tests.report.samples import PAYLOADS, plain


def measured(sightings, sites=None):
    return measure_further(sightings, Adversary(), sites=sites, max_gap="45min")


@pytest.fixture(scope="module")
def found():
    region = make_region(vehicles=400, days=14, seed=2)
    return measured(region.sightings, read_sites(region.sites))


def test_every_figure_is_that_of_its_measure(found):
    table = found.table().set_index("risk")
    assert list(found.table().columns) == list(COLUMNS)
    worst = table.loc["Singled out by its 2 most telling places"]
    assert worst["value"] == found.worst_case.singled_out.value
    plateless = table[table.index.str.startswith("Sightings that fit one vehicle")].iloc[0]
    assert plateless["value"] == found.plateless.unique.value
    assert plateless["n"] == found.plateless.sightings
    sites = table[table.index.str.startswith("Plausibly at a sensitive site")]
    shown = [each for each in found.sites if each.days == 1 and not each.withheld]
    assert len(sites) <= len(shown)
    assert set(table["criterion"]) <= {"singling out", "inference"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_tells_them_all(found, language):
    said = found.table(Texts(language))
    assert len(said) == len(found.table())
    assert said["value"].tolist() == found.table()["value"].tolist()
    assert not said["risk"].str.contains("[{}]").any()


def test_a_higher_threshold_shows_less_and_nothing_of_fewer(found):
    strict = found.table(k=150)
    assert len(strict) < len(found.table())
    assert (strict["n"] >= 150).all()
    counts = (strict["value"] * strict["n"]).round()
    shares = strict["criterion"] == "singling out"
    assert ((counts == 0) | (counts >= 150))[shares].all()


def test_what_the_data_do_not_hold_has_no_row():
    two = measured(from_arrays([0, 0, 1], [0, 60_000, 0], [0, 1, 0]))
    assert two.plateless is None
    assert two.sites == ()
    assert two.table().empty


@pytest.mark.parametrize("measure", ["measure_worst_case", "measure_plateless"])
def test_a_report_goes_on_without_what_would_be_too_much_work(monkeypatch, measure):
    def refuse(*given, **options):
        raise TooMuchWorkError("it would take hours")

    monkeypatch.setattr(further_risks, measure, refuse)
    sightings = make_region(vehicles=60, days=5, seed=2).sightings
    assert {"make", "color"} <= set(sightings.columns)
    found = measured(sightings)
    assert (found.worst_case is None) == (measure == "measure_worst_case")
    assert (found.plateless is None) == (measure == "measure_plateless")
    found.table()


def test_the_page_shows_them_and_nothing_of_them_acts(tmp_path):
    rows = [
        {"risk": payload, "criterion": "inference", "value": 0.5, "low": 0.4, "high": 0.6,
         "n": 100, "baseline": None}
        for payload in PAYLOADS
    ]  # fmt: skip
    frame = pd.DataFrame(rows[:-1])  # the last one is no text that a frame of texts can hold
    write_report(plain(further=frame), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Further risks" in page
    assert "<img src=x" not in page
    table = pd.read_csv(tmp_path / "tables" / "further_risks.csv")
    assert len(table) == len(PAYLOADS) - 1
    assert not table["risk"].str.startswith(("=", "+", "@")).any()
    write_report(plain(), tmp_path)
    assert not (tmp_path / "tables" / "further_risks.csv").exists()
