import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.report.linkage import published_linkage
from analyzer.risk.linkage import measure_linkage

DAY, HOUR = 86_400_000, 3_600_000


def commuters(vehicles):
    """Vehicles that pass a camera of their own at an hour of their own, every day of two weeks."""
    codes = np.repeat(np.arange(vehicles), 14)
    days = 4 + np.tile(np.arange(14), vehicles)
    return from_arrays(codes, days * DAY + (6 + codes % 12) * HOUR, codes)


def test_what_stands_for_few_is_held_back():
    found = measure_linkage(commuters(9))
    assert found.success[1].value == 1
    held = published_linkage(found)
    assert "linked again is held back" in held.summary()
    figures = [held.success[1], held.assignment, held.median_rank, held.tried[0].success[5]]
    for figure in [*figures, held.by_days[0].success[1]]:
        assert np.isnan(figure.value) and np.isnan(figure.low) and figure.n == 0
    assert held.to_pandas()["value"].isna().all()


def test_what_stands_for_many_is_shown_with_its_chance():
    found = measure_linkage(commuters(12))
    held = published_linkage(found)
    assert held.success == found.success
    assert held.success[1].baseline == pytest.approx(1 / 12)
    assert held.median_rank == found.median_rank


def test_the_matches_of_releases_are_left_out():
    one, other = commuters(12), commuters(12)
    found = measure_linkage(one, other=other)
    assert len(found.matches) == 12
    held = published_linkage(found)
    with pytest.raises(UsageError, match="left out"):
        held.matches  # noqa: B018


def test_the_threshold_has_a_floor():
    with pytest.raises(UsageError, match="too low"):
        published_linkage(measure_linkage(commuters(9)), k=3)
