"""Rows guessed from the size of files."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from analyzer.ingest.size import estimate_rows, look_at_file


def test_rows_of_text_and_parquet(tmp_path):
    frame = pd.DataFrame({"plate": [f"01A{n:05d}BC" for n in range(50_000)], "camera": "c1"})
    frame.to_csv(tmp_path / "one.csv", index=False)
    frame[:20_000].to_csv(tmp_path / "two.csv", index=False)
    frame.to_parquet(tmp_path / "three.parquet")
    assert estimate_rows([str(tmp_path / "one.csv")]) == pytest.approx(50_000, rel=0.001)
    assert estimate_rows([str(tmp_path / "*.csv")]) == pytest.approx(70_000, rel=0.001)
    assert estimate_rows([str(tmp_path / "three.parquet")]) == 50_000


def test_other_files_are_guessed_without_failing(tmp_path):
    for name in ("a.csv.gz", "b.xlsx", "c.json", "d.parquet", "e.csv"):
        (tmp_path / name).write_bytes(gzip.compress(bytes(1_000)) * 10)
    (tmp_path / "e.csv").write_bytes(b"")
    assert estimate_rows([str(tmp_path / "e.csv")]) == 0
    assert estimate_rows([str(tmp_path / "d.parquet")]) == 0
    assert estimate_rows([str(tmp_path / "*")]) > 0


@pytest.mark.parametrize(
    ("name", "data", "kind", "rows"),
    [
        ("a.csv", b"plate,camera\nx,1\ny,2\n", "csv", 2),
        ("a.csv", b"plate,camera\nx,1\ny,2", "csv", 2),
        ("a.csv", b"", "csv", 0),
        ("a.txt", b"plate;camera\nx;1\n", "csv", 1),
        ("a.txt", b"Event 1\nPlate: x\nCamera: 1\n\n", "other", None),
        ("a.jsonl", b'{"plate": "x"}\n{"plate": "y"}\n', "jsonl", 2),
        ("a.json", b'[{"plate": "x"}]', "other", None),
        ("a.csv.gz", gzip.compress(b"plate,camera\nx,1\n", mtime=0), "csv", 1),
        ("a.parquet", b"no parquet", "other", None),
        ("a.xlsx", b"PK", "other", None),
    ],
)  # fmt: skip
def test_rows_of_a_file_are_known_or_said_to_be_unknown(tmp_path, name, data, kind, rows):
    (tmp_path / name).write_bytes(data)
    found = look_at_file(tmp_path / name)
    assert (found.kind, found.rows) == (kind, rows)
