"""Tolerance: when a known count, share or proportion agrees with a candidate's.

The known value agrees with the candidate's value c if c(1 − tolerance) ≤ known ≤ c(1 + tolerance),
both ends included. Values are fractions of whole numbers, so by default they are compared exactly,
in integers; in the compatibility mode they are compared as scikit-mobility does, in floats.
"""

from __future__ import annotations

from fractions import Fraction
from numbers import Real
from typing import NamedTuple

import numba

from analyzer.errors import UsageError

FINEST = 1_000_000
"""Largest denominator of a tolerance."""


class Tolerance(NamedTuple):
    """A tolerance as a fraction, and as the float that the user wrote.

    Attributes
    ----------
    numerator, denominator : int
        The fraction.
    written : float
        The float.
    exact : bool
        Whether values are compared as fractions.
    """

    numerator: int
    denominator: int
    written: float
    exact: bool


def make_tolerance(tolerance: float, *, exact: bool = True) -> Tolerance:
    """Take a tolerance as the fraction that was meant: 0.1 is a tenth.

    Raises
    ------
    UsageError
        If it is not a number from 0 to 1.

    Examples
    --------
    >>> make_tolerance(0.1)[:2]
    (1, 10)
    """
    if isinstance(tolerance, bool) or not isinstance(tolerance, Real) or not 0 <= tolerance <= 1:
        raise UsageError(
            f"tolerance={tolerance!r}: how far a known value may be off is a share from 0 to 1, "
            "for example tolerance=0.1"
        )
    fraction = Fraction(tolerance).limit_denominator(FINEST)
    return Tolerance(fraction.numerator, fraction.denominator, float(tolerance), exact)


@numba.njit(cache=True, nogil=True)
def is_enough(
    known: int, known_of: int, value: int, value_of: int, tolerance: Tolerance
) -> bool:
    """Tell whether ``known / known_of`` is not below ``value / value_of`` by too much."""
    numerator, denominator, written, exact = tolerance
    if exact:
        return known * value_of * denominator >= value * known_of * (denominator - numerator)
    share = value / value_of
    return known / known_of >= share - share * written


@numba.njit(cache=True, nogil=True)
def is_not_too_much(
    known: int, known_of: int, value: int, value_of: int, tolerance: Tolerance
) -> bool:
    """Tell whether ``known / known_of`` is not above ``value / value_of`` by too much."""
    numerator, denominator, written, exact = tolerance
    if exact:
        return known * value_of * denominator <= value * known_of * (denominator + numerator)
    share = value / value_of
    return known / known_of <= share + share * written
