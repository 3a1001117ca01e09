"""One line on standard error that says now and then how far long work is."""

from __future__ import annotations

import sys
import time

import click

progress_option = click.option(
    "--progress",
    "show_progress",
    is_flag=True,
    help="Say how far the work is also where standard error is no terminal.",
)


class ProgressLine:
    """A line that is written over at a terminal; elsewhere one line every ten seconds.

    Parameters
    ----------
    shown : bool
        Whether it is shown where standard error is no terminal.
    """

    def __init__(self, shown: bool):
        self._terminal = sys.stderr.isatty()
        self.shown = shown or self._terminal
        self._begun = time.monotonic()
        self._said = self._begun
        self._width = 0

    def gone(self) -> float | None:
        """Give the seconds since the work began if it is time to say something, else None."""
        now = time.monotonic()
        if not self.shown or now - self._said < (0.5 if self._terminal else 10):
            return None
        self._said = now
        return now - self._begun

    def since_begun(self) -> float:
        """Give the seconds since the work began."""
        return time.monotonic() - self._begun

    def write(self, text: str) -> None:
        """Write the line."""
        sys.stderr.write(text.ljust(self._width) + ("\r" if self._terminal else "\n"))
        sys.stderr.flush()
        self._width = len(text)

    def end(self) -> None:
        """Clear the line."""
        if self._terminal and self._width:
            sys.stderr.write(" " * self._width + "\r")


def clock(seconds: float) -> str:
    """Say seconds as minutes and seconds.

    Examples
    --------
    >>> clock(124.4)
    '2:04'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
