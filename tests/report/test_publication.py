"""What is published together gives no small group away, and what would is withheld or refused."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import InputError, UsageError
from analyzer.estimate import wilson
from analyzer.report import Finding, write_report
from analyzer.report.classes import join_classes
from analyzer.report.folder import write_tables
from analyzer.report.publication import DisclosureError, check_publication, make_safe
from analyzer.report.publishable import publishable, without_small
from analyzer.synthetic import make_region

from .samples import plain

K = 10


def curve(counts, n):
    shares = [wilson(count, n) for count in counts]
    return pd.DataFrame(
        {
            "points": range(1, len(counts) + 1),
            "value": [share.value for share in shares],
            "low": [share.low for share in shares],
            "high": [share.high for share in shares],
            "n": n,
            "method": "exact match",
            "baseline": 1 / n,
        }
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 100), min_size=2, max_size=6), st.integers(100, 130))
def test_no_two_shares_of_a_curve_differ_by_few(counts, n):
    """Oracle: those singled out by more points, less those by fewer, pair by pair, and the rest."""
    given = {"unicity_curve": without_small(curve(sorted(counts), n), K)}
    safe, _ = make_safe(given, {"vehicles": 500}, K)
    shown = safe["unicity_curve"]
    exact = shown[shown["value"].notna() & ~shown["method"].str.startswith("all but")]
    sizes = [0, *(round(v * n) for v in exact["value"]), n]
    for low, high in [(a, b) for at, a in enumerate(sizes) for b in sizes[at:]]:
        assert not 0 < high - low < K


def test_classes_and_the_number_of_regular_vehicles_do_not_give_a_class_away():
    """All but one of the classes from ten sightings, and how many vehicles are regular."""
    counts = pd.DataFrame(
        {"seen": ["once", "2–4 times", "10–19 times", "20–49 times"],
         "vehicles": [1896, 465, 74, 303]}
    )  # fmt: skip
    regular = {"inferred": "works", "of": "regular", "value": 0.5, "n": 378}
    whole = {"inferred": "works", "of": "all", "value": 0.25, "n": 2802}
    tables = {"sighting_counts": counts, "inferred": pd.DataFrame([whole, regular])}
    safe, withheld = make_safe(tables, {"vehicles": 2802})
    assert withheld[0].table == "sighting_counts"
    assert len(safe["sighting_counts"]) < 4


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=8, max_size=8))
def test_joined_classes_keep_their_sums_and_are_never_small(vehicles):
    edges = [1, 2, 5, 10, 20, 50, 100, 1_000]
    frame = pd.DataFrame({"seen": "", "vehicles": vehicles, "sightings": vehicles})
    joined = join_classes(frame, edges, K)
    assert not ((joined["vehicles"] > 0) & (joined["vehicles"] < K)).any()
    often = joined["seen"].str.extract(r"^([\d,]+)")[0].str.replace(",", "").astype(float) >= 10
    if sum(vehicles) >= K:
        assert joined["vehicles"].sum() == sum(vehicles)
        if all(not 0 < sum(part) < K for part in (vehicles[:3], vehicles[3:])):
            assert joined.loc[often, "vehicles"].sum() == sum(vehicles[3:])
    else:
        assert joined["vehicles"].sum() == 0


def test_a_share_of_all_but_few_is_a_bound():
    report = plain(unicity_curve=curve([1000, 4997], 5000))
    shown = publishable(report, k=K)
    assert shown.unicity_curve["value"].tolist() == [0.2, 0.998]
    assert shown.unicity_curve["method"].iloc[1].startswith("all but fewer than 10")


def test_a_bound_is_told_as_one_on_the_page(tmp_path):
    write_report(plain(unicity_curve=curve([1000, 4997], 5000)), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "over 99" in page and "4,997" not in page and "99.94" not in page


def test_a_zone_hidden_alone_is_not_given_away_by_its_sightings():
    zones = pd.DataFrame(
        {"zone": range(4), "name": list("abcd"), "lat": 41.0, "lon": 69.0,
         "vehicles": [300, 200, 60, 3], "sightings": [900, 500, 70, 3], "cameras": 1}
    )  # fmt: skip
    report = plain(zones=zones, flows=None, tables={}, findings=[])
    shown = publishable(report, k=K).zones
    rest = zones["sightings"].sum() - shown["sightings"].sum()
    assert shown["zone"].tolist() == [0, 1]
    assert rest - 1 >= K


def test_a_finding_that_spells_a_withheld_figure_is_withheld_too(tmp_path):
    own = wilson(1010, 5000)
    finding = Finding("own", f"Two points single out {own.percent()}.", None, "singling out")
    report = plain(unicity_curve=curve([200, 1010, 1015], 5000), findings=[finding])
    with pytest.warns(UserWarning, match="1 figure is withheld"):
        write_report(report, tmp_path)
    document = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    assert document["findings"][0]["withheld"]
    for path in tmp_path.rglob("*.*"):
        assert own.percent().encode() not in path.read_bytes()
    assert check_publication(tmp_path).holds


@pytest.fixture
def folder(tmp_path):
    write_report(plain(), tmp_path / "out")
    assert check_publication(tmp_path / "out").holds
    return tmp_path / "out"


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_small_row_in_a_table_is_found(folder):
    with (folder / "tables/zones.csv").open("a", encoding="utf-8") as file:
        file.write("99,Lonely,41.1,69.1,4,9,1,true\n")
    check = check_publication(folder)
    assert not check.holds and "Lonely" in check.summary() and " 4" not in check.summary()


def test_a_complement_in_the_findings_is_found(folder):
    replace(folder / "findings.json", '"value": 0.93', '"value": 0.9996')
    assert not check_publication(folder).holds


def test_a_difference_between_nested_windows_is_found(folder):
    path = folder / "tables/retention.csv"
    frame = pd.read_csv(path)
    frame.loc[0, "value"] = frame.loc[1, "value"] - 3 / 4_800
    frame.to_csv(path, index=False)
    assert not check_publication(folder).holds


def test_a_small_count_on_the_page_alone_is_found(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    number = re.search(r"<td[^>]*>(4,800)</td>", page)[0]
    replace(folder / "report.html", number, number.replace("4,800", "7"))
    assert any("report.html" in each for each in check_publication(folder).revealed)


def test_internal_files_are_found(folder):
    (folder / "tables/INTERNAL-risk.csv").write_text("vehicle,risk\nv1,1.0\n", encoding="utf-8")
    check = check_publication(folder)
    assert not check.holds and check.internal == ("tables/INTERNAL-risk.csv",)


def test_what_cannot_be_made_safe_is_refused_and_nothing_is_written(tmp_path):
    table = pd.DataFrame({"what": ["a"], "value": [0.5], "n": [5000]})
    tables = {"own": table, "inferred": pd.DataFrame(
        [{"inferred": "homes", "of": "all", "value": float("nan"), "n": 40},
         {"inferred": "homes", "of": "regular", "value": float("nan"), "n": 38}])}  # fmt: skip
    with pytest.raises(DisclosureError, match="no figure is left"):
        write_tables(tables, tmp_path / "new", origin={}, synthetic=True)
    assert not (tmp_path / "new").exists()


def test_an_empty_folder_and_a_low_threshold_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no table"):
        check_publication(tmp_path)
    with pytest.raises(UsageError, match="threshold"):
        check_publication(tmp_path, 4)
    (tmp_path / "findings.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"^findings\.json: is damaged"):
        check_publication(tmp_path)


def sweep(days, n, found=100):
    """A retention sweep of one store over a leak, with what was seen in the days before it."""
    share = {**wilson(found, n).to_dict(), "method": "exact"}
    return json.dumps({
        "knowledge_days": days, "leak_dates": ["2026-03-20"], "open_days": 0, "vehicles": 500,
        "adversary": {"points": 4, "time": "1h"},
        "windows": [{"risk": "unicity", "window": f"{days}D", "days": days, "leak_days": 1,
                     "share": share}],
    })  # fmt: skip


@pytest.mark.parametrize(("longer", "holds"), [(340, True), (305, False)])
def test_sweeps_of_other_windows_are_read_side_by_side(tmp_path, longer, holds):
    (tmp_path / "week.json").write_text(sweep(7, 300), encoding="utf-8")
    (tmp_path / "fortnight.json").write_text(sweep(14, longer, 200), encoding="utf-8")
    check = check_publication(tmp_path)
    assert check.holds is holds and not check.contradictory


def test_figures_that_contradict_each_other_are_named(tmp_path):
    (tmp_path / "a.json").write_text(sweep(7, 300), encoding="utf-8")
    (tmp_path / "b.json").write_text(sweep(7, 340), encoding="utf-8")
    (tmp_path / "c.csv").write_text("hour,vehicles\n7,5\n", encoding="utf-8")
    check = check_publication(tmp_path)
    assert check.contradictory and check.contradicting == ("a.json", "b.json")
    assert "a.json, b.json" in check.summary() and "damaged" not in check.summary()
    # Each by itself is attacked all the same.
    assert check.revealed == ("c: 7",)


def test_one_file_that_contradicts_itself_is_named(tmp_path):
    (tmp_path / "fine.csv").write_text("hour,vehicles\n7,50\n", encoding="utf-8")
    (tmp_path / "twice.csv").write_text(
        "policy,unicity,unicity_n\nnow,0.5,300\nnow,0.5,340\n", encoding="utf-8")  # fmt: skip
    with pytest.raises(InputError, match=r"^twice\.csv: .*contradict each other: twice: now"):
        check_publication(tmp_path)


def test_a_store_is_never_published(tmp_path):
    region = make_region(vehicles=60, days=3, seed=1)
    region.sightings.save(tmp_path / "store")
    with pytest.raises(UsageError, match=r"is a store.*give what is"):
        check_publication(tmp_path / "store")
    (tmp_path / "table.csv").write_text("hour,vehicles\n7,50\n", encoding="utf-8")
    check = check_publication(tmp_path)
    assert check.internal == ("store/",) and check.files == ("table.csv",)


def test_a_profile_tells_no_rest_of_few(tmp_path):
    """Three of the targets are not singled out; their number must stand nowhere."""
    from click.testing import CliRunner

    from analyzer.cli import main

    region = make_region(vehicles=300, days=14, seed=1)
    region.sightings.save(tmp_path / "store")
    for arguments in (["profile"], ["risk"], ["retention", "--window", "7D"]):
        done = CliRunner().invoke(main, [*arguments, str(tmp_path / "store"), "--format", "json"])
        assert done.exit_code == 0, done.output
        (tmp_path / "out.json").write_text(done.stdout, encoding="utf-8")
        assert check_publication(tmp_path / "out.json").holds, arguments
