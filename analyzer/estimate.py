"""A figure that can be cited: its value, its interval, its n, its method and its baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

Z_95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""

WITHHELD = "withheld"
HELD = (WITHHELD, "held back")
"""With which the method of a figure begins that is not given."""

AMONG_MORE = "those that could not be counted are not in"
"""What the method of a figure says whose n holds a few units more than were counted."""

ROUNDED_UP = "n rounded up to a multiple of"
"""What the method of a figure says whose n would tell of few beside other figures."""

ALL_BUT_FEW = "all but fewer than"
"""With which the method of a share begins that is given as a bound: those left out are few."""


ROUNDED = "in whole vehicles"
"""What the method of a share says that is told in whole units alone."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, the number of units it rests on, and what chance alone gives.

    Attributes
    ----------
    value, low, high : float
        The figure and the ends of its interval; NaN where there is nothing to measure.
    n : int
        Number of units (targets, vehicles, trips) behind the figure.
    method : str
        How value and interval were found.
    baseline : float or None
        The same figure for an adversary who has chance alone; None where chance has no meaning.

    Examples
    --------
    >>> Estimate(0.934, 0.912, 0.951, 500, "Wilson, 95 %").percent()
    '93 % (91–95 %)'
    """

    value: float
    low: float
    high: float
    n: int
    method: str
    baseline: float | None = None

    @property
    def is_measured(self) -> bool:
        """Whether there was anything to measure."""
        return not math.isnan(self.value)

    def percent(self, of: str = "") -> str:
        """Write the share and its interval as a reader expects them, e.g. ``93 % (91–95 %)``.

        More digits are shown only as far as the ends of the interval need them to differ.

        Parameters
        ----------
        of : str
            What it is a share of, written between share and interval.

        Examples
        --------
        >>> Estimate(0.934, 0.912, 0.951, 500, "Wilson, 95 %").percent("vehicles")
        '93 % of vehicles (91–95 %)'
        """
        if not self.is_measured:
            return WITHHELD if self.method.startswith(HELD) else "not measurable"
        if self.is_bound:
            floor, digits = bound_percent(self.value)
            return f"over {floor:.{digits}f} %{f' of {of}' if of else ''}"
        for digits in range(4):
            low, high = (f"{100 * end:.{digits}f}" for end in (self.low, self.high))
            if low != high:
                break
        whole = f" of {of}" if of else ""
        return f"{100 * self.value:.{digits}f} %{whole} ({low}–{high} %)"

    @property
    def is_bound(self) -> bool:
        """Whether the value is a bound below the share, because those left out are few."""
        return self.method.startswith(ALL_BUT_FEW)

    @property
    def is_exact(self) -> bool:
        """Whether the value is measured and given, and no bound."""
        return self.is_measured and not self.is_bound

    def tells_of_few(self, k: int) -> bool:
        """Whether the share stands for fewer than k units, for all but so few, or is of so few.

        Nobody, and everybody of k units or more, may be told; a mean over several days that stands
        for less than one unit is not nobody.

        Examples
        --------
        >>> [wilson(found, 400).tells_of_few(10) for found in (0, 3, 12, 398, 400)]
        [False, True, False, True, False]
        >>> wilson(0, 9).tells_of_few(10), Estimate(1e-3, 0.0, 0.01, 400, "mean").tells_of_few(10)
        (True, True)
        """
        if not self.is_measured or self.is_bound:
            return False
        count = self.value * self.n
        return (
            0 < self.n < k
            or some_but_few(count, k)
            or some_but_few(self.n - count, k)
        )

    def withheld(self, k: int) -> Estimate:
        """Give the share as it may be published, where units under k are not told of.

        Of 1 to k - 1 units nothing is given. Of all but 1 to k - 1 the share with k units left
        out is given, as a bound from below.

        Examples
        --------
        >>> wilson(3, 1000).withheld(10).percent(), wilson(0, 1000).withheld(10).value
        ('withheld', 0.0)
        >>> wilson(997, 1000).withheld(10).percent(), wilson(997, 1000).withheld(10).value
        ('over 99 %', 0.99)
        """
        if not self.tells_of_few(k):
            return self
        if some_but_few(self.value * self.n, k) or self.n < 2 * k:
            return self.hidden(k)
        bound = 1 - k / self.n
        method = f"{ALL_BUT_FEW} {k}: more than this; {self.method}"
        return Estimate(bound, bound, 1.0, self.n, method, self.baseline)

    def among(self, n: int, *, per: int = 1) -> Estimate:
        """Give the share of `n` units, of which those that were not counted lack the property.

        Where all but a few units were counted, the number of those counted tells how many were
        not; the same share of all of them does not, if it is told in whole units. All digits of a
        mean over several days would give the number counted back.

        Parameters
        ----------
        n : int
            Units of which it is a share.
        per : int
            Parts into which a unit is divided, as where the share is one of so many days.

        Examples
        --------
        >>> share = wilson(300, 397).among(400)
        >>> share.value, share.n
        (0.75, 400)
        >>> share = Estimate(272 / 656, 0.35, 0.48, 189, "mean over days").among(190)
        >>> [round(190 * end, 9) for end in (share.value, share.low, share.high)]
        [78.0, 66.0, 91.0]
        """
        method = f"{self.method}; of all {n}, {ROUNDED}: {AMONG_MORE} the share"
        if not self.is_measured:
            return replace(self, n=n, method=method)
        counts = [round(end * self.n * per, 6) for end in (self.value, self.low, self.high)]
        # Less than half a unit is not nobody.
        nearest = round(counts[0]) or int(counts[0] > 0)
        ends = (nearest, min(math.floor(counts[1]), nearest), max(math.ceil(counts[2]), nearest))
        baseline = self.baseline and float(f"{self.baseline:.2g}")
        return Estimate(*(end / (n * per) for end in ends), n, method, baseline)

    def hidden(self, k: int) -> Estimate:
        """Give the estimate without its figures, because they would give a small count away."""
        method = f"{WITHHELD}: it would give a count of fewer than {k} away"
        return Estimate(math.nan, math.nan, math.nan, self.n, method)

    def to_dict(self) -> dict[str, float | int | str | None]:
        """Give the figure as JSON-able fields; NaN becomes None."""
        return {
            name: None if isinstance(field, float) and math.isnan(field) else field
            for name, field in asdict(self).items()
        }


def bound_percent(value: float) -> tuple[float, int]:
    """Round a bound from below down, and say with how many digits to write it, in percent.

    With as many digits as keep what is left out to about twice what it is.

    Examples
    --------
    >>> bound_percent(0.9948), bound_percent(0.99998)
    ((99.0, 0), (99.998, 3))
    """
    digits, floor = 0, 0.0
    while digits < 6:
        floor = math.floor(round(100 * value * 10**digits, 6)) / 10**digits
        if 100 - floor <= 2 * (100 - 100 * value):
            break
        digits += 1
    return floor, digits


def some_but_few(count: float, k: int) -> bool:
    """Whether a count stands for 1 to k - 1 units.

    Examples
    --------
    >>> [some_but_few(count, 10) for count in (0, 3, 10)]
    [False, True, False]
    """
    # Products of shares end a little beside whole numbers.
    return count > 1e-6 and round(count) < k


def wilson(
    successes: int, n: int, *, method: str = "Wilson, 95 %", baseline: float | None = None
) -> Estimate:
    """Estimate a share with Wilson's score interval at 95 %.

    Parameters
    ----------
    successes, n : int
        Units that have the property, and all units.
    method : str
        Text kept with the figure.
    baseline : float, optional
        What chance alone gives.

    Returns
    -------
    Estimate
        All NaN where `n` is zero.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22, 209–212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> share = wilson(8, 10)
    >>> share.value, round(share.low, 4), round(share.high, 4)
    (0.8, 0.4902, 0.9433)
    """
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, method, baseline)
    # Plain numbers: four times n squared leaves 32 bits, and numpy's numbers are not JSON.
    n = int(n)
    share = float(successes / n)
    low, high = _wilson_ends(share, n)
    # At the borders the interval ends exactly there; rounding must not push the value outside it.
    low = 0.0 if successes == 0 else min(low, share)
    high = 1.0 if successes == n else max(high, share)
    return Estimate(share, low, high, n, method, baseline)


def _wilson_ends(share: float, n: float) -> tuple[float, float]:
    z2 = Z_95 * Z_95
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return centre - half, centre + half


def wilson_clustered(
    successes: int,
    n: int,
    squares: tuple[int, int, int],
    *,
    method: str,
    baseline: float | None = None,
) -> Estimate:
    """Estimate a share of units that come in clusters and resemble each other there.

    Wilson's score interval with the number of independent units that would be as informative: n
    over the design effect, which comes from the linearised variance of a ratio of sums over
    clusters.

    Parameters
    ----------
    successes, n : int
        Units that have the property, and all units.
    squares : tuple of int
        With s the successes and m the units of a cluster, the sums over clusters of s², s·m, m².
    method : str
        Text kept with the figure.
    baseline : float, optional
        What chance alone gives.

    Returns
    -------
    Estimate
        All NaN where `n` is zero.

    References
    ----------
    Dean, N., Pagano, M. (2015). Evaluating confidence interval methods for binomial proportions in
    clustered surveys. Journal of Survey Statistics and Methodology 3, 484–503.
    doi:10.1093/jssam/smv024

    Examples
    --------
    A hundred clusters of one unit are a hundred units; of two equal units, they are no more.

    >>> single = wilson_clustered(30, 100, (30, 30, 100), method="")
    >>> double = wilson_clustered(60, 200, (120, 120, 400), method="")
    >>> round(single.high, 3), round(double.high, 3), double.n
    (0.396, 0.396, 200)
    """
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, method, baseline)
    successes, n = int(successes), int(n)
    share = successes / n
    of_both, of_products, of_units = squares
    variance = (of_both - 2 * share * of_products + share * share * of_units) / n**2
    if 0 < successes < n and variance > 0:
        informative = min(n, share * (1 - share) / variance)
    else:
        # Every unit alike: what is left to count are clusters of the usual size.
        informative = n * n / of_units
    low, high = _wilson_ends(share, informative)
    low = 0.0 if successes == 0 else min(low, share)
    high = 1.0 if successes == n else max(high, share)
    return Estimate(share, low, high, n, method, baseline)


def mean_estimate(
    values: Sequence[float],
    *,
    method: str = "mean; normal, 95 %",
    baseline: float | None = None,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> Estimate:
    """Estimate a mean with the interval that the normal distribution gives.

    Parameters
    ----------
    values : sequence of float
        One value a unit.
    method : str
        Text kept with the figure.
    baseline : float, optional
        What chance alone gives.
    within : tuple of float
        Ends beyond which no value can lie; the interval is cut there.

    Returns
    -------
    Estimate
        All NaN where there is no value; of one value the interval is all of `within`.

    Examples
    --------
    >>> mean = mean_estimate([0.25, 0.5, 0.75, 1.0], within=(0, 1))
    >>> mean.value, round(mean.low, 3), round(mean.high, 3)
    (0.625, 0.309, 0.941)
    """
    n = len(values)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, method, baseline)
    mean = math.fsum(values) / n
    if n == 1:
        return Estimate(mean, within[0], within[1], 1, method, baseline)
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = Z_95 * math.sqrt(variance / n)
    return Estimate(
        mean, max(mean - half, within[0]), min(mean + half, within[1]), n, method, baseline
    )
