"""Sightings: views, spans and copies say the same as the rows from which they were made."""

from __future__ import annotations

import gc
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.cameras import camera_table
from analyzer.engine import LocalEngine
from analyzer.errors import StoreError, UsageError
from analyzer.policy.policy import Policy
from analyzer.schema import CORE, concatenate
from analyzer.sightings import Sightings
from analyzer.store import StoreBuilder, open_store

BERLIN = "Europe/Berlin"
CAMERAS = pd.DataFrame(
    {
        "name": ["gate", "bridge", "tunnel", "market"],
        "lat": [52.5, 52.501, 52.6, np.nan],
        "lon": [13.4, 13.4, 13.4, np.nan],
    }
)


def ms(text: str, timezone: str = BERLIN) -> int:
    return pd.Timestamp(text).tz_localize(timezone).value // 10**6


def table(seed: int = 0, count: int = 400) -> pd.DataFrame:
    """Sightings around the night in which the clocks were put back (31 October 2021)."""
    random = np.random.default_rng(seed)
    start = ms("2021-10-30 12:00")
    return pd.DataFrame(
        {
            # Vehicle 4 is never seen.
            "vehicle": random.choice([0, 1, 2, 3, 5, 6, 7, 8], count),
            # Whole minutes: ties, and sightings exactly at the ends of spans.
            "seen_at": start + random.integers(0, 24 * 60, count) * 60_000,
            "camera": random.choice([0, 1, 3], count),
            "make": random.choice(np.array(["Opel", "Audi", None], object), count),
            "direction": random.choice(np.array(["in", "out"], object), count),
            "confidence": random.choice([0.5, np.nan], count),
        }
    )


def sightings_of(frame: pd.DataFrame) -> Sightings:
    return from_arrays(
        frame["vehicle"].to_numpy(),
        frame["seen_at"].to_numpy(),
        frame["camera"].to_numpy(),
        cameras=CAMERAS,
        timezone=BERLIN,
        vehicles=[f"p{code}" for code in range(9)],
        provenance={"made": "for a test"},
        **{name: frame[name].to_numpy() for name in frame.columns[3:]},
    )


def expected_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame that the sightings should give."""
    stamps = pd.to_datetime(frame["seen_at"], unit="ms", utc=True).dt.tz_convert(BERLIN)
    return pd.DataFrame(
        {
            "code": frame["vehicle"],
            "vehicle": "p" + frame["vehicle"].astype(str),
            "camera": CAMERAS["name"].to_numpy()[frame["camera"]],
            "seen_at": stamps,
            "make": frame["make"],
            "direction": frame["direction"],
            "confidence": frame["confidence"],
        }
    )


def texts(frame: pd.DataFrame) -> list[str]:
    """Rows as sorted texts, in which all that is missing is equal."""
    frame = frame[["vehicle", "camera", "seen_at", "make", "direction", "confidence"]]
    return sorted(
        str(["" if pd.isna(cell) else str(cell) for cell in row])
        for row in frame.itertuples(index=False)
    )


def agree(sightings: Sightings, frame: pd.DataFrame) -> None:
    """Everything that sightings say agrees with a table of rows."""
    assert texts(sightings.to_pandas()) == texts(expected_of(frame))
    assert len(sightings) == len(frame)
    codes = np.unique(frame["vehicle"])
    assert sightings.n_vehicles == len(codes)
    assert sightings.vehicles.tolist() == [f"p{code}" for code in codes]
    assert sightings.n_cameras_seen == frame["camera"].nunique()
    if len(frame):
        ends = frame["seen_at"].min(), frame["seen_at"].max()
        assert sightings.span_ms == ends
        assert [stamp.value // 10**6 for stamp in sightings.span] == list(ends)
        assert str(sightings.span[0].tz) == BERLIN
        first, last = (f"{stamp:%Y-%m-%d %H:%M}" for stamp in sightings.span)
        counts = {
            "sighting": len(frame),
            "vehicle": len(codes),
            "camera": frame["camera"].nunique(),
        }
        said = [f"{n} {what}" if n == 1 else f"{n} {what}s" for what, n in counts.items()]
        assert sightings.summary() == (
            f"{said[0]} of {said[1]} by {said[2]}, {first} to {last} ({BERLIN})."
        )
    rows = concatenate([part.load() for part in sightings.parts()])
    assert sorted(zip(*(rows[name].tolist() for name in CORE), strict=True)) == sorted(
        frame[list(CORE)].itertuples(index=False, name=None)
    )


# The whole


@pytest.mark.parametrize("seed", range(3))
def test_what_goes_in_comes_out(seed: int):
    frame = table(seed)
    agree(sightings_of(frame), frame)


def test_the_frame_is_in_one_order_and_typed():
    found = sightings_of(table()).to_pandas()
    assert list(found.columns) == [
        "vehicle", "camera", "seen_at", "confidence", "direction", "make"
    ]  # fmt: skip
    assert str(found["seen_at"].dtype).startswith("datetime64[ms, Europe/Berlin")
    assert found["confidence"].dtype == np.float32
    order = found.sort_values(["vehicle", "seen_at"], kind="stable").index
    assert (order == found.index).all()
    assert found["make"].isna().sum() == table()["make"].isna().sum()


def test_cameras_and_zones():
    sightings = sightings_of(table())
    assert sightings.cameras["camera"].tolist() == CAMERAS["name"].tolist()
    assert list(sightings.cameras.columns) == ["camera", "name", "zone", "geometry"]
    assert sightings.cameras.geometry[3] is None
    zones = sightings.zones
    # Gate and bridge stand 111 m apart; the market's place is not known.
    assert zones["cameras"].tolist() == [2, 1, 1]
    assert zones["zone"].tolist() == ["zone 1", "zone 2", "zone 3"]
    assert zones.geometry[0].y == pytest.approx(52.5005)
    assert zones.geometry[2] is None
    assert str(zones.crs) == str(sightings.cameras.crs) == "EPSG:4326"


def test_names_and_codes():
    sightings = sightings_of(table())
    assert sightings.vehicle_names(np.array([3, 0, 3])).tolist() == ["p3", "p0", "p3"]
    assert sightings.vehicle_names(np.array([], np.int32)).tolist() == []
    assert sightings.vehicle_code("p7") == 7
    with pytest.raises(UsageError, match="no vehicle of that name") as caught:
        sightings.vehicle_code("01A123BC")
    # What was asked for may be a plate.
    assert "01A" not in str(caught.value)
    assert sightings.camera_names(np.array([1, 1])).tolist() == ["bridge", "bridge"]
    assert sightings.n_codes == 9


def test_quality_and_provenance():
    sightings = sightings_of(table())
    assert sightings.quality == {"rows_read": 400, "rows_kept": 400}
    assert sightings.provenance == {"made": "for a test"}
    assert not sightings.synthetic
    made = from_arrays([0], [0], [0], provenance={"synthetic": True})
    assert made.synthetic
    assert made.summary().endswith("The data are synthetic.")
    assert "synthetic" in made.between("1970-01-01", "1971-01-01").summary()


def test_a_column_that_is_not_there_is_told():
    with pytest.raises(UsageError, match="no column color; they have vehicle, seen_at, camera"):
        sightings_of(table()).parts("vehicle", "color")


# Views


SPANS = [
    ("2021-10-30 18:00", "2021-10-31 06:00"),
    ("2021-10-31", "2021-11-01"),
    ("2021-10-31 02:00", "2021-10-31 03:00"),  # two hours long
    ("2021-10-31 02:30", "2021-10-31 02:31"),  # the first of two, to the first of two
    ("2020-01-01", "2030-01-01"),
    ("2021-10-31 00:30Z", "2021-10-31T01:30:00+00:00"),
    ("2021-01-01", "2021-01-02"),  # nothing
]


def wall_to_ms(text: str) -> int:
    """By the standard library; without an offset, the first instant of that wall time."""
    from zoneinfo import ZoneInfo

    stamp = datetime.fromisoformat(text)
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=ZoneInfo(BERLIN), fold=0)
    return (stamp.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@pytest.mark.parametrize("span", SPANS, ids=" to ".join)
@pytest.mark.parametrize("parts", [None, 3])
def test_a_view_is_its_rows(span: tuple[str, str], parts: int | None):
    frame = table(1)
    first, last = map(wall_to_ms, span)
    inside = frame[(frame["seen_at"] >= first) & (frame["seen_at"] < last)]
    sightings = sightings_of(frame)
    view = sightings.between(*span)
    agree(view.with_parts(parts) if parts else view, inside)
    agree(sightings, frame)


def test_the_hour_that_comes_twice_is_taken_whole():
    hours = [ms("2021-10-31 01:59"), ms("2021-10-31 01:00") + 3_600_000,
             ms("2021-10-31 01:00") + 2 * 3_600_000, ms("2021-10-31 03:00")]  # fmt: skip
    sightings = from_arrays([0] * 4, hours, [0] * 4, timezone=BERLIN)
    night = sightings.between("2021-10-31 02:00", "2021-10-31 03:00").to_pandas()
    assert [f"{stamp:%H:%M %z}" for stamp in night["seen_at"]] == ["02:00 +0200", "02:00 +0100"]


def test_the_hour_that_never_was_has_no_length():
    times = [ms("2021-03-28 01:59"), ms("2021-03-28 03:00")]
    sightings = from_arrays([0, 0], times, [0, 0], timezone=BERLIN)
    assert len(sightings.between("2021-03-28 02:15", "2021-03-28 03:01")) == 1
    assert len(sightings.between("2021-03-28 01:00", "2021-03-28 02:45")) == 1
    with pytest.raises(UsageError, match="t0 must lie before t1"):
        sightings.between("2021-03-28 02:15", "2021-03-28 02:45")


def test_views_of_views_and_their_ends():
    frame = table(2)
    sightings = sightings_of(frame)
    one = sightings.between("2021-10-30 14:00", "2021-10-31 04:00")
    two = one.between("2021-10-31 00:00", "2021-11-05")
    inside = (frame["seen_at"] >= ms("2021-10-31")) & (frame["seen_at"] < ms("2021-10-31 04:00"))
    agree(two, frame[inside])
    # Side by side, views share nothing and leave nothing out.
    cut = "2021-10-31 00:00"
    assert len(one.between("2021-01-01", cut)) + len(one.between(cut, "2022-01-01")) == len(one)
    assert len(one.between("2022-01-01", "2023-01-01")) == 0
    # The end is open, the start is not.
    first, last = sightings.span
    assert len(sightings.between(first, last + timedelta(milliseconds=1))) == len(sightings)
    assert len(sightings.between(first, last)) == (frame["seen_at"] < frame["seen_at"].max()).sum()


def test_ends_finer_than_a_millisecond_round_up():
    sightings = from_arrays([0, 0], [1_000, 1_001], [0, 0])
    zero = pd.Timestamp(0, tz="UTC")
    assert len(sightings.between(zero, zero + pd.Timedelta("1000.5ms"))) == 1
    assert len(sightings.between(zero + pd.Timedelta("1000.5ms"), "1970-01-02")) == 1


@pytest.mark.parametrize(
    "end",
    ["2021-11-01", date(2021, 11, 1), datetime(2021, 11, 1), pd.Timestamp("2021-11-01"), "20211101",
     np.datetime64("2021-11-01"), pd.Timestamp("2021-11-01", tz=BERLIN), "2021-11", "2021/11/01"],
    ids=str,
)  # fmt: skip
def test_kinds_of_time(end: object):
    sightings = from_arrays([0, 0], [ms("2021-10-31 23:59"), ms("2021-11-01")], [0, 0],
                            timezone=BERLIN)  # fmt: skip
    assert len(sightings.between("2021-10-01", end)) == 1


@pytest.mark.parametrize(
    "end",
    ["03/04/2021", "3.4.2021", "31-10-2021", "now", "today", "", "NaT", "yesterday", "noon", None,
     pd.NaT, "2021-13-01", "2021-02-30", [], {}],
    ids=str,
)  # fmt: skip
def test_what_is_not_a_time_or_could_be_two_is_refused(end: object):
    sightings = from_arrays([0], [0], [0])
    for t0, t1 in ((end, "2030-01-01"), ("1960-01-01", end)):
        with pytest.raises(UsageError, match="is not a time; write year, month, day"):
            sightings.between(t0, t1)


def test_a_span_must_run_forward():
    with pytest.raises(UsageError, match="t0 must lie before t1"):
        sightings_of(table()).between("2021-11-01", "2021-11-01")


def test_an_unknown_zone_is_told():
    with pytest.raises(UsageError, match="Mars"):
        _ = from_arrays([0], [0], [0], timezone="Mars/Olympus").clock


# Parts


@pytest.mark.parametrize("n", [1, 2, 7, 20])
def test_parts_are_the_same_rows(n: int):
    frame = table(3)
    sightings = sightings_of(frame)
    divided = sightings.with_parts(n)
    agree(divided, frame)
    pd.testing.assert_frame_equal(divided.to_pandas(), sightings.to_pandas(), check_exact=True)
    parts = [part.load() for part in divided.parts(*divided.columns)]
    assert len(parts) == n
    owners: set[int] = set()
    for rows in parts:
        order = np.lexsort((rows["camera"], rows["seen_at"], rows["vehicle"]))
        assert (order == np.arange(len(order))).all()
        vehicles = set(rows["vehicle"].tolist())
        assert not owners & vehicles
        owners |= vehicles


def test_parts_of_a_store_that_has_parts(tmp_path: Path):
    from analyzer.store import StoreBuilder

    frame = table(4)
    builder = StoreBuilder(tmp_path / "s", timezone=BERLIN, columns=("confidence",), parts=4)
    builder.append({name: frame[name].to_numpy() for name in (*CORE, "confidence")})
    builder.finish(cameras=CAMERAS, vehicles=[f"p{code}" for code in range(9)])
    stored = Sightings(open_store(tmp_path / "s"))
    assert len(stored.parts()) == 4
    plain = sightings_of(frame).to_pandas()[["vehicle", "camera", "seen_at", "confidence"]]
    for sightings in (stored, stored.with_parts(3), stored.with_parts(1)):
        pd.testing.assert_frame_equal(sightings.to_pandas(), plain, check_exact=True)


def test_parts_are_as_small_as_the_memory_asks(monkeypatch):
    monkeypatch.setattr("analyzer.sightings.SMALLEST_PART_ROWS", 10)
    monkeypatch.setattr("analyzer.store.part_files.GROUPS_APART", 1)
    monkeypatch.setattr("analyzer.store.part_writing.GROUP_ROWS", 13)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    frame = table(3)
    sightings = sightings_of(frame)
    whole = sightings.parts()
    assert len(whole) == 1 and sightings.within("2GB").parts() == whole
    row = whole[0].bytes_held // len(frame)
    # Two threads, each of which holds twenty times what it reads.
    small = sightings.within(f"{2 * 20 * row * 25}B")
    agree(small, frame)
    assert len(small.parts()) == -(-len(frame) // 25)
    assert max(part.bytes_held for part in small.parts()) <= row * 25
    engine = LocalEngine(memory=2 * 20 * row * 25, threads=2)
    assert engine._threads_for(small.parts()) == 2 and engine._threads_for(whole) == 1
    # There is a least part, however little memory there is.
    assert len(sightings.within("1B").parts()) == -(-len(frame) // 10)


def test_parts_that_are_small_enough_are_left_as_they_are(monkeypatch):
    monkeypatch.setattr("analyzer.sightings.SMALLEST_PART_ROWS", 10)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    frame = table(3)
    sightings = sightings_of(frame)
    memory = "16KB"
    small = sightings.within(memory)
    assert small is not sightings
    assert small.within(memory) is small and small.within("2GB") is small
    assert len(small.within("8KB").parts()) > len(small.parts())
    # What is viewed of it is in parts as small, and under a policy too.
    for view in (small._between_ms(0, 60_000), Policy("1D").apply(small)):
        assert view.within(memory) is view
    one = sightings.of(sightings.vehicles[0])
    assert one.within("1B") is one
    assert len(small.with_parts(1).within(memory).parts()) == len(small.parts())
    many = sightings.with_parts(500)
    assert many.within(memory) is many


def test_parts_of_several_files_are_cut_by_the_largest_file(monkeypatch):
    monkeypatch.setattr("analyzer.sightings.SMALLEST_PART_ROWS", 10)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    frame = table(4)
    builder = StoreBuilder(None, timezone=BERLIN, columns=(), parts=4)
    builder.append({name: frame[name].to_numpy() for name in CORE})
    names = [f"p{code}" for code in range(9)]
    stored = Sightings(builder.finish(cameras=CAMERAS, vehicles=names))
    largest = max(part.rows for part in stored.parts())

    def memory(rows: int) -> str:
        return f"{2 * 20 * 16 * rows}B"

    assert stored.within(memory(largest)) is stored
    assert len(stored.within(memory(largest - 1)).parts()) == 8
    # Parts that take of every file hold more than one file does.
    for together in (stored.with_parts(1), stored.with_parts(3)):
        fitting = together.within(memory(largest))
        assert len(fitting.parts()) == 4 and fitting.within(memory(largest)) is fitting
        pd.testing.assert_frame_equal(fitting.to_pandas(), stored.to_pandas(), check_exact=True)


def test_a_clock_covers_the_span():
    sightings = sightings_of(table())
    assert len(sightings.clock.offsets) == 2
    frame = sightings.to_pandas()
    walls = frame["seen_at"].dt.tz_localize(None).to_numpy("datetime64[ms]").view(np.int64)
    rows = concatenate([part.load() for part in sightings.parts("seen_at")])
    np.testing.assert_array_equal(sightings.clock.local(rows["seen_at"]), walls)


# Copies


def test_a_saved_copy_is_the_same(tmp_path: Path):
    frame = table(5)
    sightings = sightings_of(frame)
    saved = sightings.save(tmp_path / "deep" / "copy")
    agree(saved, frame)
    agree(Sightings(open_store(tmp_path / "deep" / "copy")), frame)
    assert saved.quality == sightings.quality and saved.provenance == sightings.provenance
    one = {path.name: path.read_bytes() for path in sightings.store.folder.iterdir()}
    two = {path.name: path.read_bytes() for path in saved.store.folder.iterdir()}
    assert one == two
    assert not (tmp_path / "deep" / "copy" / ".manifest.json").exists()


@pytest.mark.parametrize("parts", [None, 3])
def test_a_saved_view_holds_its_rows_and_vehicles_only(tmp_path: Path, parts: int | None):
    frame = table(6, count=14)
    view = sightings_of(frame).between("2021-10-30 22:00", "2021-10-31 06:00")
    inside = frame[(frame["seen_at"] >= ms("2021-10-30 22:00"))]
    inside = inside[inside["seen_at"] < ms("2021-10-31 06:00")]
    assert inside["vehicle"].nunique() < frame["vehicle"].nunique()
    saved = (view.with_parts(parts) if parts else view).save(tmp_path / "view")
    assert texts(saved.to_pandas()) == texts(expected_of(inside))
    # Vehicles have new codes, without gaps, and nothing tells of the others.
    assert saved.n_codes == saved.n_vehicles == inside["vehicle"].nunique()
    assert saved.vehicles.tolist() == view.vehicles.tolist()
    codes = concatenate([part.load() for part in saved.parts("vehicle")])["vehicle"]
    assert sorted(set(codes.tolist())) == list(range(saved.n_codes))
    others = set(frame["vehicle"]) - set(inside["vehicle"])
    stored = saved.store.vehicle_names.to_pylist()
    assert others and not {f"p{code}" for code in others} & set(stored)
    assert saved.provenance["made"] == "for a test"
    assert saved.provenance["view"] == {
        "from": "2021-10-30 22:00:00+02:00", "to": "2021-10-31 06:00:00+01:00"
    }  # fmt: skip
    assert saved.timezone == BERLIN and saved.labels == view.labels


def test_a_saved_view_does_not_depend_on_parts(tmp_path: Path):
    view = sightings_of(table(7)).between("2021-10-30 20:00", "2021-10-31 02:00")
    one, two = view.save(tmp_path / "one"), view.with_parts(5).save(tmp_path / "two")
    assert json.dumps(one.store.manifest) == json.dumps(two.store.manifest)
    for path in one.store.folder.iterdir():
        assert path.read_bytes() == (two.store.folder / path.name).read_bytes()


def test_frames_stay_with_their_sightings(tmp_path: Path):
    frame = table(8)
    frame["frames"] = np.random.default_rng(8).integers(1, 4, len(frame))
    sightings = sightings_of(frame)
    assert sightings.columns[-1] == "frames"
    assert sightings.to_pandas()["frames"].sum() == frame["frames"].sum()
    ends = "2021-10-30 20:00", "2021-10-31 01:00"
    view = sightings.between(*ends)
    inside = frame["seen_at"].between(ms(ends[0]), ms(ends[1]) - 1)
    for held in (view, view.with_parts(3), view.save(tmp_path / "view")):
        rows = concatenate([part.load() for part in held.parts("camera", "frames")])
        assert sorted(zip(rows["camera"], rows["frames"], strict=True)) == sorted(
            zip(frame["camera"][inside], frame["frames"][inside], strict=True)
        )


def test_nothing_is_written_over(tmp_path: Path):
    (tmp_path / "notes").write_text("mine")
    sightings = sightings_of(table())
    for view in (sightings, sightings.between("2021-10-31", "2021-11-01")):
        for path in (tmp_path, tmp_path / "notes"):
            with pytest.raises(StoreError, match="give a new or empty folder"):
                view.save(path)
    (tmp_path / "empty").mkdir()
    assert len(sightings.save(tmp_path / "empty")) == 400


# Nothing to see


@pytest.fixture(params=["none at all", "a view of nothing", "saved"])
def nothing(request, tmp_path: Path) -> Sightings:
    if request.param == "none at all":
        return from_arrays([], [], [], make=[])
    empty = sightings_of(table()).between("1999-01-01", "2000-01-01")
    return empty.save(tmp_path / "s") if request.param == "saved" else empty


@pytest.mark.parametrize("parts", [None, 3])
def test_no_sightings(nothing: Sightings, parts: int | None):
    nothing = nothing.with_parts(parts) if parts else nothing
    assert len(nothing) == len(nothing.vehicles) == 0
    assert nothing.n_vehicles == nothing.n_cameras_seen == 0
    assert nothing.summary() == "No sightings."
    frame = nothing.to_pandas()
    assert len(frame) == 0 and "make" in frame
    assert isinstance(frame["seen_at"].dtype, pd.DatetimeTZDtype)
    for ask in ("span", "span_ms", "clock"):
        with pytest.raises(UsageError, match="there are no sightings"):
            getattr(nothing, ask)
    assert [len(part.load()["camera"]) for part in nothing.parts()] == [0] * (parts or 1)
    assert len(nothing.between("2020-01-01", "2030-01-01")) == 0


# Temporary stores


def test_parts_keep_a_temporary_store():
    sightings = sightings_of(table())
    folder = sightings.store.path
    parts = sightings.between("2021-10-31", "2021-11-01").parts()
    del sightings
    gc.collect()
    assert len(parts[0].load()["vehicle"])
    del parts
    gc.collect()
    assert not folder.exists()


def test_what_is_no_sightings_is_refused_and_never_shown():
    import analyzer as az

    raw = pd.DataFrame({"plate": ["01A123BC"], "camera": ["c"], "seen_at": ["2026-03-01"]})
    for ask in (
        az.find_trips, az.find_companions, az.measure_unicity, az.measure_anonymity,
        az.measure_worst_case, az.measure_linkage, az.measure_inference, az.sweep_retention,
        az.profile_risk, az.assess,
    ):  # fmt: skip
        with pytest.raises(UsageError, match=r"az\.read_sightings") as error:
            ask(raw)
        assert "01A123BC" not in str(error.value)


def test_a_part_of_a_part_reads_one_file_only(tmp_path):
    data = _stored_in_files(tmp_path, files=3)
    whole = data.to_pandas()
    for n in (3, 6, 12):
        parts = data.with_parts(n).parts()
        assert all(len(part.paths) == 1 for part in parts)
        assert sum(len(part.load()["vehicle"]) for part in parts) == len(whole)
        for number, part in enumerate(parts):
            assert (part.load()["vehicle"] % n == number).all()
    assert all(len(part.paths) == 3 for part in data.with_parts(4).parts())
    pd.testing.assert_frame_equal(data.with_parts(6).to_pandas(), whole)


def _stored_in_files(folder, files: int) -> Sightings:
    random = np.random.default_rng(1)
    builder = StoreBuilder(folder / "s", timezone="UTC", columns=(), parts=files)
    builder.append(
        {
            "vehicle": random.integers(0, 40, 500).astype(np.int32),
            "seen_at": random.integers(0, 10**9, 500),
            "camera": random.integers(0, 5, 500).astype(np.int32),
        }
    )
    cameras = camera_table(pd.DataFrame({"name": [f"c{n}" for n in range(5)]}))
    store = builder.finish(
        cameras=cameras, vehicles=[f"v{n}" for n in range(40)], labels={}, quality={},
        provenance={},
    )  # fmt: skip
    return Sightings(store)


def test_a_notebook_shows_the_summary_and_no_vehicle():
    shown = from_arrays([0, 1], [0, 60_000], [0, 1])._repr_html_()
    assert "2 sightings of 2 vehicles" in shown and "v0" not in shown


def test_a_console_shows_what_it_holds():
    whole = from_arrays([0, 1, 1], [0, 86_400_000, 172_800_000], [0, 0, 1])
    assert repr(whole) == "<Sightings: 3 sightings of 2 vehicles>"
    part = whole.between("1970-01-02", "1970-01-03")
    assert repr(part) == "<Sightings: from 3 sightings of 2 vehicles>"
