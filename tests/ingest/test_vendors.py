"""Every vendor's export: recognised, its trap handled, every row accounted for."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from analyzer.errors import AmbiguousInputError, InputError
from analyzer.ingest.profiles import PROFILES
from analyzer.ingest.reader import read_sightings

MAKER = Path(__file__).parents[2] / "synthetic_data" / "vendor_samples.py"
spec = importlib.util.spec_from_file_location("vendor_samples", MAKER)
maker = importlib.util.module_from_spec(spec)
sys.modules["vendor_samples"] = maker
spec.loader.exec_module(maker)

SAMPLES = {sample.name: sample for sample in maker.samples()}
READ = {name: sample for name, sample in SAMPLES.items() if sample.profile != "flock-audit"}


def read(name, folder, **options):
    sample = SAMPLES[name]
    return read_sightings(maker.write(sample, folder), **{**sample.options, **options})


def test_every_profile_of_a_vendor_has_a_sample():
    known = {name for name, profile in PROFILES.items() if profile.signature}
    assert known == {sample.profile for sample in SAMPLES.values()}


@pytest.mark.parametrize("name", READ)
def test_recognised_and_every_row_accounted_for(name, tmp_path):
    sample = SAMPLES[name]
    found = read(name, tmp_path)
    quality = found.quality
    (entry,) = quality["files"]
    merged = quality["files"][0]["merged_by_reason"]
    assert quality["rows_read"] == sample.read
    assert quality["rejected_by_reason"] == sample.rejected
    assert merged == sample.merged
    assert quality["rows_kept"] == sample.kept == len(found)
    assert sample.read == sample.kept + sum(sample.rejected.values()) + sum(sample.merged.values())
    notes = " ".join(entry["notes"])
    assert PROFILES[sample.profile].title in notes and "recognised by its header" in notes
    assert int(found.span_ms[0]) // 1000 == sample.first
    shown = json.dumps([quality, found.provenance]) + found.summary()
    if sample.options.get("plates") != "pseudonymous":
        for number in range(40):
            assert maker.plate(number) not in shown.upper()
        assert set(found.vehicles).isdisjoint({maker.plate(n) for n in range(40)})


@pytest.mark.parametrize("name", READ)
def test_the_named_profile_gives_the_same(name, tmp_path):
    auto = read(name, tmp_path, key=b"k" * 32 if "plates" not in SAMPLES[name].options else None)
    named = read(name, tmp_path, profile=SAMPLES[name].profile,
                 key=b"k" * 32 if "plates" not in SAMPLES[name].options else None)  # fmt: skip
    pd.testing.assert_frame_equal(auto.to_pandas(), named.to_pandas())
    assert any("chosen by the user" in note for note in named.quality["notes"])


def frame_of(name, folder, **options):
    return read(name, folder, **options).to_pandas().sort_values("seen_at", ignore_index=True)


def test_plate_recognizer_reads_cells_and_runs_none(tmp_path):
    frame = frame_of("plate_recognizer.csv", tmp_path)
    assert frame["camera"].tolist() == ["gate-0", "gate-1", "gate-0", "gate-1", "gate-0"]
    assert frame["make"].fillna("?").tolist() == ["Chevrolet"] * 3 + ["?", "Chevrolet"]
    assert frame["model"].fillna("?")[0] == "Cobalt" and set(frame["color"]) == {"white"}
    assert set(frame["body_type"]) == {"Sedan"}


def test_rekor_groups_have_places_and_attributes(tmp_path):
    found = read("rekor.jsonl", tmp_path)
    assert found.camera_table["lat"].tolist() == [41.3, 41.31, 41.32, 41.33]
    assert set(found.to_pandas()["color"]) == {"silver"}


def test_frigate_joins_updates_and_takes_known_plates(tmp_path):
    found = read("frigate.jsonl", tmp_path, timezone="UTC")
    frame = found.to_pandas().sort_values("seen_at", ignore_index=True)
    assert len(frame) == found.n_vehicles == 5
    assert frame["seen_at"].dt.microsecond.tolist() == [250_000] * 5


def test_dahua_times_are_the_same_however_they_are_told(tmp_path):
    told = frame_of("dahua.jsonl", tmp_path / "a", timezone="Asia/Tashkent", key=b"k" * 32)
    log = frame_of("dahua.txt", tmp_path / "b", key=b"k" * 32)
    assert told["seen_at"].dt.floor("s").tolist() == log["seen_at"].dt.floor("s").tolist()
    assert told["vehicle"].tolist() == log["vehicle"].tolist()
    assert told["seat_belt"].fillna("?").tolist() == ["WithSafeBelt", "?", "?"]
    assert set(told["direction"]) == {"Approach"}
    with pytest.raises(AmbiguousInputError, match="--timezone"):
        read("dahua.txt", tmp_path / "b", timezone=None)


def test_dahua_with_utc_alone_is_read_as_the_wall_clock(tmp_path):
    sample = SAMPLES["dahua.jsonl"]
    records = [json.loads(line) for line in sample.content.decode().splitlines()]
    for record in records[:-1]:
        del record["Data"]["RealUTC"], record["Data"]["LocaleTime"]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    with pytest.raises(AmbiguousInputError, match="--timezone"):
        read_sightings(path)
    found = read_sightings(path, timezone="Asia/Tashkent")
    assert int(found.span_ms[0]) == maker.START * 1000 + 125


def test_hikvision_zeros_are_no_place_and_others_are_degrees(tmp_path):
    found = read("hikvision_ver20.xml", tmp_path)
    assert found.camera_table["lat"].isna().all()
    text = SAMPLES["hikvision_ver20.xml"].content.decode()
    zero = "<degree>0</degree><minute>0</minute>"
    text = text.replace(zero, "<degree>41</degree><minute>30</minute>")
    text = text.replace("<latitudeType>N", "<latitudeType>S")
    (tmp_path / "there.xml").write_text(text)
    there = read_sightings(tmp_path / "there.xml")
    assert there.camera_table["lat"].tolist() == [-41.5, -41.5]
    assert there.camera_table["lon"].tolist() == [41.5, 41.5]


def test_lilin_does_not_name_its_reader(tmp_path):
    with pytest.raises(InputError, match="camera"):
        read("lilin.csv", tmp_path, columns=None)
    assert read("lilin.csv", tmp_path).camera_table["name"].tolist() == ["Gate 1"]


def test_seattle_needs_a_grid(tmp_path):
    with pytest.raises(AmbiguousInputError, match="--place-grid 250m"):
        read("seattle.csv", tmp_path, place_grid=None)


def test_fiware_nested_forms_are_one(tmp_path):
    found = read("fiware.json", tmp_path)
    assert found.n_vehicles == 3 and found.camera_table["name"].tolist() == ["cam"]
    assert set(found.to_pandas()["make"]) == {"Audi"}


def test_bath_sites_and_vehicles_are_looked_up(tmp_path):
    found = read("observations.csv", tmp_path)
    assert found.camera_table["lat"].tolist() == [41.30, 41.31, 41.32]
    assert found.to_pandas().groupby("vehicle")["make"].first().to_dict() == {
        "500": "Audi", "501": "Kia", "502": "MAN", "503": None,
    } or found.to_pandas().query("vehicle == '503'")["make"].isna().all()  # fmt: skip
    given = read_sightings(
        [tmp_path / "sites.csv", tmp_path / "observations.csv", tmp_path / "vehicles.csv"],
        **SAMPLES["observations.csv"].options,
    )
    pd.testing.assert_frame_equal(given.to_pandas(), found.to_pandas())
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "observations.csv").write_bytes(SAMPLES["observations.csv"].content)
    bare = read_sightings(alone / "observations.csv", **SAMPLES["observations.csv"].options)
    assert bare.camera_table["lat"].isna().all()
    assert any("sites.csv does not lie beside" in note for note in bare.quality["notes"])


def test_a_flock_audit_is_no_list_of_sightings(tmp_path):
    with pytest.raises(InputError, match="searches that officers made, not sightings"):
        read("audit.csv", tmp_path)


@pytest.mark.parametrize("dropped", [(), ("Text Prompt", "Moderation"),
                                     ("Text Prompt", "Moderation", "Filters")])  # fmt: skip
@pytest.mark.parametrize("with_header", [True, False])
@pytest.mark.parametrize("between", ["\n", " - "])
def test_older_audits_are_recognised_too(tmp_path, dropped, with_header, between):
    text = SAMPLES["audit.csv"].content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    rows += [[cell.replace("\n", between) for cell in rows[1]] for _ in range(3)]
    kept = [i for i, name in enumerate(rows[0]) if name not in dropped]
    with open(tmp_path / "a.csv", "w", newline="") as file:
        csv.writer(file).writerows([[row[i] for i in kept] for row in rows[not with_header:]])
    with pytest.raises(InputError, match="not sightings of vehicles") as error:
        read_sightings(tmp_path / "a.csv", timezone="UTC")
    assert "a.csv" in str(error.value) and maker.plate(1) not in str(error.value)


def test_a_folder_of_single_alerts_is_one_export(tmp_path):
    text = SAMPLES["hikvision_ver20.xml"].content.decode()
    alerts = ["<?xml" + part for part in text.split("<?xml")[1:]][:3]
    for number, alert in enumerate(alerts):
        # A record may leave out what it does not know.
        (tmp_path / f"{number}.xml").write_text(
            alert.replace("<confidenceLevel>91</confidenceLevel>", "")
        )
    found = read_sightings(tmp_path)
    assert len(found) == 3 and len(found.quality["files"]) == 3
    # Of another kind, and without a plate: counted, and no reason to refuse the others.
    last = "<?xml" + text.split("<?xml")[4]
    (tmp_path / "4.xml").write_text(last)
    (tmp_path / "5.xml").write_text(alerts[0].replace(maker.plate(0), "unknown"))
    more = read_sightings(tmp_path)
    assert more.quality["rows_read"] == 5 and len(more) == 3
    assert more.quality["rejected_by_reason"] == {"other_kind_of_event": 1, "plate_missing": 1}


def test_files_named_like_plates_are_not_named(tmp_path):
    text = SAMPLES["hikvision_ver20.xml"].content.decode()
    (tmp_path / "01A123BC_1.xml").write_text("<?xml" + text.split("<?xml")[1])
    found = read_sightings(tmp_path)
    assert "01A123BC" not in json.dumps([found.quality, found.provenance])
    (tmp_path / "01A123BC_2.xml").write_text("<a><b>")
    with pytest.raises(InputError, match="named like a plate") as caught:
        read_sightings(tmp_path)
    assert "01A123BC" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [{"camera": "c", "time": "2026-03-01 10:00", "reads": {"01A123BC": 1, "10B456CD": 2}},
     {"01A123BC": {"camera": "c", "time": "2026-03-01 10:00"}, "10B456CD": {"camera": "c"}}],
)  # fmt: skip
def test_records_keyed_by_plates_are_refused_without_showing_them(tmp_path, value):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([value] * 3))
    with pytest.raises(InputError) as caught:
        read_sightings(path, timezone="UTC")
    assert "01A123BC" not in str(caught.value) and "10B456CD" not in str(caught.value)
