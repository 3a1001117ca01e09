"""Findings: what reading a file's rows shows about the file as a whole, stretch by stretch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from analyzer.ingest.times import TimeReader


@dataclass
class Findings:
    """What was found out about a file, or about a stretch of it.

    Attributes
    ----------
    folds, serials, zoned, local : int
        Times that the clocks showed twice, that are a spreadsheet's counts of days, that carry an
        offset, and that do not.
    kinds : dict of str to str
        For each role, the kind of the first value that could not be used.
    widths : Counter of int
        How many fields the rows have that have not as many as the first.
    """

    folds: int = 0
    serials: int = 0
    zoned: int = 0
    local: int = 0
    kinds: dict[str, str] = field(default_factory=dict)
    widths: Counter[int] = field(default_factory=Counter)

    def add(self, later: Findings) -> None:
        """Add what a later stretch of the file shows.

        Examples
        --------
        >>> found = Findings(folds=1, kinds={"plate": "empty"})
        >>> found.add(Findings(folds=2, kinds={"plate": "a word", "camera": "empty"}))
        >>> found.folds, found.kinds
        (3, {'plate': 'empty', 'camera': 'empty'})
        """
        self.folds += later.folds
        self.serials += later.serials
        self.zoned += later.zoned
        self.local += later.local
        for role, kind in later.kinds.items():
            self.kinds.setdefault(role, kind)
        self.widths.update(later.widths)

    def notes(self, times: TimeReader) -> list[str]:
        """Say what is worth a note."""
        notes = []
        if self.zoned and self.local:
            notes.append("some times carry an offset and some do not")
        if times.order is not None:
            how = "settled by the profile" if times.settled else "proven by the data"
            notes.append(f"dates are {times.order}, {how}")
        if self.serials:
            notes.append(
                f"{self.serials:,} times are a spreadsheet's counts of days since 30 December 1899"
            )
        if self.folds:
            notes.append(
                f"{self.folds:,} times fall into an hour that the clocks showed twice and are "
                "read as the earlier"
            )
        return notes

    def hint(self) -> str:
        """Say what may be wrong when no row could be used."""
        found = "; ".join(f"{role} holds {kind}" for role, kind in self.kinds.items())
        if self.widths:
            found = f"rows have {self.widths.most_common(1)[0][0]} fields, unlike the first row"
        return (
            f"{found + '. ' if found else ''}If a column was taken for another, say which it is "
            "with --column SOURCE=ROLE"
        )
