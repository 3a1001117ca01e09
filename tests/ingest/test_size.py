"""Rows guessed from the size of files."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from analyzer.ingest.size import estimate_rows


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
