"""The corpus of polluted files: never silently wrong, never a traceback."""

from __future__ import annotations

import warnings
from collections import Counter

import pytest

from tests.ingest.polluted import (
    CRASHED,
    FEWER,
    REFUSED,
    RIGHT,
    ROWS,
    WRONG,
    Case,
    base_rows,
    cases,
    judge,
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [(case, *judge(case, folder)) for case in cases()]


def test_nothing_is_silently_wrong_and_nothing_crashes(outcomes):
    bad = [(c.format, c.name, what, why) for c, what, why in outcomes if what in (WRONG, CRASHED)]
    assert bad == []


def test_most_are_right_and_refusals_are_named(outcomes):
    counts = Counter(what for _, what, _ in outcomes)
    assert len(outcomes) > 300
    assert counts[RIGHT] > 0.7 * len(outcomes)
    assert counts[FEWER] <= 3
    for case, what, why in outcomes:
        if what == REFUSED:
            assert len(why) > 30, (case.format, case.name)
            assert not any(plate in why for plate, _, _ in case.rows)


def test_clean_files_are_right_in_every_format(outcomes):
    clean = {case.format: what for case, what, _ in outcomes if case.name == "clean"}
    assert {"csv", "semicolon", "tsv", "pipe", "csv.gz", "jsonl", "json", "xml", "parquet",
            "sqlite"} <= set(clean)  # fmt: skip
    assert set(clean.values()) == {RIGHT}


def test_the_judge_sees_what_is_wrong(tmp_path):
    rows = base_rows()
    text = "plate,camera,seen_at\n" + "".join(",".join(row) + "\n" for row in rows)
    good = Case("x", "csv", ".csv", text.encode(), ROWS, rows)
    assert judge(good, tmp_path)[0] == RIGHT
    assert judge(Case("x", "csv", ".csv", text.encode(), ROWS + 1, rows), tmp_path)[0] == WRONG
    other = [("99Z999ZZ", *rows[0][1:]), *rows[1:]]
    assert judge(Case("x", "csv", ".csv", text.encode(), ROWS, other), tmp_path)[0] == WRONG
    more = [*rows, ("99Z999ZZ", *rows[0][1:])]
    assert judge(Case("x", "csv", ".csv", text.encode(), ROWS, more), tmp_path)[0] == FEWER

    def crash(*args, **options):
        raise KeyError("x")

    assert judge(good, tmp_path, crash)[0] == CRASHED
