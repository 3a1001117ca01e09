import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.engine import LocalEngine
from analyzer.risk import profile_matching
from analyzer.risk.profile_index import count_additions
from analyzer.risk.profile_matching import KEPT_BEST, match_profiles
from analyzer.risk.profile_weights import (
    LARGEST_WEIGHT,
    MATCHERS,
    MOST_COUNTED,
    UNIT_COSINE,
    UNIT_LIKELIHOOD,
    weigh,
)
from analyzer.risk.profiles import Profiles
from tests.process_engine import ProcessEngine
from tests.risk.linkage_oracle import scores


def profiles_of(counts):
    """Profiles from dictionaries of counts by feature."""
    offsets, features, found = [0], [], []
    for own in counts:
        features += sorted(own)
        found += [own[f] for f in sorted(own)]
        offsets.append(len(features))
    return Profiles(
        np.arange(len(counts), dtype=np.int32),
        np.array(offsets, np.int64),
        np.array(features, np.int32),
        np.array(found, np.int32),
    )


def random_counts(rng, n, n_features, most, twins=True):
    counts = [
        {
            int(f): int(rng.integers(1, 6))
            for f in rng.integers(0, n_features, rng.integers(1, most))
        }
        for _ in range(n)
    ]
    # Half of them have a twin: ties on purpose.
    return counts + [dict(own) for own in counts[: n // 2]] if twins else counts


def dense(weighted, side):
    offsets, features, weights = (
        weighted[1:4] if side == "query" else weighted[4:7]
    )
    table = np.zeros((len(offsets) - 1, weighted.n_features), np.int64)
    table[np.repeat(np.arange(len(table)), np.diff(offsets)), features] = weights
    return table


def check(weighted, answers, found):
    table = dense(weighted, "query") @ dense(weighted, "candidate").T
    for row, answer, rank, best, score in zip(table, answers, *found, strict=True):
        order = np.lexsort([np.arange(len(row)), -row])
        order = order[row[order] > 0][:KEPT_BEST]
        assert best[: len(order)].tolist() == order.tolist()
        assert score[: len(order)].tolist() == row[order].tolist()
        assert (best[len(order) :] == -1).all() and (score[len(order) :] == 0).all()
        if answer < 0:
            assert np.isnan(rank)
        else:
            above, equal = (row > row[answer]).sum(), (row == row[answer]).sum()
            assert rank == above + (equal + 1) / 2


@pytest.mark.parametrize("matcher", MATCHERS)
@pytest.mark.parametrize(("n_features", "most"), [(6, 5), (40, 12), (4_000, 6)])
def test_best_and_ranks_are_those_of_the_whole_table(matcher, n_features, most):
    rng = np.random.default_rng(n_features)
    old, new = (profiles_of(random_counts(rng, n, n_features, most)) for n in (60, 90))
    weighted = weigh(matcher, old, new)
    answers = rng.integers(-1, len(new.vehicles), len(old.vehicles))
    check(weighted, answers, match_profiles(LocalEngine(), weighted, answers))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.dictionaries(st.integers(0, 7), st.integers(1, 9), min_size=1), min_size=1),
    st.lists(st.dictionaries(st.integers(0, 7), st.integers(1, 9), min_size=1), min_size=1),
    st.sampled_from(MATCHERS),
    st.randoms(use_true_random=False),
)
def test_any_profiles(old, new, matcher, random):
    weighted = weigh(matcher, profiles_of(old), profiles_of(new))
    answers = np.array([random.randrange(-1, len(new)) for _ in old])
    check(weighted, answers, match_profiles(LocalEngine(), weighted, answers))


@pytest.mark.parametrize("block", [64, 128, 8192])
@pytest.mark.parametrize("engine", [LocalEngine(threads=3), ProcessEngine(seed=3)])
def test_blocks_and_parts_change_nothing(monkeypatch, block, engine):
    rng = np.random.default_rng(4)
    old, new = (profiles_of(random_counts(rng, n, 30, 9)) for n in (80, 100))
    weighted = weigh("cosine", old, new)
    answers = rng.integers(-1, len(new.vehicles), len(old.vehicles))
    whole = match_profiles(LocalEngine(), weighted, answers)
    monkeypatch.setattr(profile_matching, "_WORK", 20)
    if isinstance(engine, LocalEngine):
        # Another process would not see the changed size.
        monkeypatch.setattr(profile_matching, "BLOCK", block)
        monkeypatch.setattr(
            profile_matching, "make_index",
            lambda weighted, make=profile_matching.make_index: make(weighted, block),
        )
    parted = match_profiles(engine, weighted, answers)
    for one, other in zip(whole, parted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_nobody_shares_is_a_tie_of_all():
    old, new = profiles_of([{1: 1}]), profiles_of([{2: 1}, {3: 4}, {4: 1}])
    found = match_profiles(LocalEngine(), weigh("cosine", old, new), np.array([1]))
    assert found.rank.tolist() == [2.0]
    assert found.best[0].tolist() == [-1] * KEPT_BEST


@pytest.mark.parametrize("matcher", MATCHERS)
def test_weights_are_those_of_the_definition(matcher):
    rng = np.random.default_rng(7)
    old, new = random_counts(rng, 30, 25, 9), random_counts(rng, 40, 25, 9)
    weighted = weigh(matcher, profiles_of(old), profiles_of(new))
    table = dense(weighted, "query") @ dense(weighted, "candidate").T
    expected = scores(matcher, dict(enumerate(old)), dict(enumerate(new)))
    unit = UNIT_COSINE**2 if matcher == "cosine" else UNIT_LIKELIHOOD
    # Each weight is off by half a unit at most.
    counted = np.array([sum(own.values()) for own in old])[:, None]
    slack = 9 / UNIT_COSINE if matcher == "cosine" else counted / UNIT_LIKELIHOOD
    assert (np.abs(table / unit - expected) <= slack).all()
    assert (table > 0).any()


def test_sums_stay_within_32_bits():
    # A plate that a reader invents may be seen millions of times.
    often = profiles_of([{f: 2_000_000 for f in range(50)}, {99: 1}])
    weighted = weigh("likelihood", often, often)
    assert weighted.query_weights[:50].sum() <= MOST_COUNTED
    assert weighted.candidate_weights.max() <= LARGEST_WEIGHT
    found = match_profiles(LocalEngine(), weighted, np.array([0, 1]))
    assert found.rank.tolist() == [1.0, 1.0]
    assert (found.scores[:, 0] > 0).all()


def test_work_is_counted_beforehand():
    old, new = profiles_of([{1: 5, 2: 1}, {2: 1}]), profiles_of([{2: 1}, {2: 2}, {1: 1, 9: 1}])
    assert count_additions(weigh("cosine", old, new)) == 3 + 2
