"""Retention: what each further day of keeping sightings costs, measured by imagined leaks.

A leak on day t shows the days that the store kept. What the adversary knows is fixed beforehand
and equal for every window: points drawn once from the longest window's days. Points already
deleted help nobody, and a vehicle of which nothing known is left is not singled out. (To draw the
points inside each window instead measures something else: it presumes an adversary who knows only
what was kept, and gives a curve that is flat.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from analyzer.engine import Engine, get_engine
from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.estimate import Estimate
from analyzer.policy.exposure import states_before_leaks
from analyzer.policy.leaks import MEASURED, NOT_MEASURABLE, ONE_LEAK_DAY, plan_leaks
from analyzer.policy.outcomes import OF_ALL, check_risks, find_outcomes
from analyzer.policy.policy import Policy, whole_days
from analyzer.policy.resampling import (
    ABSENT,
    DELETED,
    IS_ALONE,
    IS_SHOWN,
    IS_TARGET,
    estimate_difference,
    estimate_share,
)
from analyzer.policy.retention_sweep import RetentionSweep, WindowRisk
from analyzer.policy.setting import SAMPLE, Setting
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import check_draw
from analyzer.risk.knowledge import knowledge_of
from analyzer.risk.points import local_times
from analyzer.schema import Rows, concatenate
from analyzer.sightings import Sightings, check_sightings
from analyzer.units import DAY_MS

WINDOWS = ("1D", "7D", "21D", "30D", "90D", "180D")


def sweep_retention(
    sightings: Sightings,
    windows: Sequence[str] = WINDOWS,
    adversary: Adversary | None = None,
    open_for: str = "0D",
    seed: int = 0,
    *,
    risks: Sequence[str] = ("unicity",),
    rotation: str = "7D",
    sample: int | None = SAMPLE,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> RetentionSweep:
    """Measure how the share of vehicles that a leak singles out grows with the days kept.

    A leak on day t shows the R days before it (R + d, if the store stood open for d days). The
    adversary knows p points of each vehicle, drawn once from its points in the H days before the
    leak, H being the longest measurable window; the draw is the same for every window. A vehicle
    is singled out if at least one of its known points is left, and no other vehicle holds all
    that are left.

    Parameters
    ----------
    sightings : Sightings
        The population.
    windows : sequence of str
        Days kept, each a whole number of days; any order.
    adversary : Adversary, optional
        Who knows what; by default four sightings to the hour and the camera.
    open_for : str
        Days for which the store stood open: retention bounds what is kept, not what a watcher
        copied.
    seed : int
        Of the draw of points (see `analyzer.risk.draw`) and of the resampling.
    risks : sequence of str
        Which risks: ``"unicity"``, and what can be inferred (``"homes"``, ``"works"``,
        ``"commutes"``, ``"companions"``) from what each leak shows; and, of the last leak alone,
        ``"linkage"`` and ``"predictability"``.
    rotation : str
        How often pseudonyms change, for linkage.
    sample : int or None
        Vehicles among which companions are looked for, drawn by chance; None takes all.
    engine, memory
        Where the parts run, and how much may be held at once.

    Returns
    -------
    RetentionSweep

    Raises
    ------
    UsageError
        If a window is not a whole number of days, there are no sightings, or bins are longer than a
        day and the adversary knows attributes or may be wrong.

    Notes
    -----
    *Denominator.* All vehicles with p points in the H days before the leak, the same for every
    window. The share among those of which something is left stands beside it.

    *Leak days and status.* See `analyzer.policy.leaks.plan_leaks`. The data cover the local
    calendar days from the first sighting to the last, both included, however late the first day
    begins or early the last one ends. A window longer than that is ``"not measurable"``, never
    extrapolated; so is every window if no vehicle has p points. H and the leak days do not depend
    on `open_for`, so that sweeps with 0, 30 and 180 days open rest on the same vehicles, points
    and leaks.

    *Intervals.* Bootstrap of whole vehicles, 95 % (see `analyzer.policy.resampling`). Where a
    window has three or more leak days at least its own length apart (``"measured"``), leak days
    are drawn again too; with so few of them the interval is still rather short. Otherwise (``"one
    leak day"``) the figure is the same mean over the leak days, and its interval holds for them
    alone.

    *Bins longer than a day* may be cut by a window's edge. A known point is left if a sighting that
    makes it lies in the window, and others hold it only by sightings in the window.

    *What the adversary knows* beside place and time is as `Adversary` says; habits are those of the
    H days, homes and works are found in all of the data. If m points may be wrong, a
    vehicle fits if it holds all but m of those that are left, so with m or fewer left everybody
    does.

    *What must rise and what need not.* With bins of a day or shorter, a longer window shows more of
    the known points and nothing new about those already shown: whoever is singled out stays so, and
    the share never falls. With longer bins, a longer window may also show that somebody else was
    there in the same bin, so the share can fall. The share among those left in the window can fall
    in either case: it is a share of ever more vehicles.

    The baseline is 1/N, the chance of a guess among all N vehicles that were seen.

    Examples
    --------
    Two vehicles, each seen once a day by its own camera, for three days.

    >>> from analyzer.sightings import from_arrays
    >>> day = 86_400_000
    >>> two = from_arrays([0] * 3 + [1] * 3, [0, day, 2 * day] * 2, [0] * 3 + [1] * 3)
    >>> sweep = sweep_retention(two, ("1D", "3D", "9D"), Adversary(points=3))
    >>> sweep.to_pandas()[["window", "status", "value", "exposed_rows"]].round(2)
      window          status  value  exposed_rows
    0     1D    one leak day    1.0          0.33
    1     3D    one leak day    1.0          1.00
    2     9D  not measurable    NaN           NaN
    """
    check_sightings(sightings)
    adversary = Adversary() if adversary is None else adversary
    check_draw(sample, seed)
    risks = check_risks(risks)
    _check_adversary(adversary)
    kept = check_windows(windows)
    open_days = whole_days(open_for, "open_for", least=0)
    runner = get_engine(engine, memory)
    clock = sightings.clock
    first_day, last_day = clock.local(np.array(sightings.span_ms)) // DAY_MS
    plan = plan_leaks(int(first_day), int(last_day), kept)
    setting = Setting(
        sightings=sightings,
        adversary=adversary,
        leak_days=plan.leak_days,
        history=plan.history,
        open_days=open_days,
        statuses=dict(zip(kept, plan.statuses, strict=True)),
        sample=sample,
        seed=int(seed),
        engine=engine,
        memory=memory,
    )
    census = concatenate(
        runner.map(
            sightings.parts("vehicle", "seen_at"),
            count_days_in_part,
            {"clock_starts": clock.starts, "clock_offsets": clock.offsets},
        )
    )
    steps: list[WindowRisk] = []
    for number, risk in enumerate(risks):
        if risk in OF_ALL:
            steps += _of_all(setting, kept, risk, rotation, census)
            continue
        states, baselines, reasons = (
            _singled_out(setting, kept, int(census["vehicles"].sum()))
            if risk == "unicity"
            else _inferred(setting, kept, risk)
        )
        steps += _window_risks(
            setting, kept, risk, states, baselines, reasons, census, salt=number
        )
    return RetentionSweep(
        windows=tuple(steps),
        adversary=adversary,
        knowledge_days=plan.history,
        open_days=open_days,
        leak_dates=tuple(_date(day) for day in plan.leak_days),
        data_days=int(last_day - first_day) + 1,
        vehicles=int(census["vehicles"].sum()),
        seed=int(seed),
        synthetic=sightings.synthetic,
    )


def _check_adversary(adversary: Adversary) -> None:
    if adversary.time_ms > DAY_MS and (adversary.attributes or adversary.missed):
        raise UsageError(
            f"time={adversary.time!r}: with bins longer than a day, which a window may cut, the "
            "sweep knows place and time alone; write time='1D' or shorter, or attributes=() and "
            "missed=0"
        )


def _singled_out(
    setting: Setting, kept: tuple[int, ...], vehicles: int
) -> tuple[np.ndarray, list[float], list[str]]:
    """Find whom each window singles out: states, what chance gives, why not measured."""
    states = np.zeros((0, len(setting.leak_days), len(kept)), np.int8)
    if setting.history:
        states = states_before_leaks(
            setting.sightings,
            setting.runner,
            {
                **knowledge_of(
                    setting.sightings, setting.adversary, setting.seed, setting.runner
                ),
                "history": setting.history,
                "leak_days": np.array(setting.leak_days, np.int64),
                "reach": np.array(kept, np.int64) + setting.open_days,
            },
        )
    return states, [1 / vehicles] * len(kept), [""] * len(kept)


def _inferred(
    setting: Setting, kept: tuple[int, ...], risk: str
) -> tuple[np.ndarray, list[float], list[str]]:
    """Find of whom each window lets something be inferred; see `_singled_out`."""
    n_vehicles = len(setting.codes) if setting.history else 0
    states = np.zeros((n_vehicles, len(setting.leak_days), len(kept)), np.int8)
    baselines, reasons = [math.nan] * len(kept), [""] * len(kept)
    for at, days in enumerate(kept):
        if setting.statuses[days] != NOT_MEASURABLE:
            found = find_outcomes(setting, Policy(f"{days}D", attributes="keep"), (risk,))
            states[:, :, at] = found.states[risk]
            baselines[at], reasons[at] = found.baselines[risk], found.unmeasured.get(risk, "")
    return states, baselines, reasons


def check_windows(windows: Sequence[str]) -> tuple[int, ...]:
    """Turn windows into days kept, ascending, each once.

    Raises
    ------
    UsageError
        If there is none, or one is not a whole number of days.

    Examples
    --------
    >>> check_windows(["7D", "1D", "1W"])
    (1, 7)
    """
    if isinstance(windows, str) or not len(windows):
        raise UsageError("windows: write one or more, for example windows=('1D', '7D', '30D')")
    return tuple(sorted({whole_days(window, "window", least=1) for window in windows}))


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _of_all(
    setting: Setting, kept: tuple[int, ...], risk: str, rotation: str, census: Rows
) -> list[WindowRisk]:
    """Measure a risk that is a figure of the whole in each window of the last leak."""
    steps = []
    for days in kept:
        status = setting.statuses[days]
        figure = Estimate(math.nan, math.nan, math.nan, 0, NOT_MEASURABLE)
        if status != NOT_MEASURABLE:
            policy = Policy(f"{days}D", rotation=rotation, attributes="keep")
            if risk != "linkage":
                policy = replace(policy, rotation=None)
            figure = find_outcomes(setting, policy, (risk,)).figures[risk]
        exposed_days = days + setting.open_days
        steps.append(
            WindowRisk(
                days=days,
                exposed_days=exposed_days,
                # One leak alone is looked at.
                status=ONE_LEAK_DAY if figure.is_measured else NOT_MEASURABLE,
                leak_days=1 if figure.is_measured else 0,
                share=figure,
                share_in_window=figure,
                exposed_vehicles=Estimate(math.nan, math.nan, math.nan, 0, "not measured"),
                exposed_rows=(
                    _exposed_rows(census, setting.leak_days, exposed_days)
                    if status != NOT_MEASURABLE
                    else math.nan
                ),
                risk=risk,
            )
        )
    return steps


def _window_risks(
    setting: Setting,
    kept: tuple[int, ...],
    risk: str,
    states: np.ndarray,
    baselines: list[float],
    reasons: list[str],
    census: Rows,
    *,
    salt: int,
) -> list[WindowRisk]:
    """Turn the states of one risk in all windows into figures."""
    steps = []
    shorter, before = np.where(states[:, :, 0] == ABSENT, ABSENT, DELETED), 0
    for at, days in enumerate(kept):
        status = setting.statuses[days] if len(states) else NOT_MEASURABLE
        measurable = status != NOT_MEASURABLE
        now = states[:, :, at] if measurable else states[:0, :, at]
        resampled = "vehicles and leak days" if status == MEASURED else "vehicles"
        found = "exact match against all vehicles" if risk == "unicity" else "as the finders name"
        method = f"{found}; mean over leak days; bootstrap of {resampled}, 95 %"
        if reasons[at] or not measurable:
            method = f"not measured: {reasons[at]}" if reasons[at] else "not measurable"
        exposed_days = days + setting.open_days
        salts = [setting.seed, days, exposed_days, *([salt] if salt else [])]
        how = {
            "days_vary": status == MEASURED,
            "rng": np.random.default_rng(salts),
            "method": method,
        }
        baseline = baselines[at]
        share = estimate_share(now, IS_ALONE, IS_TARGET, baseline=baseline, **how)
        in_window = estimate_share(now, IS_ALONE, IS_SHOWN, baseline=baseline, **how)
        exposed = estimate_share(now, IS_SHOWN, IS_TARGET, baseline=None, **how)
        added = None
        if measurable and share.is_measured:
            gained = estimate_difference(now, shorter, **how)
            added = _per_day(gained, days - before)
            shorter, before = now, days
        steps.append(
            WindowRisk(
                days=days,
                exposed_days=exposed_days,
                status=status,
                leak_days=len(setting.leak_days) if measurable else 0,
                share=share,
                share_in_window=in_window,
                exposed_vehicles=exposed,
                exposed_rows=(
                    _exposed_rows(census, setting.leak_days, exposed_days)
                    if measurable
                    else math.nan
                ),
                risk=risk,
                added_per_day=added,
            )
        )
    return steps


def _per_day(gained: Estimate, days: int) -> Estimate:
    return replace(
        gained,
        value=gained.value / days,
        low=gained.low / days,
        high=gained.high / days,
        method=f"{gained.method}; paired; per day",
    )


def _exposed_rows(census: Rows, leak_days: tuple[int, ...], exposed_days: int) -> float:
    day, rows = census["day"], census["rows"]
    before = shown = 0
    for leak in leak_days:
        before += int(rows[day < leak].sum())
        shown += int(rows[(day < leak) & (day >= leak - exposed_days)].sum())
    return shown / before


def count_days_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count a part's sightings by local day, and its vehicles by the day of the first of them."""
    days = local_times(rows, broadcast) // DAY_MS
    if not len(days):
        return {name: np.zeros(0, np.int64) for name in ("day", "rows", "vehicles")}
    first = int(days.min())
    begins = np.r_[True, rows["vehicle"][1:] != rows["vehicle"][:-1]]
    counts = np.bincount(days - first)
    return {
        "day": first + np.arange(len(counts)),
        "rows": counts,
        "vehicles": np.bincount(days[begins] - first, minlength=len(counts)),
    }
