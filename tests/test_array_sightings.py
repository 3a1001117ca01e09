"""Sightings made from arrays: names by code, labels, and columns that are not known."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError


def test_vehicles_and_cameras_are_named_by_their_codes():
    made = from_arrays([2, 0], [60_000, 0], [1, 0])
    assert made.to_pandas()[["vehicle", "camera"]].values.tolist() == [["v0", "c0"], ["v2", "c1"]]
    assert made.timezone == "UTC" and made.span_ms == (0, 60_000)
    assert made.n_codes == 3 and made.n_vehicles == 2


def test_labels_are_coded_and_what_is_missing_stays_missing():
    made = from_arrays(
        [0, 1, 2, 3],
        [0] * 4,
        [0] * 4,
        make=["Opel", None, np.nan, "Audi"],
        confidence=[0.5, np.nan, 1, 0],
        frames=[1, 2, 3, 4],
    )
    assert made.labels == {"make": ["Audi", "Opel"]}
    frame = made.to_pandas()
    assert frame["make"].fillna("missing").tolist() == ["Opel", "missing", "missing", "Audi"]
    np.testing.assert_array_equal(frame["confidence"], [0.5, np.nan, 1, 0])
    assert frame["frames"].tolist() == [1, 2, 3, 4]


def test_a_column_that_is_not_known_is_told():
    with pytest.raises(UsageError, match=r"'colour' is not known.*color"):
        from_arrays([0], [0], [0], colour=["red"])
