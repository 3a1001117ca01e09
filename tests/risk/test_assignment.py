from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from analyzer.risk.assignment import assign, learn_margin


def best_sum(best, scores, n_candidates, unmatched):
    """The largest sum of all ways to match, by trying them."""
    n = len(best)
    worth = np.full((n, n_candidates + n), -np.inf)
    for q in range(n):
        for candidate, score in zip(best[q], scores[q], strict=True):
            if candidate >= 0:
                worth[q, candidate] = score
        worth[q, n_candidates + q] = unmatched[q]
    return max(
        sum(worth[q, c] for q, c in enumerate(columns))
        for columns in permutations(range(n_candidates + n), n)
    )


@pytest.mark.parametrize("seed", range(25))
def test_the_sum_is_the_largest_of_all_ways(seed):
    rng = np.random.default_rng(seed)
    best = np.array([rng.permutation(4)[:3] for _ in range(4)])
    best[rng.random(best.shape) < 0.2] = -1
    scores = np.where(best >= 0, rng.integers(0, 6, best.shape), 0)
    unmatched = rng.integers(0, 4, 4)
    # Ten times the scores: what is lost by steps of one cannot make up for one of them.
    matched = assign(best, 10 * scores, 4, 10 * unmatched, 1)
    taken = matched[matched >= 0]
    assert len(set(taken.tolist())) == len(taken)
    total = 0
    for q, candidate in enumerate(matched):
        total += unmatched[q] if candidate < 0 else scores[q][best[q] == candidate][0]
    assert total == best_sum(best, scores, 4, unmatched)


@pytest.mark.parametrize("step", [1, 50])
def test_the_sum_is_near_that_of_exact_paths(step):
    rng = np.random.default_rng(step)
    n = 400
    best = np.array([rng.permutation(300)[:20] for _ in range(n)])
    scores = -np.sort(-rng.integers(1, 2_000, (n, 20)), axis=1)
    unmatched = rng.integers(0, 1_000, n)
    matched = assign(best, scores, 300, unmatched, step)
    total = sum(
        unmatched[q] if c < 0 else scores[q][best[q] == c][0] for q, c in enumerate(matched)
    )
    cost = np.full((n, 300 + n), 10**7, float)
    cost[np.arange(n)[:, None], best] = 10_000 - scores
    cost[np.arange(n), 300 + np.arange(n)] = 10_000 - unmatched
    rows, columns = linear_sum_assignment(cost)
    exact = 10_000 * n - cost[rows, columns].sum()
    assert exact - n * step < total <= exact


def test_nobody_need_be_matched():
    best, scores = np.full((3, 2), -1), np.zeros((3, 2), int)
    assert assign(best, scores, 5, np.zeros(3, int), 1).tolist() == [-1, -1, -1]
    assert assign(best[:0], scores[:0], 5, np.zeros(0, int), 1).tolist() == []


def test_a_claim_needs_its_margin():
    best, scores = np.array([[0, 1], [2, 1]]), np.array([[9, 8], [9, 2]])
    assert assign(best, scores, 3, scores[:, 1] + 3, 1).tolist() == [-1, 2]


@pytest.mark.parametrize("seed", range(10))
def test_the_margin_gains_most(seed):
    rng = np.random.default_rng(seed)
    lead = rng.integers(0, 8, 30)
    right = rng.random(30) < lead / 8

    def gain(margin):
        claimed = lead > margin
        return 2 * np.count_nonzero(right & claimed) - np.count_nonzero(claimed)

    learned = gain(learn_margin(lead, right))
    assert learned == max(gain(margin) for margin in range(-1, 9))


def test_claims_that_never_pay_are_not_made():
    lead = np.array([3, 5, 9])
    assert not (lead > learn_margin(lead, np.zeros(3, bool))).any()
    assert learn_margin(np.zeros(0, int), np.zeros(0, bool)) == 0
