"""No figure of a report stands for one to nine vehicles, in tables or in what it says of data."""

import pandas as pd
import pytest

from analyzer.report.content import ReportInput
from analyzer.report.findings import publishable_data
from analyzer.report.publishable import publishable


def curve(share, n):
    return pd.DataFrame(
        {
            "points": [1],
            "value": [share],
            "low": [share / 2],
            "high": [min(1.0, 2 * share)],
            "n": [n],
            "baseline": [1 / n],
        }
    )


@pytest.mark.parametrize(
    ("share", "n", "shown"),
    [
        (0.5, 60, True),
        (0.1, 60, False),
        (9 / 1000, 1000, False),
        (0.01, 1000, True),
        (0.0, 60, True),
    ],
)
def test_a_share_that_stands_for_few_is_blank(share, n, shown):
    table = publishable(ReportInput(title="x", unicity_curve=curve(share, n)), k=10).unicity_curve
    assert table["value"].notna().tolist() == [shown]
    assert table["high"].notna().tolist() == [shown]


@pytest.mark.parametrize(("once", "shown"), [(3 / 43, False), (20 / 43, True), (0.0, True)])
def test_the_share_seen_once_is_left_out_where_it_stands_for_few(once, shown):
    data = {"rows_read": 90, "vehicles": 43, "vehicles_seen_once": once}
    assert ("vehicles_seen_once" in publishable_data(data, 10)) == shown


def test_what_can_identify_a_source_is_left_out():
    data = {"rows_read": 9, "notes": ["Police of X"], "files": [{"name": "a.csv"}], "clocks": []}
    assert publishable_data(data, 10) == {"rows_read": 9}
