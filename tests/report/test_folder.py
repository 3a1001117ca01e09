"""The folder: complete, repeatable, whole files only, nothing that may not be published."""

from __future__ import annotations

import dataclasses
import gc
import hashlib
import json
import os
import re
import stat
import weakref

import pandas as pd
import pytest

from analyzer.errors import UsageError
from analyzer.estimate import Estimate, wilson
from analyzer.patterns.tables_in_turn import TablesInTurn
from analyzer.report import Finding, ReportInput, write_report
from analyzer.report.folder import write_internal
from analyzer.report.publication import check_publication
from tests.report.samples import hostile, plain


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return folder, write_report(plain(), folder)


def test_it_writes_what_it_says(written):
    folder, paths = written
    assert {path.relative_to(folder).as_posix() for path in paths} == set(contents(folder))
    assert {"report.html", "findings.json", "info.json", "tables/zones.csv", "tables/flows.csv",
            "tables/unicity_curve.csv", "tables/retention.csv", "tables/quality.csv",
            "tables/commutes_by_hour.csv"} | {
        f"charts/{name}.{kind}" for name in ("unicity", "retention", "rows")
        for kind in ("svg", "png", "csv")
    } == set(contents(folder))


def test_charts_say_what_they_are_in_files_of_their_own(tmp_path):
    write_report(plain(language="ru"), tmp_path)
    svg = (tmp_path / "charts" / "retention.svg").read_text(encoding="utf-8")
    assert "Выделено автомобилей" in svg
    assert "Синтетические данные" in svg
    assert (tmp_path / "charts" / "retention.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(tmp_path / "charts" / "retention.csv")
    assert table["Выделено, %"].tolist() == [2.0, 35.0, 88.0]
    assert table["Хранится дней"].tolist() == [1, 7, 21]
    assert table["Синтетические данные"].all()


def test_no_chart_shows_what_stands_for_few(tmp_path):
    base = plain()
    curve = base.unicity_curve.assign(n=[9, 9, 9, 5_000, 5_000, 5_000])
    write_report(dataclasses.replace(base, unicity_curve=curve), tmp_path)
    table = pd.read_csv(tmp_path / "charts" / "unicity.csv")
    assert table["Known sightings"].tolist() == [4, 5, 6]
    write_report(dataclasses.replace(base, retention=None), tmp_path)
    assert not (tmp_path / "charts" / "retention.csv").exists()


@pytest.mark.parametrize("make", [plain, hostile, lambda: ReportInput("Nothing")])
def test_the_same_input_gives_the_same_bytes(make, tmp_path):
    write_report(make(), tmp_path / "a")
    write_report(make(), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_order_of_rows_does_not_change_the_page(tmp_path):
    base = plain()
    shuffled = dataclasses.replace(
        base, zones=base.zones.sample(frac=1, random_state=1),
        flows=base.flows.sample(frac=1, random_state=2),
        retention=base.retention.sample(frac=1, random_state=3),
    )
    write_report(base, tmp_path / "a")
    write_report(shuffled, tmp_path / "b")
    pages = [(tmp_path / name / "report.html").read_bytes() for name in "ab"]
    assert pages[0] == pages[1]


def test_inputs_are_not_mutated(tmp_path):
    report, same = plain(), plain()
    write_report(report, tmp_path)
    for name in ("zones", "flows", "retention", "unicity_curve"):
        pd.testing.assert_frame_equal(getattr(report, name), getattr(same, name))


def test_info_holds_the_digest_of_every_other_file(written):
    folder, _ = written
    info = json.loads((folder / "info.json").read_text())
    files = contents(folder)
    files.pop("info.json")
    assert info["files"] == {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()}
    assert info["findings_sha256"] == info["files"]["findings.json"]
    assert info["seed"] == 1
    assert info["claims"].startswith("A generated region")
    assert info["synthetic"] is True
    assert info["version"] == 1


def test_findings_have_their_documented_fields(written):
    findings = json.loads((written[0] / "findings.json").read_text())
    assert findings["schema"] == "platerisk/findings"
    assert findings["version"] == 1
    first = findings["findings"][0]
    assert set(first) == {"id", "sentence", "criterion", "caveat", "withheld", "estimate"}
    assert set(first["estimate"]) == {"value", "low", "high", "n", "method", "baseline"}
    assert first["estimate"]["value"] == pytest.approx(0.93)


def test_names_and_hashes_of_inputs_stay_out_of_public_output(written):
    for raw in contents(written[0]).values():
        assert b"secret-source" not in raw
        assert b"ab" * 32 not in raw


def test_internal_output_is_private_prefixed_and_marked(tmp_path):
    paths = write_report(plain(), tmp_path, internal=True)
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert (tmp_path / "tables/INTERNAL-risk.csv").read_text().startswith("vehicle,risk")
    assert "INTERNAL" in (tmp_path / "INTERNAL-report.html").read_text()
    assert not (tmp_path / "report.html").exists()
    assert {"info.json", "INTERNAL-report.html"} <= set(check_publication(tmp_path).internal)
    info = json.loads((tmp_path / "info.json").read_text())
    assert info["inputs"][0]["name"] == "secret-source.csv"
    with pytest.raises(UsageError, match="internal files"):
        write_report(plain(), tmp_path)


def test_public_output_has_no_mark_and_no_table_per_vehicle(written):
    assert "INTERNAL" not in (written[0] / "report.html").read_text()
    assert not list(written[0].rglob("INTERNAL*"))


def test_a_table_per_vehicle_among_the_public_ones_is_refused(tmp_path):
    for column in ("vehicle", "vehicle_a", "plate"):
        with pytest.raises(UsageError, match="internal"):
            write_report(plain(tables={"t": pd.DataFrame({column: ["x"]})}), tmp_path)
    assert not contents(tmp_path)


@pytest.mark.parametrize("name", ["../x", "A", "x.csv", "", "a/b"])
def test_a_table_cannot_choose_a_path(name, tmp_path):
    with pytest.raises(UsageError, match="name"):
        write_report(plain(tables={name: pd.DataFrame({"a": [1]})}), tmp_path)


def test_small_counts_are_nowhere(tmp_path):
    base = plain()
    zones = base.zones.assign(name=[f"Zone-{at}" for at in range(15)])
    zones.loc[14, ["lat", "lon"]] = [41.98765, 70.98765]
    write_report(dataclasses.replace(base, zones=zones), tmp_path)
    frame = pd.read_csv(tmp_path / "tables/zones.csv")
    assert (frame["vehicles"] >= 10).all()
    assert len(frame) == 13  # the small one, and one more, or the total would give it away
    assert (pd.read_csv(tmp_path / "tables/flows.csv")["vehicles"] >= 10).all()
    assert (pd.read_csv(tmp_path / "tables/commutes_by_hour.csv")["vehicles"] >= 10).all()
    for raw in contents(tmp_path).values():
        assert b"Zone-14" not in raw
        assert b"41.98765" not in raw
        assert b"70.98765" not in raw
    page = (tmp_path / "report.html").read_text()
    drawn = re.findall(r"L\.circleMarker\(\s*\[([\d.]+), ([\d.]+)\]", page)
    assert ("41.26", "69.22") in drawn
    assert ("41.99", "70.99") not in drawn


def test_positions_are_coarse_everywhere(written):
    for name, raw in contents(written[0]).items():
        if name.startswith("tables/") or name == "report.html":
            assert b"41.26465" not in raw
            assert b"69.58222" not in raw
    frame = pd.read_csv(written[0] / "tables/zones.csv")
    assert (frame["lat"] == frame["lat"].round(2)).all()
    assert (frame["lon"] == frame["lon"].round(2)).all()


def test_a_figure_on_few_units_is_withheld(tmp_path):
    secret = Finding("few", "7 of 9 vehicles are exposed.", wilson(7, 9), "inference")
    report = plain(findings=[secret], data=dict(plain().data) | {"vehicles": 9})
    write_report(report, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "7 of 9" not in page
    assert "fewer than 10" in page
    document = json.loads((tmp_path / "findings.json").read_text())
    assert document["findings"][0]["estimate"] is None
    assert document["findings"][0]["withheld"] is True
    assert document["data"]["vehicles"] is None


def test_a_figure_that_is_not_measured_is_null(tmp_path):
    nan = float("nan")
    nothing = Finding("none", "Nothing.", Estimate(nan, nan, nan, 0, "m"))
    write_report(plain(findings=[nothing]), tmp_path)
    document = json.loads((tmp_path / "findings.json").read_text())
    assert document["findings"][0]["estimate"]["value"] is None


def test_a_threshold_under_five_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError, match="threshold"):
        write_report(plain(), tmp_path / "new", k=4)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_killed_run_leaves_the_old_file_or_the_new_one(call, tmp_path, monkeypatch):
    write_report(plain(), tmp_path)
    before = contents(tmp_path)
    left = {"calls": 4}
    real = getattr(os, call)

    def dies(*arguments):
        left["calls"] -= 1
        if left["calls"] < 0:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(os, call, dies)
    with pytest.raises(KeyboardInterrupt):
        write_report(plain(title="Another"), tmp_path)
    monkeypatch.undo()
    write_report(plain(title="Another"), tmp_path / "whole")
    new = contents(tmp_path / "whole")
    now = {name: raw for name, raw in contents(tmp_path).items() if not name.startswith("whole")}
    assert set(now) == set(before)
    assert all(raw in (before[name], new[name]) for name, raw in now.items())
    assert now["info.json"] == before["info.json"]


def test_tables_of_an_earlier_report_do_not_stay_behind(tmp_path):
    write_report(plain(), tmp_path)
    (tmp_path / "tables/mine.csv").write_text("kept")
    write_report(plain(tables={}), tmp_path)
    assert not (tmp_path / "tables/commutes_by_hour.csv").exists()
    assert (tmp_path / "tables/mine.csv").exists()


def test_no_time_is_written_unless_it_is_given(tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    write_report(plain(), tmp_path)
    assert "written_at" not in json.loads((tmp_path / "info.json").read_text())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    write_report(plain(), tmp_path)
    info = json.loads((tmp_path / "info.json").read_text())
    assert info["written_at"] == "2023-11-14T22:13:20+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        write_report(plain(), tmp_path)


def test_empty_parts_say_why(tmp_path):
    write_report(ReportInput("Nothing"), tmp_path)
    page = (tmp_path / "report.html").read_text()
    for sentence in ("There are no findings", "There is no map: the cameras have no positions",
                     "There is no curve: too few", "There is no curve: no window"):
        assert sentence in page
    assert "<script" not in page


def test_windows_longer_than_the_data_say_so(tmp_path):
    data = dict(plain().data) | {"first_seen": "2021-10-01T03:00:00", "last_seen":
                                 "2021-10-07T22:00:00"}
    write_report(plain(data=data), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "30 days, 90 days, 180 days: not measurable, because the data cover 7 days." in page


def test_cameras_without_positions_give_no_map_and_a_reason(tmp_path):
    base = plain()
    write_report(plain(zones=base.zones.assign(lat=float("nan"), lon=float("nan"))), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "There is no map: the cameras have no positions" in page
    assert 'class="folium-map"' not in page
    assert "Zones as a table" in page


def test_synthetic_data_say_so_wherever_they_are_shown(written, tmp_path):
    folder, _ = written
    page = (folder / "report.html").read_text()
    assert "Synthetic data: no vehicle and no person" in page
    assert page.count('class="mark"') == page.count("<figure")
    for caption in re.findall(r"<caption>(.*?)</caption>", page):
        assert "Synthetic data" in caption
    for path in (folder / "tables").glob("*.csv"):
        assert path.read_text().splitlines()[0].endswith(",synthetic")
    write_report(plain(synthetic=False), tmp_path)
    assert "Synthetic" not in (tmp_path / "report.html").read_text()


def test_the_page_is_light(written):
    assert (written[0] / "report.html").stat().st_size < 1_500_000


def test_csv_of_hostile_names_holds_no_formula(tmp_path):
    import csv

    write_report(hostile(), tmp_path)
    for path in (tmp_path / "tables").glob("*.csv"):
        for row in csv.reader(path.open(encoding="utf-8", newline="")):
            for cell in row:
                if cell.startswith(("=", "+", "-", "@", "\t", "\r")):
                    float(cell)


def test_when_one_vehicle_was_first_and_last_seen_is_told_to_the_day(written):
    for name in ("findings.json", "report.html"):
        text = (written[0] / name).read_text(encoding="utf-8")
        assert "2024-03-04" in text and "2024-03-31" in text
        assert "00:00:11" not in text and "23:58:40" not in text


def test_tables_of_vehicles_are_made_one_by_one(tmp_path):
    held = []

    def table(name):
        gc.collect()
        assert [alive() for alive in held if alive() is not None] == []
        frame = pd.DataFrame({"vehicle": [name, "=1+1"], "n": [1, 2]})
        held.append(weakref.ref(frame["n"].array))
        held.append(weakref.ref(frame))
        return frame

    made = TablesInTurn({name: lambda name=name: table(name) for name in ("trips", "places")})
    paths = write_internal(made, tmp_path, origin={}, synthetic=True)
    names = ["INTERNAL-trips.csv", "INTERNAL-places.csv", "info.json"]
    assert [path.name for path in paths] == names
    assert len(held) == 4
    assert paths[0].read_text() == "vehicle,n,synthetic\ntrips,1,true\n'=1+1,2,true\n"
    info = json.loads(paths[-1].read_text())
    assert info["files"] == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths[:-1]
    }


def test_a_name_that_is_none_of_a_file_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError):
        write_internal({"fine": pd.DataFrame(), "../x": pd.DataFrame()}, tmp_path / "new",
                       origin={}, synthetic=False)  # fmt: skip
    assert not (tmp_path / "new").exists()
