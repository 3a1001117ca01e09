"""The basemap's file is read as any reader of JSON reads it."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files

import numpy as np

from analyzer.report.basemap import parse_topology


def test_the_file_is_parsed_to_the_last_step():
    asset = files("analyzer.report").joinpath("assets/countries-10m.json.gz")
    text = gzip.decompress(asset.read_bytes()).decode("utf-8")
    expected, found = json.loads(text), parse_topology(text)
    arcs = expected.pop("arcs"), found.pop("arcs")
    assert len(arcs[0]) == len(arcs[1]) > 1_000
    for one, other in zip(*arcs, strict=True):
        assert other.dtype == np.int64 and other.tolist() == one
    assert expected == found
