"""Entropy of where somebody goes, and the predictability that it bounds.

Entropies are in bits throughout, logarithms to base 2 in both the estimator and Fano's inequality:
mixing bases, and counting other places than those of the person, are the known errors in
published reckonings of the bound.

References
----------
Song, C., Qu, Z., Blumm, N., Barabási, A.-L. (2010). Limits of predictability in human mobility.
Science 327, 1018–1021. doi:10.1126/science.1177170

Kontoyiannis, I., Algoet, P. H., Suhov, Y. M., Wyner, A. J. (1998). Nonparametric entropy estimation
for stationary processes and random fields. IEEE Transactions on Information Theory 44, 1319–1327.
doi:10.1109/18.669425
"""

from __future__ import annotations

import math

import numba
import numpy as np

from analyzer.risk.open_table import find_key, table_room

_BISECTIONS = 60
"""Halvings that leave no digit of a share in doubt."""


@numba.njit(cache=True, nogil=True)
def match_lengths(symbols: np.ndarray) -> np.ndarray:
    """Find how far the sequence from each position on was seen before that position.

    A suffix automaton of the symbols before the position is kept, and the match is carried along:
    from one position to the next it loses its first symbol and grows at its end, so that the work
    grows as the length of the sequence (expected, by hashing).

    Parameters
    ----------
    symbols : numpy.ndarray of int64, shape (n,)
        Whole numbers from 0.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        For position i the largest l such that ``symbols[i:i + l]`` stands somewhere within
        ``symbols[:i]``.

    Examples
    --------
    >>> match_lengths(np.array([0, 1, 0, 1, 0, 2])).tolist()
    [0, 0, 2, 2, 1, 0]
    """
    n = len(symbols)
    lengths = np.zeros(n, np.int64)
    if n == 0:
        return lengths
    alphabet = symbols.max() + 1
    # An automaton of n symbols has at most 2n states and 3n transitions.
    size = np.zeros(2 * n + 1, np.int64)
    link = np.full(2 * n + 1, -1, np.int64)
    head = np.full(2 * n + 1, -1, np.int64)
    keys = np.full(table_room(3 * n + 3), -1, np.int64)
    target = np.empty(len(keys), np.int64)
    following = np.empty(len(keys), np.int64)
    states, last = 1, 0
    state, length = 0, 0
    for i in range(n):
        # The match of the position before, without its first symbol; it may have come to belong to
        # a state split off since.
        if length > 0:
            length -= 1
        while link[state] >= 0 and length <= size[link[state]]:
            state = link[state]
        while i + length < n:
            at = find_key(keys, state * alphabet + symbols[i + length])
            if keys[at] < 0:
                break
            state = target[at]
            length += 1
        lengths[i] = length

        # The automaton learns the symbol at i.
        symbol = symbols[i]
        new = states
        states += 1
        size[new] = size[last] + 1
        p = last
        at = np.int64(0)
        while p >= 0:
            at = find_key(keys, p * alphabet + symbol)
            if keys[at] >= 0:
                break
            keys[at], target[at] = p * alphabet + symbol, new
            following[at], head[p] = head[p], at
            p = link[p]
        last = new
        if p < 0:
            link[new] = 0
            continue
        q = target[at]
        if size[p] + 1 == size[q]:
            link[new] = q
            continue
        clone = states
        states += 1
        size[clone], link[clone] = size[p] + 1, link[q]
        edge = head[q]
        while edge >= 0:
            key = clone * alphabet + keys[edge] % alphabet
            copy = find_key(keys, key)
            keys[copy], target[copy] = key, target[edge]
            following[copy], head[clone] = head[clone], copy
            edge = following[edge]
        while p >= 0:
            at = find_key(keys, p * alphabet + symbol)
            if target[at] != q:
                break
            target[at] = clone
            p = link[p]
        link[q] = link[new] = clone
    return lengths


@numba.njit(cache=True, nogil=True)
def lempel_ziv_entropy(symbols: np.ndarray) -> float:
    """Estimate the entropy rate of a sequence from how far it repeats itself, in bits a symbol.

    With Λᵢ the length of the shortest sequence from position i on that was not seen within what
    stands before i, the estimate is n log₂ n / Σ Λᵢ. A match that runs to the end of the sequence
    counts as if the next symbol broke it.

    Parameters
    ----------
    symbols : numpy.ndarray of int64, shape (n,)
        Whole numbers from 0.

    Returns
    -------
    float
        Bits; NaN for an empty sequence.

    Examples
    --------
    >>> round(lempel_ziv_entropy(np.arange(8)), 6), lempel_ziv_entropy(np.zeros(400, int)) < 0.1
    (3.0, True)
    """
    n = len(symbols)
    if n == 0:
        return math.nan
    return n * math.log2(n) / (match_lengths(symbols).sum() + n)


@numba.njit(cache=True, nogil=True)
def shannon_entropy(counts: np.ndarray) -> float:
    """Give the entropy of a distribution of counts in bits.

    Examples
    --------
    >>> shannon_entropy(np.array([2, 1, 1, 0]))
    1.5
    """
    total = counts.sum()
    entropy = 0.0
    for count in counts:
        if count > 0:
            entropy -= count / total * math.log2(count / total)
    return entropy


@numba.njit(cache=True, nogil=True)
def predictability_bound(entropy: float, places: int) -> float:
    """Bound the share of visits that any predictor can tell, by Fano's inequality.

    The bound Π is the root, between 1/N and 1, of S = H(Π) + (1 − Π) log₂(N − 1), where H is the
    entropy of a share and N the number of places.

    Parameters
    ----------
    entropy : float
        S, in bits.
    places : int
        N, the distinct places of the person.

    Returns
    -------
    float
        1 where the entropy is 0 or there is one place; 1/N where the entropy is log₂ N or more,
        as the estimate of a short sequence can be.

    Examples
    --------
    >>> predictability_bound(0.0, 5), predictability_bound(2.0, 4)
    (1.0, 0.25)
    >>> round(predictability_bound(0.8, 30), 4)
    0.9189
    """
    if places <= 1 or entropy <= 0.0:
        return 1.0
    if math.isnan(entropy):
        return math.nan
    if entropy >= math.log2(places):
        return 1.0 / places
    # Between the ends the right-hand side falls from log2 N to 0.
    low, high = 1.0 / places, 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if _fano(middle, places) > entropy:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@numba.njit(cache=True, nogil=True)
def _fano(share: float, places: int) -> float:
    rest = 1.0 - share
    if rest <= 0.0:
        return 0.0
    entropy = -share * math.log2(share) - rest * math.log2(rest)
    return entropy + (rest * math.log2(places - 1) if places > 2 else 0.0)
