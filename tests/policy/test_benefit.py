"""The benefit of keeping is what a user's file says, and nothing is invented."""

from __future__ import annotations

import pandas as pd
import pytest

from analyzer.errors import InputError
from analyzer.policy.benefit import AGES, SEARCH_WINDOWS, read_uses


def test_ages_as_numbers_or_as_two_times(tmp_path):
    ages = read_uses(pd.DataFrame({"Age_days": ["3", "0.5", "", "-1", "soon", "40"]}))
    assert (ages.kind, ages.days.tolist(), ages.unread) == (AGES, [0.5, 3, 40], 3)
    path = tmp_path / "uses.csv"
    path.write_text(
        "used_at,recorded_at\n2026-03-10T12:00:00Z,2026-03-09T12:00:00Z\n"
        "2026-03-10,2026-02-28\n",
        encoding="utf-8",
    )
    assert read_uses(path).days.tolist() == [1, 10]


def test_served_counts_uses_that_are_young_enough():
    uses = read_uses(pd.DataFrame({"age_days": [0, 1, 1.5, 7, 30]}))
    assert [uses.served(days).value for days in (0, 1, 7, 29, 30)] == [0.2, 0.4, 0.8, 0.8, 1]
    assert uses.served(None).value == 1
    assert uses.served(1).n == 5
    assert uses.served(1).low < 0.4 < uses.served(1).high


def test_an_audit_export_gives_search_windows_and_says_so():
    frame = pd.DataFrame(
        {
            "ID": ["1", "2", "3"],
            "Time Frame": [
                "03/01/2026, 12:00:00 AM UTC\n03/08/2026, 12:00:00 AM UTC",
                "02/07/2026, 12:00:00 AM UTC\n03/09/2026, 12:00:00 AM UTC",
                "***",
            ],
            "Search Time": ["03/08/2026, 12:00:00 AM UTC", "03/09/2026, 12:00:00 AM UTC", "x"],
        }
    )
    uses = read_uses(frame)
    assert (uses.kind, uses.days.tolist(), uses.unread) == (SEARCH_WINDOWS, [7, 30], 1)
    assert "not how old the record was" in uses.caveat


def test_what_says_no_age_is_refused(tmp_path):
    with pytest.raises(InputError, match="no column says how old"):
        read_uses(pd.DataFrame({"plate": ["x"]}))
    with pytest.raises(InputError, match="none of the 2 rows"):
        read_uses(pd.DataFrame({"age_days": ["x", "y"]}))
    with pytest.raises(InputError, match="no such file"):
        read_uses(tmp_path / "uses.csv")
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"\xff\xfe\x00age")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        read_uses(broken)
