"""Apart: counts of groups that lie in each other, and which of them are too near to be published.

Where the one counts a part of what the other counts, their difference is a group as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from analyzer.estimate import Estimate, some_but_few


def few_apart(count: float, others: Iterable[float], k: int) -> bool:
    """Whether a count lies 1 to k - 1 beside another one.

    Examples
    --------
    >>> few_apart(16, [17, 40], 10), few_apart(16, [16, 40], 10)
    (True, False)
    """
    return any(some_but_few(abs(count - other), k) for other in others)


def find_near(
    counts: Sequence[float | None],
    k: int,
    *,
    order: Iterable[int] | None = None,
    related: Callable[[int, int], bool] | None = None,
    shown: list[float] | None = None,
) -> list[bool]:
    """Find the counts that lie 1 to k - 1 beside one that is shown; of two, the later gives way.

    Parameters
    ----------
    counts : sequence of float or None
        Of groups that lie in each other; None where none is told.
    k : int
        Smallest count that is shown.
    order : iterable of int, optional
        In which the counts are shown; as they come by default.
    related : callable, optional
        Whether of two of them (by their places) one lies in the other; always by default.
    shown : list of float, optional
        Counts published beside these, related to all of them; those that are shown are added.

    Returns
    -------
    list of bool
        Whether each count must not be shown.

    Examples
    --------
    >>> find_near([16, 17, None, 40], 10), find_near([16, 17, None, 40], 10, order=(3, 1, 0))
    ([False, True, False, False], [True, False, False, False])
    """
    near = [False] * len(counts)
    beside = [] if shown is None else shown
    before = list(beside)
    kept: list[int] = []
    for at in range(len(counts)) if order is None else order:
        count = counts[at]
        if count is None:
            continue
        others = [counts[it] for it in kept if related is None or related(at, it)]
        if few_apart(count, (*before, *others), k):
            near[at] = True
        else:
            kept.append(at)
            beside.append(count)
    return near


def count_of(share: Estimate) -> float | None:
    """Give the vehicles for which a share stands; None where it is not given, or as a bound."""
    return share.value * share.n if share.is_exact else None
