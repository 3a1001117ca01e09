"""Window risks: the figures of each retention window, from what its leaks tell of each vehicle."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from analyzer.engine.base import Broadcast
from analyzer.estimate import Estimate
from analyzer.policy.inferred import IN_STRETCHES, WITHIN
from analyzer.policy.leaks import MEASURED, NOT_MEASURABLE, ONE_LEAK_DAY
from analyzer.policy.resampling import (
    ABSENT,
    DELETED,
    IS_ALONE,
    IS_SHOWN,
    IS_TARGET,
    estimate_difference,
    estimate_share,
)
from analyzer.policy.setting import Setting
from analyzer.policy.stretches import stretches_within
from analyzer.policy.window_risk import WindowRisk
from analyzer.policy.window_states import WindowStates
from analyzer.risk.points import local_times
from analyzer.schema import Rows
from analyzer.units import DAY_MS


def shown_days_of(
    kept: tuple[int, ...], open_days: int, setting: Setting, data_days: int
) -> dict[int, int]:
    """Give for each measurable window the days that a leak shows, of those that there are."""
    return {
        days: min(days + open_days, data_days)
        for days in kept
        if setting.statuses[days] != NOT_MEASURABLE
    }


def window_risks(
    setting: Setting,
    kept: tuple[int, ...],
    open_days: int,
    risk: str,
    found: WindowStates,
    census: Rows,
    data_days: int,
    stretches: tuple[int, ...] = (),
    *,
    salt: int,
) -> list[WindowRisk]:
    """Turn what leaks tell about one risk into the figures of each window.

    Parameters
    ----------
    setting : Setting
        What is equal for all windows.
    kept : tuple of int
        Days kept, ascending.
    open_days : int
        Days for which the store stood open.
    risk : str
        Which.
    found : WindowStates
        What the leaks tell.
    census : Rows
        As `count_days_in_part` gives it.
    data_days : int
        Days of the data.
    stretches : tuple of int
        Lengths of the stretches of what a leak shows that are looked at besides.
    salt : int
        Number of the risk, so that each is resampled by draws of its own.

    Returns
    -------
    list of WindowRisk
        One a window.
    """
    shown = shown_days_of(kept, open_days, setting, data_days)
    at = {days: found.shown_days[risk].index(each) for days, each in shown.items()}
    if risk in found.figures:
        return [
            _of_the_whole(setting, days, open_days, risk, found.figures[risk], at, census)
            for days in kept
        ]
    steps = []
    states = found.states[risk]
    shorter, before = None, 0
    for days in kept:
        status = setting.statuses[days] if len(states) else NOT_MEASURABLE
        measurable = status != NOT_MEASURABLE
        now = states[:, :, at[days]] if measurable else np.zeros((0, 1), np.int8)
        reason = found.reasons[risk][at[days]] if measurable else ""
        resampled = "vehicles and leak days" if status == MEASURED else "vehicles"
        how_found = "exact match against all vehicles" if risk == "unicity" else (
            "as the finders name"
        )  # fmt: skip
        method = f"{how_found}; mean over leak days; bootstrap of {resampled}, 95 %"
        if reason or not measurable:
            method = f"not measured: {reason}" if reason else "not measurable"
        exposed_days = days + open_days
        salts = [setting.seed, days, exposed_days, *([salt] if salt else [])]
        how = {
            "days_vary": status == MEASURED,
            "rng": np.random.default_rng(salts),
            "method": method,
        }
        baseline = found.baselines[risk][at[days]] if measurable else math.nan
        whole = None
        if risk in IN_STRETCHES and measurable:
            whole = estimate_share(now, IS_ALONE, IS_TARGET, baseline=baseline, **how)
            within = stretches_within(stretches, shown[days])
            now, baseline = found.united(risk, shown[days], within)
            how["method"] = method = f"{WITHIN}; {method}"
        if risk == "unicity":
            baseline = 1 / max(int(census["vehicles"].sum()), 1)
        share = estimate_share(now, IS_ALONE, IS_TARGET, baseline=baseline, **how)
        in_window = estimate_share(now, IS_ALONE, IS_SHOWN, baseline=baseline, **how)
        exposed = estimate_share(now, IS_SHOWN, IS_TARGET, baseline=None, **how)
        added = None
        if measurable and share.is_measured:
            if shorter is None:
                shorter = np.where(now == ABSENT, ABSENT, DELETED)
            added = _per_day(estimate_difference(now, shorter, **how), days - before)
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
                whole_window=whole,
            )
        )
    return steps


def _of_the_whole(
    setting: Setting,
    days: int,
    open_days: int,
    risk: str,
    figures: list[Estimate],
    at: dict[int, int],
    census: Rows,
) -> WindowRisk:
    """Give a risk that is a figure of the whole, as one window of the last leak shows it."""
    status = setting.statuses[days]
    nothing = Estimate(math.nan, math.nan, math.nan, 0, NOT_MEASURABLE)
    figure = figures[at[days]] if status != NOT_MEASURABLE else nothing
    exposed_days = days + open_days
    return WindowRisk(
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
