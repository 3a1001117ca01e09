"""Limits and method: what a collection can and cannot show, and how its figures were found.

A limit is said only where the data call for it; which do is decided by facts, not by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.estimate import Estimate
from analyzer.report.sentences import duration_text, window_text
from analyzer.report.texts import ENGLISH, Texts

TERMS = (
    "sighting", "singling_out", "interval", "baseline", "retention", "linkage", "places",
    "companions", "left_out",
)  # fmt: skip
"""What the method box defines, in its order."""


@dataclass(frozen=True)
class Facts:
    """What decides which limits are said.

    Attributes
    ----------
    synthetic : bool
        Whether the data are made.
    days : int
        Local calendar days that the data cover.
    once, excluded : Estimate
        Shares of vehicles seen once, and with fewer than `points` points.
    points : int
        Points that the adversary knows.
    unmeasured, one_leak_day : tuple of str
        Windows longer than the data, and windows without three separate leak days.
    place_grid_m : float or None
        Side of the grid to which moving readers were snapped, in metres.
    cameras, unplaced : int
        Cameras, and those without a position.
    rows_read : int
        Rows of the input.
    rejected_by_reason : dict
        Rejected rows by reason.
    """

    synthetic: bool
    days: int
    once: Estimate
    excluded: Estimate
    points: int
    unmeasured: tuple[str, ...]
    one_leak_day: tuple[str, ...]
    place_grid_m: float | None
    cameras: int
    unplaced: int
    rows_read: int
    rejected_by_reason: dict[str, int]


def limits_of(facts: Facts, texts: Texts = ENGLISH) -> list[str]:
    """Say what a collection cannot show, as far as the facts call for it."""
    said = []

    def say(name: str, **fields: object) -> None:
        said.append(texts(f"limit.{name}", **fields))

    def percent(share: float) -> str:
        return texts("percent", n=texts.number(100 * share))

    if facts.synthetic:
        say("synthetic")
    if facts.once.is_measured and facts.once.value > 0.25:
        say("once", once=percent(facts.once.value))
    if facts.excluded.is_measured and facts.excluded.value > 0.1:
        say("excluded", excluded=percent(facts.excluded.value), points=facts.points)
    if facts.days < 28:
        said.append(texts.count_text("limit.days", texts.number(facts.days), facts.days))
    if facts.unmeasured:
        say("windows", windows=_listed(facts.unmeasured, texts))
    if facts.one_leak_day:
        say("one_leak_day", windows=_listed(facts.one_leak_day, texts))
    if facts.place_grid_m:
        say("moving", grid=texts("known.metres", n=texts.number(facts.place_grid_m)))
    if facts.unplaced:
        say(
            "unplaced",
            cameras=texts.number(facts.unplaced),
            all_cameras=texts.number(facts.cameras),
        )
    rejected = sum(facts.rejected_by_reason.values())
    if rejected and rejected > 0.01 * facts.rows_read:
        commonest = max(sorted(facts.rejected_by_reason), key=facts.rejected_by_reason.__getitem__)
        say(
            "rejected",
            rejected=texts.number(rejected),
            read=texts.number(facts.rows_read),
            reason=texts.reason(commonest),
        )
    if not facts.synthetic:
        say("truth")
    return said


def method_terms(
    *, points: int, time: str, max_gap: str, rotation: str, k: int, texts: Texts = ENGLISH
) -> list[tuple[str, str]]:
    """Give the terms of the method box, filled with the options of this run."""
    fields = {
        "points": points,
        "time": duration_text(time, texts),
        "max_gap": duration_text(max_gap, texts),
        "rotation": duration_text(rotation, texts),
        "k": k,
    }
    return [(texts(f"term.{term}"), texts(f"term.{term}.text", **fields)) for term in TERMS]


def _listed(windows: tuple[str, ...], texts: Texts) -> str:
    return texts.listed([window_text(window, texts) for window in windows], "or")
