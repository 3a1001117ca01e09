"""The overview of patterns: figures that agree with the results, also where one is refused."""

import numpy as np
import pytest

from analyzer.errors import TooMuchWorkError
from analyzer.patterns import overview
from analyzer.patterns.overview import REGULAR, find_patterns
from analyzer.synthetic import make_region


@pytest.fixture(scope="module")
def sightings():
    return make_region(vehicles=150, days=14, seed=3).sightings


def test_shares_are_those_of_the_tables(sightings):
    found = find_patterns(sightings)
    places = found.places.to_pandas()
    homes = places.loc[places["role"] == "home", "vehicle"]
    assert found.estimates["homes"].value == homes.nunique() / sightings.n_vehicles
    seen = sightings.to_pandas()["vehicle"].value_counts()
    regular = set(seen.index[seen >= REGULAR])
    assert found.regular["homes"].n == len(regular)
    assert found.regular["homes"].value == len(set(homes) & regular) / len(regular)
    commutes = found.commutes.to_pandas()
    assert found.estimates["commutes"].value == len(commutes) / sightings.n_vehicles
    assert found.estimates["homes"].value > 0.2
    assert all(0 <= each.baseline <= 1 for each in found.regular.values())
    assert found.tables()["changes"].equals(found.routines.changes())
    assert found.tables()["trips"].equals(found.trips.to_pandas())
    assert list(found.tables()) == ["trips", "places", "routines", "commutes", "companions",
                                    "changes"]  # fmt: skip


def test_a_table_is_made_when_it_is_taken(sightings, monkeypatch):
    made = []
    found = find_patterns(sightings)
    monkeypatch.setattr(overview.Trips, "to_pandas", lambda trips: made.append(trips))
    tables = found.tables()
    assert len(tables) == 6 and "trips" in tables and not made
    _ = tables["trips"]
    assert len(made) == 1


def test_too_many_encounters_leave_the_rest_standing(sightings, monkeypatch):
    def refuse(*_, **__):
        raise TooMuchWorkError("there are 9 encounters")

    monkeypatch.setattr(overview, "find_companions", refuse)
    found = find_patterns(sightings)
    assert found.companions is None
    assert "companions" not in found.estimates
    assert "companions" not in found.tables()
    assert "there are 9 encounters" in found.summary()
    assert np.isfinite(found.estimates["homes"].value)


def test_a_report_says_that_companions_were_not_looked_for(sightings, monkeypatch, tmp_path):
    from analyzer.assessing import assess

    def refuse(*_, **__):
        raise TooMuchWorkError("there are 9 encounters")

    monkeypatch.setattr(overview, "find_companions", refuse)
    assessment = assess(sightings)
    assessment.write(tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Companions were not looked for: there are 9 encounters" in page
