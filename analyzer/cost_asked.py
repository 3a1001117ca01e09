"""What is asked of a verb, beside what was measured of it: steps, windows, risks and a sample.

`analyzer.cost` grows what was measured to the size of the data; here is said how much of that the
options ask for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

STEPS = {
    "grid": {"times": 6, "spaces": 4},
    "compare": {"policies": 3},
    "camera-count": {"shares": 4},
    "brief": {"windows": 8},
}
"""Options whose number multiplies the work, and how many were measured."""

FIXED = {"compare": 0.5, "brief": 0.7}
"""The share of the work as measured that is done however many steps are asked for: the lengths that
all documents of one store show, or those of the rules."""

MEAN_KEPT, LONGEST_KEPT = 17, 180
"""Days that the policies measured kept on average, and the most that any is counted for."""

WINDOWS = (1, 3, 7, 14, 21, 30, 90, 180)
"""Days kept that retention was measured with, in a store that did not stand open; and the stretches
of what a leak shows that are always looked at for places (`analyzer.policy.stretches`)."""

OF_WINDOWS = {"places": (0.59, 0.09, 0.32)}
"""Of what retention took with those windows: the share that is done once whatever is asked for
(until when half are found), the share that each leak and length takes, and the share that the days
shown take; of half a million sightings in 180 days with five choices of windows, off by 1.3 times
at most."""

KINDS = {
    "homes": "places",
    "works": "places",
    "commutes": "places",
    "visits": "places",
    "companions": "companions",
    "linkage": "linkage",
    "predictability": "predictability",
}
"""What is measured of a risk together, since it rests on the same; singling out is the verb's own
measurement."""

OF_LAST_LEAK = ("linkage", "predictability")
"""Kinds that are looked for at the last leak alone."""

USUAL_RISKS = {
    "compare": ("unicity", "homes", "works", "commutes", "companions", "linkage"),
    "sharing": ("unicity", "homes", "works", "commutes", "companions", "linkage"),
}
"""Risks that a verb looks at where none are named; of others that is being singled out."""

SAMPLED = 20_000
"""Vehicles that linkage was measured with where there are more (`benchmarks/scale_measures.py`)."""

OF_TARGETS = {"linkage": 0.8, "grid": 0.3}
"""Which share of the work as measured is done for each target, and grows with a sample. Of linkage
it is 0.7 of 17,000 vehicles and 0.9 of 68,000, of grids 0.2 and 0.4. Of `risk`, `anonymity` and
`report` a sample of 10 spared a quarter at most: all sightings are read and sorted for few targets
too."""

LINKED = 0.5
"""Of the vehicles about this share can be linked at one change of pseudonyms, since it is seen
before and after: a sample of 8,000 of 17,000 took as long as all."""


def measures_asked(verb: str, measure: str, options: Mapping[str, Any]) -> list[str]:
    """Name the measurements that make up what is asked for.

    Examples
    --------
    >>> measures_asked("retention", "retention", {"risks": ("unicity", "homes", "works")})
    ['retention', 'retention: places']
    """
    risks = options.get("risks") or USUAL_RISKS.get(verb, ())
    targets = options.get("targets") or ()
    risks = [*risks, *(str(target).partition("=")[0] for target in targets)]
    if options.get("sites") and measure in ("retention", "compare"):
        risks = [*(risks or ["unicity"]), "visits"]
    kinds = dict.fromkeys(KINDS.get(risk) for risk in risks)
    return [measure if kind is None else f"{measure}: {kind}" for kind in kinds] or [measure]


def count_steps(verb: str, options: Mapping[str, Any]) -> int:
    """Count the steps that are asked for; 0 where steps do not matter, or as many were measured.

    Examples
    --------
    >>> count_steps("grid", {"times": ["1h"], "spaces": ["zone", "camera"]})
    2
    >>> count_steps("grid", {}), count_steps("risk", {})
    (0, 0)
    """
    if verb == "retention":
        count = math.prod(map(len, _windows_asked(options)))
        return 0 if count == len(WINDOWS) else count
    return 0 if _steps(verb, options) == 1 else round(_count(verb, options))


def share_asked(
    verb: str, measure: str, options: Mapping[str, Any], days: int | None = None
) -> float:
    """Say how many times what was measured the steps are that are asked for.

    Parameters
    ----------
    verb, measure : str
        The verb, and which of its measurements.
    options : mapping
        The verb's options by name.
    days : int, optional
        Days of the data.

    Examples
    --------
    >>> share_asked("grid", "grid", {"times": ["1h"] * 3})
    0.5
    >>> share_asked("retention", "retention", {"windows": [f"{days}D" for days in WINDOWS]}, 180)
    1.0
    """
    if verb != "retention":
        return _steps(verb, options)
    kind = measure.partition(": ")[2]
    if not kind:
        # Who is singled out is found for all windows and leaks at once.
        return 1.0
    days = days or LONGEST_KEPT
    looks, shown = _looks(*_windows_asked(options), kind, days)
    usual, usually = _looks(WINDOWS, (0,), kind, days)
    if not usual:
        return 1.0
    of_all, of_looks, of_days = OF_WINDOWS.get(kind, OF_WINDOWS["places"])
    return of_all + of_looks * looks / usual + of_days * shown / usually


def share_of_targets(
    measure: str, options: Mapping[str, Any], vehicles: int | None
) -> tuple[float, str]:
    """Say how many times what was measured the work is for a sample of the vehicles, and in words.

    Examples
    --------
    >>> share_of_targets("linkage", {"sample": 2_000}, 100_000)
    (0.28, '; the sample spares 72% of it')
    >>> share_of_targets("linkage", {"sample": None}, 100_000)[1]
    '; taken 2.2 times for all vehicles, of which 20,000 were measured'
    >>> share_of_targets("risk", {"sample": 10}, 100_000)
    (1.0, '; a sample spares little of it')
    """
    sample = options.get("sample")
    verb, _, kind = measure.partition(": ")
    of = kind or verb
    if vehicles is None or of not in (*OF_TARGETS, "risk", "anonymity", "report"):
        return 1.0, ""
    if of not in OF_TARGETS:
        return 1.0, "; a sample spares little of it" if sample else ""
    there = LINKED * vehicles if of == "linkage" else vehicles
    measured = min(SAMPLED, there) if of == "linkage" else there
    targets = min(sample or there, there)
    share = round(1 - OF_TARGETS[of] + OF_TARGETS[of] * targets / measured, 2)
    if share > 1:
        return share, (
            f"; taken {share:.1f} times for all vehicles, of which {SAMPLED:,} were measured"
        )
    return share, f"; the sample spares {1 - share:.0%} of it" if share < 1 else ""


def _looks(
    windows: Sequence[int], open_for: Sequence[int], kind: str, days: int
) -> tuple[int, int]:
    """Count how often what a leak shows is looked at, over all leaks and lengths, and its days."""
    from analyzer.policy.leaks import plan_leaks

    plan = plan_leaks(0, days - 1, tuple(windows))
    shown = {min(kept + late, days) for kept in windows if kept <= plan.history
             for late in open_for}  # fmt: skip
    if kind == "places" and shown:
        shown |= {stretch for stretch in WINDOWS if stretch < max(shown)}
    leaks = 1 if kind in OF_LAST_LEAK else len(plan.leak_days)
    return leaks * len(shown), leaks * sum(shown)


def _windows_asked(options: Mapping[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    from analyzer.policy.policy import whole_days

    windows = tuple(whole_days(each, "window", least=1) for each in options.get("windows") or ())
    late = tuple(whole_days(each, "open_for", least=0) for each in options.get("open_for") or ())
    return windows or WINDOWS, late or (0,)


def _count(verb: str, options: Mapping[str, Any]) -> float:
    return math.prod(
        _number(options.get(name) or ()) or measured for name, measured in STEPS[verb].items()
    )


def _number(steps: Any) -> float:
    """Count steps; policies by the days that they keep, since those are what is looked at."""
    if not isinstance(steps, Mapping):
        return len(steps)
    kept = [LONGEST_KEPT if policy.days is None else policy.days for policy in steps.values()]
    return max(sum(min(days, LONGEST_KEPT) / MEAN_KEPT for days in kept), len(steps) / 3)


def _steps(verb: str, options: Mapping[str, Any]) -> float:
    """Say how much of what was measured so many steps are."""
    if verb not in STEPS:
        return 1.0
    fixed = FIXED.get(verb, 0.0)
    return fixed + (1 - fixed) * _count(verb, options) / math.prod(STEPS[verb].values())
