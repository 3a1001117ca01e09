"""What verbs print is read as an attacker reads it: each planted small group is found."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from analyzer.estimate import ROUNDED_UP
from analyzer.report.output_statements import tables_of_document
from analyzer.report.publication import check_contents
from analyzer.report.tables import to_csv


def share(count, n, **more):
    return {"value": count / n, "low": 0.0, "high": 1.0, "n": n, "method": "exact", **more}


def found(name, content):
    text = json.dumps(content) if name.endswith("json") else to_csv(pd.DataFrame(content))
    return not check_contents({name: text}).holds


def ranks(second):
    return [
        {"rotation": "7D", "days": 7, "grain": "place", "matcher": "cosine",
         "matching": "one by one", "rank": rank, **share(count, 300)}
        for rank, count in ((1, 100), (5, second), (10, 200))
    ]  # fmt: skip


def cells(*numbers, at=50):
    return [
        {"points": 3, "time": time, "space": "camera", **share(at, n)}
        for time, n in zip(("1h", "1D"), numbers, strict=True)
    ]


def deeper(count):
    return [{"points": points, "time": "1h", "space": "camera", **share(of, 300)}
            for points, of in ((3, 100), (4, count))]  # fmt: skip


def cameras(number, seen=100):
    rows = []
    for cameras, n in ((10, number), (20, 200)):
        rows.append({"cameras": cameras})
        for what, count, of in (("unicity", 50, 250), ("within", 40, n), ("seen", seen, 250)):
            rows[-1] |= {what: count / of, f"{what}_n": of, f"{what}_low": 0.1, f"{what}_high": 0.9}
    return rows


def gains(gain):
    bound = {"value": 0.9, "n": 100, "method": "all but fewer than 10: more than this"}
    return [
        {"attributes": "", "points": 1, **share(60, 100), "gain": 0.0},
        {"attributes": "make", "points": 1, **bound, "gain": gain},
    ]


def window(n, paired):
    return {
        "knowledge_days": 7,
        "vehicles": 400,
        "windows": [
            {"risk": "unicity", "window": "1D", "days": 1, "leak_days": 1,
             "share": share(100, n), "added_per_day": share(100, paired)}
        ],
    }  # fmt: skip


def one_leak(inside):
    return [{"risk": "unicity", "window": "7D", "days": 7, "leak_days": 1, **share(48, 84 + 16),
             "n_in_window": inside}]  # fmt: skip


def bits(value):
    return [{"figure": "entropy_bits", "value": value, "n": 281, "method": "mean"}]


def nested(count):
    names = (("among_2", 50), ("among_5", count), ("among_10", 120))
    return {name: share(of, 300) for name, of in names}


def sharing(count):
    return {"risks": [
        {"risk": "homes", "among": "all", "shares": {"first": share(100, 300)}},
        {"risk": "homes", "among": "seen by both", "shares": {"first": share(count, 200)}},
    ]}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "safe", "telling"),
    [
        ("linkage.csv", ranks(150), ranks(195)),
        ("grid.csv", cells(300, 250), cells(300, 297)),
        ("grid.csv", deeper(150), deeper(103)),
        ("grid.json", {"cells": cells(300, 250)}, {"cells": cells(300, 297)}),
        ("cameras.csv", cameras(150), cameras(197)),
        ("cameras.csv", cameras(150, 60), cameras(150, 56)),
        ("retention.csv", one_leak(80), one_leak(57)),
        ("gain.csv", gains(0.3), gains(0.36)),
        ("retention.json", window(300, 300), window(300, 296)),
        ("anonymity.csv", bits(0.05), bits(2 / 281)),
        ("worst.json", nested(80), nested(56)),
        ("sharing.json", sharing(80), sharing(97)),
        ("all.json", {"vehicles": 400, "homes": share(100, 300)},
         {"vehicles": 400, "homes": share(100, 397)}),
    ],
)  # fmt: skip
def test_a_planted_group_is_found_and_nothing_else(name, safe, telling):
    assert not found(name, safe)
    assert found(name, telling)


def anonymity(n):
    return {"home_work": {"home and work, camera": {"k_below_2": share(20, n)}}}


@pytest.mark.parametrize("name", ["inference.json", "inference.csv", "profile.json", "report"])
def test_homes_and_works_together_are_held_against_those_with_one(name):
    """39 have both and 41 a work place: two have the one without the other."""
    facts = {"homes": share(120, 190), "works": share(41, 190), "commutes": share(15, 190)}
    rows = [{"inferred": fact, **figure} for fact, figure in facts.items()]
    told = {
        "inference.json": {"inference.json": json.dumps(facts)},
        "inference.csv": {"inference.csv": to_csv(pd.DataFrame(rows))},
        "profile.json": {"profile.json": json.dumps(
            {"inference_share": facts["homes"], "inference_works": facts["works"]})},
        "report": {"tables/inferred.csv": to_csv(pd.DataFrame(rows).assign(of="all"))},
    }[name]  # fmt: skip
    assert check_contents(told).holds
    for n, holds in ((39, False), (31, True), (41, True)):
        checked = check_contents(told | {"anonymity.json": json.dumps(anonymity(n))})
        assert checked.holds is holds and not checked.contradictory
        assert holds or "vehicles with works, not" in checked.revealed[0]
    rounded = anonymity(40)
    rounded["home_work"]["home and work, camera"]["k_below_2"]["method"] = f"; {ROUNDED_UP} 10"
    assert check_contents(told | {"anonymity.json": json.dumps(rounded)}).holds


@pytest.mark.parametrize(("commutes", "holds"), [(36, False), (25, True)])
def test_commuters_are_among_those_with_a_work_place(commutes, holds):
    facts = {"homes": share(71, 190), "works": share(41, 190), "commutes": share(commutes, 190)}
    assert check_contents({"inference.json": json.dumps(facts)}).holds is holds


def test_commuters_are_among_those_with_both():
    facts = {"commutes": share(25, 190)}
    told = {"inference.json": json.dumps(facts), "anonymity.json": json.dumps(anonymity(31))}
    assert not check_contents(told).holds


def test_counts_of_other_data_are_attacked_apart():
    told = {"inference.json": json.dumps({"works": share(20, 190)}),
            "anonymity.json": json.dumps(anonymity(60))}  # fmt: skip
    checked = check_contents(told)
    assert checked.holds and checked.contradictory


def month(count, whole=None, days=30):
    step = {"risk": "homes", "window": f"{days}D", "days": days, "leak_days": 1,
            "share": share(count, 190), "whole_window": whole and share(whole, 190)}  # fmt: skip
    return {"knowledge_days": 30, "leak_dates": ["2024-01-31"], "adversary": {}, "vehicles": 190,
            "data_days": 30, "open_days": 0, "windows": [step]}  # fmt: skip


@pytest.mark.parametrize("figures", [
    {"inference.json": json.dumps({"vehicles": 190, "homes": share(69, 190)})},
    {"tables/inferred.csv": f"inferred,of,value,n\nhomes,all,{69 / 190!r},190\n"},
])  # fmt: skip
def test_what_reports_tell_stands_beside_what_one_leak_of_all_data_does(figures):
    """Who is found in all of the data is found in it or a stretch of it too."""

    def holds(document):
        return check_contents({**figures, "retention.json": json.dumps(document)}).holds

    assert holds(month(95)) and holds(month(69)) and holds(month(95, whole=69))
    assert not holds(month(70))
    # What a shorter window tells need not hold those of a longer one.
    assert holds(month(70, days=21))


def test_a_document_without_figures_says_nothing():
    assert tables_of_document("x", {"rows": 3, "list": [1, 2]}) == {}
    assert tables_of_document("x", [1, 2]) == {}


PAGE = (
    "<table><thead><tr><th>{zone}</th><th>{vehicles}</th></tr></thead>"
    "<tr><th>Port</th><td>{number}</td></tr></table>"
)


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_a_small_count_in_a_table_or_a_sentence_is_found_in_every_language(language):
    from analyzer.report.texts import Texts

    texts = Texts(language)
    heads = {name: texts(f"column.{name}") for name in ("zone", "vehicles")}
    for number, small in ((7, True), (70, False)):
        page = PAGE.format(**heads, number=texts.number(number))
        assert check_contents({"page.html": page}).holds is not small
        said = f"<p>{texts.count('vehicles', number)}</p>"
        assert check_contents({"page.html": said}).holds is not small


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_a_share_of_a_stated_number_is_found_in_every_language(language):
    from analyzer.report.texts import Texts

    texts = Texts(language)
    for value, small in ((0.02, True), (0.5, False), (0.98, True)):
        head = f'<th>{texts("column.window")}</th><th data-of="300">{texts("column.share")}</th>'
        page = f"<table><tr>{head}</tr><tr><th>1</th><td>{texts.percent(value)}</td></tr></table>"
        assert check_contents({"page.html": page}).holds is not small


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_a_small_count_on_a_map_is_found_in_every_language(language):
    from analyzer.report.maps import embed_map
    from analyzer.report.texts import Texts

    texts = Texts(language)
    flows = pd.DataFrame({"origin": [], "destination": [], "vehicles": []}, dtype="int64")
    for number, small in ((7, True), (70, False)):
        zones = pd.DataFrame({"zone": [0, 1], "name": ["Port", "Mill"], "lat": [41.0, 41.2],
                              "lon": [69.0, 69.3], "vehicles": [120, number],
                              "cameras": [1, 2]})  # fmt: skip
        drawn = embed_map(zones, flows, texts)
        page = f"<html>{drawn.html}<script>{drawn.script}</script></html>"
        assert check_contents({"map.html": page}).holds is not small
