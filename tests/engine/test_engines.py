"""The seam: what map, exchange and reduce promise, on every engine there is."""

from __future__ import annotations

import errno
import os
import pickle
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analyzer as az
from analyzer.engine import (
    DerivedPart,
    Engine,
    LocalEngine,
    RowsPart,
    base,
    get_engine,
    reduce_rows,
)
from analyzer.engine.base import bucket_of, sort_rows, split_rows
from analyzer.engine.local import WORKING
from analyzer.engine.resuming import ResumingEngine
from analyzer.engine.spill import Spill, parse_memory
from analyzer.errors import EngineError, UsageError
from analyzer.schema import Rows
from tests.engine import functions
from tests.process_engine import ProcessEngine

ENGINES: dict[str, Callable[[], Engine]] = {
    "local": LocalEngine,
    "one thread": lambda: LocalEngine(threads=1),
    "five threads": lambda: LocalEngine(threads=5),
    "spilling": lambda: LocalEngine(memory=64),
    "processes": lambda: ProcessEngine(seed=3),
}
every_engine = pytest.mark.parametrize("make_engine", ENGINES.values(), ids=ENGINES)


def random_parts(seed: int, parts: int = 7, rows: int = 200) -> list[RowsPart]:
    random = np.random.default_rng(seed)
    return [
        RowsPart(
            {
                "key": random.integers(-20, 20, rows),
                "x": random.integers(0, 5, rows).astype(np.int32),
                "share": random.choice([0.25, 0.5, np.nan], rows).astype(np.float32),
            }
        )
        for _ in range(parts)
    ]


def as_tuples(rows: Rows) -> list[tuple]:
    return list(zip(*(column.tolist() for column in rows.values()), strict=True))


def same(one: Rows, two: Rows) -> None:
    assert list(one) == list(two)
    for name in one:
        assert one[name].dtype == two[name].dtype
        np.testing.assert_array_equal(one[name], two[name])


# map


@every_engine
def test_map_keeps_the_order_of_the_parts(make_engine):
    parts = [RowsPart({"x": np.array([number])}) for number in range(20)]
    engine = make_engine()
    frames = engine.map(parts, functions.late_if_first)
    assert [int(rows["x"][0]) for rows in frames] == list(range(20))
    frames = engine.map(parts, functions.scaled, {"factor": 3})
    assert [int(rows["x"][0]) for rows in frames] == list(range(0, 60, 3))


@every_engine
def test_map_over_no_parts(make_engine):
    assert make_engine().map([], functions.scaled, {"factor": 3}) == []


@every_engine
def test_errors_come_through(make_engine):
    with pytest.raises(ValueError, match="on purpose"):
        make_engine().map(random_parts(0), functions.broken)
    with pytest.raises(ValueError, match="on purpose"):
        make_engine().exchange(random_parts(0), functions.broken, "key", 3)


def test_the_local_engine_uses_threads_of_this_process():
    frames = LocalEngine(threads=2).map(random_parts(0, parts=40), functions.where)
    assert {int(rows["process"][0]) for rows in frames} == {os.getpid()}


def test_no_more_parts_are_loaded_at_once_than_memory_holds():
    parts = [RowsPart({"x": np.zeros(1_000)}) for _ in range(12)]
    one = WORKING * 8 * 1_000
    for memory, expected in ((one // 2, 1), (one, 1), (3 * one, 3), (100 * one, 5)):
        engine = LocalEngine(memory=memory, threads=5)
        frames = engine.map(parts, functions.thread_of_rows)
        assert len({int(rows["thread"][0]) for rows in frames}) <= expected
        if expected > 1:
            assert len({int(rows["thread"][0]) for rows in frames}) > 1
        made = engine.exchange(parts, functions.thread_of_rows, "thread", 7)
        threads = {number for part in made for number in part.load()["thread"].tolist()}
        assert len(threads) <= expected


# exchange


@every_engine
@pytest.mark.parametrize("buckets", [1, 5, 64])
def test_exchange_brings_equal_keys_together(make_engine, buckets):
    parts = random_parts(1)
    made = [part.load() for part in make_engine().exchange(
        parts, functions.unchanged, "key", buckets)]  # fmt: skip
    assert 0 < len(made) <= buckets
    for rows in made:
        # Sorted by all columns, in their order; NaN comes last.
        order = [tuple((value != value, value) for value in row) for row in as_tuples(rows)]
        assert order == sorted(order)
    keys = [set(rows["key"].tolist()) for rows in made]
    assert sum(map(len, keys)) == len(set.union(*keys))
    before = sorted(map(str, as_tuples(reduce_rows([part.load() for part in parts]))))
    assert sorted(map(str, as_tuples(reduce_rows(made)))) == before


@pytest.mark.parametrize("seed", range(5))
def test_spilling_changes_nothing(seed: int):
    parts = random_parts(seed, parts=9)
    kept = LocalEngine().exchange(parts, functions.odd_only, "key", 8)
    # From "spill after every part" to "spill once, with a rest in memory".
    for memory in (1, 10_000, 20_000):
        spilled = LocalEngine(memory=memory).exchange(parts, functions.odd_only, "key", 8)
        assert type(spilled[0]).__name__ == "SpilledPart"
        assert len(spilled) == len(kept)
        for one, two in zip(kept, spilled, strict=True):
            same(one.load(), two.load())


def test_the_order_of_parts_changes_nothing():
    parts = random_parts(2)
    one = LocalEngine().exchange(parts, functions.unchanged, "key", 8)
    two = LocalEngine().exchange(parts[::-1], functions.unchanged, "key", 8)
    for left, right in zip(one, two, strict=True):
        same(left.load(), right.load())


def test_all_engines_make_the_same_rows():
    parts = random_parts(3)
    made = [
        reduce_rows(
            [p.load() for p in make().exchange(parts, functions.unchanged, "key", 4)],
            ["key", "x", "share"],
        )
        for make in ENGINES.values()
    ]
    for rows in made[1:]:
        same(made[0], rows)


@every_engine
def test_exchange_of_nothing(make_engine):
    assert make_engine().exchange(random_parts(4), functions.nothing, "key", 3) == []
    assert make_engine().exchange([], functions.unchanged, "key", 3) == []


def test_spilled_parts_travel_and_their_folder_goes_with_the_last(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = LocalEngine(memory=1).exchange(random_parts(5), functions.unchanged, "key", 3)
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    same(pickle.loads(pickle.dumps(made[0])).load(), made[0].load())
    same(ProcessEngine(1).map(made, functions.unchanged)[0], made[0].load())
    last = made.pop()
    del made
    assert folder.exists()
    assert len(last.load()["key"])
    del last
    assert not folder.exists()


def test_a_failed_exchange_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    parts = [*random_parts(6), RowsPart({"y": np.zeros(3)})]
    with pytest.raises(KeyError):
        LocalEngine(memory=1, threads=1).exchange(parts, functions.odd_only, "key", 3)
    assert list(tmp_path.iterdir()) == []


def test_what_killed_runs_left_goes_when_rows_are_spilled(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "platerisk-left.held"
    left.mkdir()
    (left / "bucket-00000.arrows").write_text("rows")
    os.utime(left, (1, 1))
    LocalEngine().exchange(random_parts(5), functions.unchanged, "key", 3)
    assert left.is_dir()
    LocalEngine(memory=1).exchange(random_parts(5), functions.unchanged, "key", 3)
    assert not left.exists()


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("where", ["write_table", "close"])
def test_a_full_disk_is_named_and_nothing_is_left(tmp_path, monkeypatch, sealed, where):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = Spill._writer
    monkeypatch.setattr(
        Spill, "_writer", lambda *of: SimpleNamespace(**{
            "write_table": lambda table: None, "close": writer(*of).close, where: full
        }),
    )  # fmt: skip
    parts = [RowsPart(part.load(), sealed=sealed) for part in random_parts(5)]
    with pytest.raises(EngineError, match=rf"{tmp_path}: no space .*TMPDIR.*--memory"):
        LocalEngine(memory=1).exchange(parts, functions.unchanged, "key", 3)
    assert list(tmp_path.iterdir()) == []


# reduce


@every_engine
def test_reduce_sorts_and_keeps_the_order_of_equals(make_engine):
    frames = [
        {"a": np.array([2, 1]), "b": np.array([0, 1]), "c": np.array([10, 11])},
        {"a": np.array([], int), "b": np.array([], int), "c": np.array([], int)},
        {"a": np.array([1, 2]), "b": np.array([1, -1]), "c": np.array([12, 13])},
    ]
    engine = make_engine()
    assert engine.reduce(frames, ["a"])["c"].tolist() == [11, 12, 10, 13]
    assert engine.reduce(frames, ["a", "b"])["c"].tolist() == [11, 12, 13, 10]
    assert engine.reduce(frames)["c"].tolist() == [10, 11, 12, 13]
    assert engine.reduce([]) == {}
    assert engine.reduce(frames[1:2], ["a"])["c"].tolist() == []


def test_reduce_takes_its_types_from_rows_not_from_nothing():
    rows = reduce_rows([{"a": np.array([])}, {"a": np.array([3], np.int32)}], ["a"])
    assert rows["a"].dtype == np.int32


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40))
def test_sorting_is_stable_and_by_the_first_column_first(pairs: list[tuple[int, int]]):
    rows = {
        "a": np.array([a for a, _ in pairs], int),
        "b": np.array([b for _, b in pairs], int),
        "i": np.arange(len(pairs)),
    }
    found = as_tuples(sort_rows(rows, ["a", "b"]))
    assert found == sorted(as_tuples(rows), key=lambda row: row[:2])


# What an engine has


@every_engine
def test_what_an_engine_has_is_asked_in_one_place(make_engine, tmp_path):
    engine = make_engine()
    resources = engine.resources
    assert isinstance(engine, Engine) and resources.memory > 0
    assert resources.shared_memory in (None, resources.memory)
    resuming = ResumingEngine(engine, tmp_path / "work")
    assert isinstance(resuming, Engine) and resuming.resources == resources
    told = []
    resuming.on_part = lambda done, total: told.append((done, total))
    resuming.map(random_parts(0, parts=3), functions.unchanged)
    assert engine.on_part is resuming.on_part and (3, 3) in told


def test_parts_share_the_memory_of_this_process_and_of_no_other():
    engine = LocalEngine(memory="300MB", threads=3)
    assert engine.resources == base.Resources(memory=300_000_000, at_once=3)
    assert engine.resources.shared_memory == 300_000_000
    assert ProcessEngine().resources.shared_memory is None


def test_who_divides_work_asks_nothing_else_of_an_engine():
    # Reading chooses by kind, and what is taken for an engine is found out; measures never may.
    package = Path(base.__file__).parents[1]
    guess = re.compile(
        r"getattr\(\s*[\w.\[\]\"]*(engine|runner)\b|hasattr\(\s*(engine|runner)\b"
        r"|isinstance\([^()]*(Local|Spark|Resuming)Engine\)|\bengine\.(memory|threads)\b"
    )
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if guess.search(re.sub(r">>>.*", "", path.read_text(encoding="utf-8")))
    }
    assert found == {"engine/bare.py", "ingest/reader.py"}


# Derived parts


def test_a_derived_part_is_made_once_and_again_where_it_is_sent():
    functions.calls = 0
    part = DerivedPart(RowsPart({"x": np.arange(5)}), functions.counted)
    assert functions.calls == 0
    assert part.load()["x"].tolist() == part.load()["x"].tolist() == [1, 2, 3, 4, 5]
    assert functions.calls == 1
    copy = pickle.loads(pickle.dumps(part))
    assert copy.load()["x"].tolist() == [1, 2, 3, 4, 5]
    assert functions.calls == 2


def test_derived_parts_are_kept_within_one_budget(monkeypatch):
    functions.calls = 0
    held = base._kept_bytes
    monkeypatch.setattr(base, "KEPT_BYTES", held + 100)
    parts = [DerivedPart(RowsPart({"x": np.arange(5)}), functions.counted) for _ in range(4)]
    for _ in range(2):
        for part in parts:
            part.load()
    # Of forty bytes each, two fit; the others are made again.
    assert functions.calls == 6 and base._kept_bytes == held + 80
    del parts, part
    assert base._kept_bytes == held


def test_derived_parts_are_kept_within_a_share_of_the_memory():
    functions.calls = 0
    held = base._kept_bytes
    parts = [DerivedPart(RowsPart({"x": np.arange(5)}), functions.counted) for _ in range(4)]
    engine = LocalEngine(memory=base.KEPT_SHARE * (held + 100), threads=1)
    for _ in range(2):
        engine.map(parts, functions.unchanged)
    # Of forty bytes each, two fit; the others are made again.
    assert functions.calls == 6 and base._kept_bytes == held + 80
    LocalEngine(memory="1GB", threads=1).exchange(parts, functions.unchanged, "x", 2)
    assert functions.calls == 8 and base._kept_bytes == held + 160


def test_a_large_derived_part_is_not_kept():
    functions.calls = 0
    part = DerivedPart(RowsPart({"x": np.arange(5)}), functions.counted, keep=4)
    part.load()
    part.load()
    assert functions.calls == 2


def test_only_the_recipe_of_a_derived_part_travels():
    base = DerivedPart(RowsPart({"x": np.arange(3)}), functions.scaled, {"factor": 0})
    before = len(pickle.dumps(base))
    base.load()
    assert len(pickle.dumps(base)) == before


@every_engine
def test_parts_of_parts(make_engine):
    first = [RowsPart({"x": np.arange(number, number + 3)}) for number in range(4)]
    second = [DerivedPart(part, functions.scaled, {"factor": 10}) for part in first]
    third = [DerivedPart(part, functions.counted) for part in second]
    frames = make_engine().map(third, functions.scaled, {"factor": -1})
    assert [rows["x"].tolist() for rows in frames] == [
        [-(10 * x + 1) for x in range(number, number + 3)] for number in range(4)
    ]


# The engine of the tests


def test_the_process_engine_runs_elsewhere_and_in_random_order():
    engine, again, other = ProcessEngine(1), ProcessEngine(1), ProcessEngine(2)
    parts = random_parts(7, parts=12)
    frames = engine.map(parts, functions.where)
    again.map(parts, functions.nothing)
    other.map(parts, functions.nothing)
    assert {int(rows["process"][0]) for rows in frames} == engine.process_ids
    assert os.getpid() not in engine.process_ids
    assert sorted(engine.orders[0]) == list(range(12)) != engine.orders[0]
    assert engine.orders == again.orders != other.orders


def test_the_process_engine_refuses_what_does_not_travel():
    with pytest.raises((AttributeError, pickle.PicklingError)):
        ProcessEngine().map(random_parts(8), lambda rows, broadcast: rows)
    with pytest.raises(AssertionError, match="unequal"):
        ProcessEngine().map(random_parts(8), functions.unequal)


# Buckets, spill files, choosing an engine


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=60), st.integers(1, 100))
def test_buckets_depend_on_the_key_alone(keys: list[int], buckets: int):
    found = bucket_of(np.array(keys, np.int64), buckets)
    assert ((found >= 0) & (found < buckets)).all()
    alone = [int(bucket_of(np.array([key], np.int64), buckets)[0]) for key in keys]
    assert found.tolist() == alone


def test_small_and_large_integers_share_their_buckets():
    keys = np.arange(-50, 1_000)
    np.testing.assert_array_equal(bucket_of(keys.astype(np.int32), 7), bucket_of(keys, 7))


@pytest.mark.parametrize("step", [1, 2, 64, 1_000_003, 2**32])
def test_buckets_are_even_for_regular_keys(step: int):
    # 64,000 keys in 64 buckets: 1,000 each, give or take five standard deviations (31.4).
    counts = np.bincount(bucket_of(np.arange(64_000, dtype=np.int64) * step, 64), minlength=64)
    assert abs(counts - 1_000).max() < 160


@given(st.lists(st.integers(0, 6), max_size=50))
@settings(max_examples=50)
def test_split_rows_keeps_all_rows_in_order(buckets: list[int]):
    bucket = np.array(buckets, int)
    pieces = split_rows({"i": np.arange(len(bucket))}, bucket, 7)
    assert [piece["i"].tolist() for piece in pieces] == [
        np.flatnonzero(bucket == number).tolist() for number in range(7)
    ]


def test_spill_files_give_back_what_was_written(tmp_path: Path):
    spill = Spill(3, tmp_path)
    chunks = [part.load() for part in random_parts(9, parts=4, rows=11)]
    for number, rows in enumerate(chunks):
        spill.append(number % 2, [rows])
    spill.append(2, [])
    spill.close()
    same(spill.rows(0), reduce_rows([chunks[0], chunks[2]]))
    same(spill.rows(1), reduce_rows([chunks[1], chunks[3]]))
    assert spill.rows(2) == {}
    spill.drop(0)
    spill.drop(2)
    spill.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 * 10**9), ("1.5 gb", 1_500_000_000), ("512MiB", 512 * 10**6), ("3k", 3_000),
     ("2000000", 2_000_000), (7, 7), ("1TB", 10**12)],
)  # fmt: skip
def test_amounts_of_memory(text: object, size: int):
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1GB", "2GBB", 0, -5, None, 1.5, "0", "0GB"])
def test_what_is_not_an_amount_of_memory_is_refused(text: object):
    with pytest.raises(UsageError, match="2GB"):
        parse_memory(text)


@pytest.mark.parametrize(("text", "instead"), [("2", "2GB"), (" 16 ", "16GB"), ("1.5", "1.5GB"),
                                               ("999999", "999999MB")])  # fmt: skip
def test_a_small_amount_without_a_unit_is_not_taken_for_bytes(text: str, instead: str):
    with pytest.raises(UsageError, match=f"write .*{instead}"):
        parse_memory(text)


@pytest.mark.parametrize("number", [5, 999_999])
def test_a_small_number_given_by_a_user_is_not_taken_for_bytes(number: int):
    for engine in ("local", "spark"):
        with pytest.raises(UsageError, match=f"memory {number} has no unit .* write {number}GB or"):
            get_engine(engine, number)
    assert get_engine("local", 1_000_000).memory == 1_000_000
    own = LocalEngine(memory=number)
    assert get_engine(own, number) is own and own.memory == number


def test_engines_are_found_by_name():
    assert isinstance(get_engine(), LocalEngine)
    assert get_engine("local", "1GB").memory == 10**9
    mine = ProcessEngine()
    assert get_engine(mine) is mine
    for wrong in ("dask", None, 3, ProcessEngine):
        with pytest.raises(UsageError, match="engine='local' or engine='spark'"):
            get_engine(wrong)
    with pytest.raises(UsageError, match="memory"):
        get_engine("local", "lots")


class OnlyVerbs:
    """An engine of somebody else, which knows the seam and nothing more."""

    def map(self, parts, function, broadcast=None):
        return [function(part.load(), broadcast or {}) for part in parts]

    def exchange(self, parts, function, key, buckets, broadcast=None):
        return LocalEngine(threads=1).exchange(parts, function, key, buckets, broadcast)

    def reduce(self, frames, key=()):
        return reduce_rows(frames, key)


def test_an_engine_that_has_the_three_verbs_alone_gives_the_same():
    sightings = az.synthetic.make_region(vehicles=120, days=6, seed=3).sightings.with_parts(4)
    for measure in (az.measure_unicity, az.find_companions, az.sweep_retention):
        expected, found = (measure(sightings, engine=on) for on in ("local", OnlyVerbs()))
        assert found.to_pandas().equals(expected.to_pandas())
