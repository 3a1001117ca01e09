"""Errors that tell the user what is wrong, where, and what to type instead.

No message ever holds the text of a cell that may be a plate: errors name files, lines, columns and
kinds of value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class AnalyzerError(Exception):
    """Base of all errors that platerisk raises on purpose."""

    exit_status = 1


class InputError(AnalyzerError):
    """The data cannot be used as they are."""


class AmbiguousInputError(InputError):
    """The data can be read in more than one way, and the user has to say which."""


class StoreError(AnalyzerError):
    """A store is missing, damaged, locked, or cannot take what was asked of it."""


class KeyFileError(AnalyzerError):
    """A key file is unsafe, malformed, or does not belong to the store."""


class EngineError(AnalyzerError):
    """The engine that was asked for is not installed, cannot be reached, or has failed."""


class UsageError(AnalyzerError, ValueError):
    """The call is wrong: an unknown option, an impossible value."""

    exit_status = 2


class TooMuchWorkError(UsageError):
    """The work was counted first and would take too long; the message says what to ask instead.

    Attributes
    ----------
    reason : str
        How much work there is, without the advice.
    """

    def __init__(self, message: str, reason: str = ""):
        super().__init__(message)
        self.reason = reason or message


def unless_too_much(measure: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """Give what is measured, or None where it would be too much work: a report goes on without.

    Examples
    --------
    >>> def refuse():
    ...     raise TooMuchWorkError("it would take hours")
    >>> unless_too_much(refuse) is None, unless_too_much(max, 2, 5)
    (True, 5)
    """
    try:
        return measure(*given, **options)
    except TooMuchWorkError:
        return None
