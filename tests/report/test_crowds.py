import numpy as np
import pytest

from analyzer.report.crowds import published_anonymity, published_plateless, published_sizes
from analyzer.report.disclosure import DEFAULT_K
from analyzer.risk.adversary import Adversary
from analyzer.risk.anonymity import measure_anonymity
from analyzer.risk.crowd_sizes import BELOW, crowd_sizes
from analyzer.risk.plateless import measure_plateless
from analyzer.sightings import from_arrays


@pytest.mark.parametrize("seed", range(60))
def test_no_class_under_ten_is_shown_nor_follows_from_what_is(seed):
    rng = np.random.default_rng(seed)
    k = np.repeat([1, 3, 7, 12, 30, 200], rng.choice([0, 1, 4, 9, 10, 40], 6))
    if len(k) < DEFAULT_K:
        return
    sizes = crowd_sizes(k, 1_000, "exact")
    figures, classes = published_sizes(sizes)
    shown = classes["vehicles"].dropna()
    assert not ((shown > 0) & (shown < DEFAULT_K)).any()
    hidden = classes["vehicles"].isna()
    # The total is known, so a class hidden alone would follow from the others; and a share under a
    # limit may add nothing to what the classes say.
    assert hidden.sum() != 1
    for limit in BELOW:
        inside = classes["k_from"] < limit
        known = figures[f"k_below_{limit}"] is not None
        assert known <= (not hidden[inside].any())
        if known:
            share = figures[f"k_below_{limit}"]
            assert round(share.value * share.n) == classes.loc[inside, "vehicles"].sum()
    assert figures["median_k"] is not None


def test_fewer_than_ten_targets_are_not_told():
    figures, classes = published_sizes(crowd_sizes(np.full(7, 40), 1_000, "exact"))
    assert set(figures.values()) == {None}
    assert classes["vehicles"].fillna(0).sum() == 0


def test_home_and_work_and_sightings_are_held_back_too():
    # Three vehicles; nobody has a home.
    sightings = from_arrays([0, 1, 2], [0, 0, 0], [0, 0, 1], color=["red", "red", "black"])
    figures, _ = published_anonymity(measure_anonymity(sightings, Adversary(1)))
    assert len(figures) == 10
    assert set(figures["points"].values()) == {None}
    held, classes = published_plateless(measure_plateless(sightings, ["color"]))
    assert set(held.values()) == {None}
    assert classes["sightings"].fillna(0).sum() == 0
