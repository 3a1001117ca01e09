"""Sentences say the figure, and never give a small count away."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analyzer.estimate import Estimate, wilson
from analyzer.report.findings import finding_object
from analyzer.report.limits import Facts, limits_of, method_terms
from analyzer.report.sentences import (
    inference_findings,
    linkage_finding,
    once_finding,
    published_figures,
    published_table,
    retention_finding,
    share_text,
    unicity_finding,
    window_text,
)
from analyzer.report.texts import ENGLISH, Texts
from analyzer.risk.linkage_result import share_of_cases

NOTHING = Estimate(math.nan, math.nan, math.nan, 0, "none")


def test_the_leading_sentence_holds_points_share_and_interval():
    share = wilson(467, 500, baseline=1 / 5000)
    finding = unicity_finding(
        share, wilson(10, 5000), points=4, resolution="to the hour and the camera", vehicles=5000
    )
    assert finding.sentence == "4 sightings single out 93 % of vehicles (91–95 %)."
    assert "5,000" in finding.caveat


def test_vehicles_left_out_are_in_the_sentence_when_there_are_many():
    finding = unicity_finding(
        wilson(90, 100),
        wilson(900, 1000),
        points=4,
        resolution="to the hour and the camera",
        vehicles=1000,
    )
    assert "90 % of all vehicles are seen less often" in finding.sentence


def test_nothing_to_measure_is_said_without_a_number():
    finding = unicity_finding(
        NOTHING, wilson(10, 10), points=4, resolution="to the hour and the camera", vehicles=10
    )
    assert "cannot be measured" in finding.sentence
    assert "nan" not in finding.sentence


@pytest.mark.parametrize("count", range(1, 10))
def test_counts_under_ten_are_not_given_away(count):
    text = share_text(wilson(count, 700))
    assert text == "fewer than 10 vehicles (under 1.4 %)"
    finding = inference_findings({"commutes": wilson(count, 700, baseline=0.0)}, max_fdr=0.05)[0]
    assert finding.estimate is None
    assert f" {count} " not in finding.sentence


def test_inference_sentences_name_the_baseline_of_a_guess():
    findings = inference_findings({"homes": wilson(300, 1000, baseline=0.04)}, max_fdr=0.05)
    assert findings[0].sentence.startswith("The area of the home is inferred for 30 %")
    assert "4.0 %" in findings[0].caveat


def retention_table(*rows):
    return pd.DataFrame(
        rows,
        columns=["window", "days", "status", "value", "low", "high", "n", "method", "baseline"],
    )


def test_retention_compares_the_shortest_and_the_longest_measured_window():
    table = retention_table(
        ("7D", 7, "measured", 0.6, 0.5, 0.7, 100, "m", 0.01),
        ("1D", 1, "measured", 0.1, 0.05, 0.2, 100, "m", 0.01),
        ("90D", 90, "not measurable", math.nan, math.nan, math.nan, 0, "m", math.nan),
    )
    sentence = retention_finding(table, points=4, vehicles=500).sentence
    assert sentence == (
        "Of 100 vehicles seen often enough, a leak singles out 10 % (5–20 %) if sightings are kept "
        "for one day, and 60 % (50–70 %) if they are kept for 7 days."
    )
    assert "90" not in sentence


def test_retention_without_a_measured_window_says_so():
    table = retention_table(("90D", 90, "not measurable", math.nan, math.nan, math.nan, 0, "", 0))
    assert "cannot be measured" in retention_finding(table, points=4, vehicles=500).sentence


def test_windows_in_words():
    assert [window_text(w) for w in ("1D", "7D", "1W", "36h")] == [
        "one day",
        "7 days",
        "7 days",
        "36h",
    ]


def facts(**changes):
    base = {
        "synthetic": False,
        "days": 60,
        "once": wilson(0, 100),
        "excluded": wilson(0, 100),
        "points": 4,
        "unmeasured": (),
        "one_leak_day": (),
        "place_grid_m": None,
        "cameras": 10,
        "unplaced": 0,
        "rows_read": 1000,
        "rejected_by_reason": {},
    }
    return Facts(**{**base, **changes})


def test_a_limit_is_said_only_where_the_data_call_for_it():
    assert len(limits_of(facts(synthetic=True))) == 1
    assert len(limits_of(facts())) == 1  # inferred, not verified
    week = limits_of(
        facts(
            days=8,
            once=wilson(84, 100),
            excluded=wilson(97, 100),
            unmeasured=("21D", "30D"),
            place_grid_m=250.0,
            rejected_by_reason={"position_missing": 260},
        )
    )
    text = " ".join(week)
    for said in ("8 local days", "84 %", "97 %", "21 days or 30 days", "250 m", "260 of 1,000"):
        assert said in text


def test_method_box_is_filled():
    terms = dict(method_terms(points=4, time="1h", max_gap="45min", rotation="7D", k=10))
    assert "at least 4" in terms["Singling out"]
    assert not any("{" in text for text in terms.values())


def test_seen_once():
    assert once_finding(wilson(838, 1000)).sentence.startswith("84 %")


def overview(found, regular, n=60, n_regular=40, baseline=1.0):
    return SimpleNamespace(
        estimates={"homes": wilson(found, n, baseline=baseline)},
        regular={"homes": wilson(regular, n_regular, baseline=baseline)},
    )


@pytest.mark.parametrize(
    ("found", "regular", "all_shown", "regular_shown"),
    [
        (30, 20, True, True),
        (30, 30, True, True),
        (3, 3, False, False),
        (12, 9, True, False),
        (33, 30, True, False),  # the difference of three would be given away
        (0, 0, True, True),
    ],
)
def test_no_figure_and_no_difference_stands_for_few(found, regular, all_shown, regular_shown):
    figures = published_figures(overview(found, regular))
    assert (figures["all"]["homes"] is not None) == all_shown
    assert (figures["regular"]["homes"] is not None) == regular_shown
    table = published_table(overview(found, regular))
    assert table["value"].notna().tolist() == [all_shown, regular_shown]


def test_few_irregular_vehicles_are_not_given_away_by_the_denominators():
    assert published_figures(overview(30, 20, n=43, n_regular=40))["regular"]["homes"] is None


def test_a_baseline_that_stands_for_few_is_left_out():
    figures = published_figures(overview(30, 20, baseline=2 / 60))
    assert figures["all"]["homes"].baseline is None
    assert figures["all"]["homes"].value == 0.5


def test_linkage_says_whether_new_pseudonyms_would_help():
    found = linkage_finding(wilson(570, 1_000, baseline=0.001), rotation="7D")
    assert found.criterion == "linkability"
    assert "would not keep vehicles apart" in found.sentence
    assert "57 % (54–60 %) are known again" in found.sentence
    assert found.estimate.baseline is None, "one in a thousand of 1,000 stands for one vehicle"
    chance = linkage_finding(wilson(12, 1_000, baseline=0.01), rotation="1D")
    assert "no more than chance gives" in chance.sentence
    few = linkage_finding(wilson(3, 1_000, baseline=0.0001), rotation="1D")
    assert few.estimate is None
    assert "fewer than 10 vehicles" in few.sentence


@pytest.mark.parametrize(
    ("vehicles", "linked", "shown"),
    [(5, 5, "withheld"), (13, 11, "withheld"), (40, 37, "over 75 %"), (40, 20, "50 %"),
     (40, 3, "withheld"), (40, 40, "100 %")],
)  # fmt: skip
def test_linkage_counts_vehicles_and_not_cases(vehicles, linked, shown):
    """Each vehicle is a case at each of four changes."""
    codes = np.tile(np.arange(vehicles), 4)
    share = share_of_cases(codes, codes < linked, method="hits", baseline=1 / vehicles)
    found = linkage_finding(share, rotation="7D")
    assert shown in found.sentence
    assert (found.estimate is None) == (shown == "withheld")
    if shown != "withheld":
        assert set(found.estimate.to_dict()) == {
            "value", "low", "high", "n", "method", "baseline"
        }  # fmt: skip
        assert "withheld" not in finding_object(found, k=10, texts=ENGLISH)["sentence"]


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_what_is_withheld_is_not_said_to_be_unmeasurable(language):
    texts = Texts(language)
    cannot = {"en": "cannot", "ru": "нельзя", "uz": "bo‘lmaydi"}[language]
    share = wilson(4, 5).hidden(10)
    found = unicity_finding(
        share, wilson(0, 5), points=4, resolution="", vehicles=5, texts=texts
    )
    table = retention_table(("7D", 7, "measured", math.nan, math.nan, math.nan, 5, share.method, 0))
    kept = retention_finding(table, points=4, vehicles=5, texts=texts)
    for finding in (found, kept):
        assert finding.estimate is None
        assert "10" in finding.sentence
        assert cannot not in finding.sentence.lower()
