"""Retention: what each further day of keeping sightings costs, measured by imagined leaks.

A leak on day t shows the days that the store kept. What the adversary knows is fixed beforehand
and equal for every window: points drawn once from the longest window's days. Points already
deleted help nobody, and a vehicle of which nothing known is left is not singled out. (To draw the
points inside each window instead measures something else: it presumes an adversary who knows only
what was kept, and gives a curve that is flat.)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.fitting import fit_to_engine
from analyzer.policy.days_until import find_days_until_half
from analyzer.policy.held import hold
from analyzer.policy.inferred import is_visit
from analyzer.policy.leaks import plan_leaks
from analyzer.policy.outcomes import check_risks
from analyzer.policy.policy import whole_days
from analyzer.policy.populations import count_populations
from analyzer.policy.published_windows import NESTED
from analyzer.policy.retention_sweep import RetentionSweep
from analyzer.policy.setting import SAMPLE, STRETCHES, Setting, standard_stretches
from analyzer.policy.shown_rows import find_shown_rows
from analyzer.policy.window_risks import count_days_in_part, shown_days_of, window_risks
from analyzer.policy.window_states import find_window_states
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import check_draw
from analyzer.risk.site_exposure import LEAST_SHOWN
from analyzer.risk.sites import SitesSource, read_sites
from analyzer.schema import concatenate
from analyzer.sightings import Sightings, check_sightings
from analyzer.units import DAY_MS

WINDOWS = ("1D", "7D", "21D", "30D", "90D", "180D")

DOCUMENTED = tuple(f"{days}D" for days in STRETCHES)
"""Lengths that all documents of one store show, with the same leaks, knowledge and vehicles."""


def sweep_retention(
    sightings: Sightings,
    windows: Sequence[str] = WINDOWS,
    adversary: Adversary | None = None,
    open_for: str = "0D",
    seed: int = 0,
    *,
    also: Sequence[str] = (),
    risks: Sequence[str] = ("unicity",),
    sites: SitesSource | None = None,
    rotation: str = "7D",
    sample: int | None = SAMPLE,
    until_half: bool = True,
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
    also : sequence of str
        Further lengths, up to the longest of `windows` that can be measured: they are looked at
        with the same leaks and the same knowledge, and change no other figure. What is inferred is
        looked for only at those of them that are looked at anyway (1, 3, 7, 14, 21, 30, 90, 180).
    seed : int
        Of the draw of points (see `analyzer.risk.draw`) and of the resampling.
    risks : sequence of str
        Which risks: ``"unicity"``, and what can be inferred (``"homes"``, ``"works"``,
        ``"commutes"``, ``"companions"``, and ``"visits"`` to sensitive sites) from what each leak
        shows; and, of the last leak alone, ``"linkage"`` and ``"predictability"``.
    sites : path, frame or Sites, optional
        Sensitive sites (see `analyzer.risk.sites.read_sites`): visits to each category of them are
        a risk of their own, ``"visits: medical"``, say, held against the same sites moved at
        random. Shares that stand for fewer than ten vehicles are not given.
    rotation : str
        How often pseudonyms change, for linkage.
    sample : int or None
        Vehicles among which companions are looked for, drawn by chance; None takes all. Linkage
        looks for as many at each change of pseudonyms, among all new ones.
    until_half : bool
        Whether to find after how many days of collecting half of the vehicles are singled out, and
        have a home, a work place and a commute that is inferred, as far as these are among `risks`
        (see `analyzer.policy.days_until`).
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

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

    *Homes, works and commutes* count if they are found in what the leak shows, or in a shorter
    stretch of it up to the leak: its last 1, 3, 7, 14, 21, 30, 90 and 180 days
    (`analyzer.policy.stretches`). The finder asks for a share of the nights, so that old
    days which contradict it hide what the last weeks alone would tell; who holds them all can look
    at the last weeks alone. From one of these lengths to any longer one the shares never fall. From
    an odd length (20 days, say) to a longer one they can: what its own days alone tell is not
    looked for in the longer one, or the figure of one window would depend on the others asked for.
    What the window tells as a whole alone stands beside them (``value_whole_window``), and can
    fall. Stretches that end earlier are not looked at, so that the shares are still a bound from
    below.

    The baseline is 1/N, the chance of a guess among all N vehicles that were seen.

    References
    ----------
    Efron, B., Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.
    doi:10.1201/9780429246593

    Kaplan, E. L., Meier, P. (1958). Nonparametric estimation from incomplete observations. Journal
    of the American Statistical Association 53, 457–481. doi:10.1080/01621459.1958.10501452

    Examples
    --------
    Two vehicles, each seen once a day by its own camera, for three days.

    >>> from analyzer.array_sightings import from_arrays
    >>> day = 86_400_000
    >>> two = from_arrays([0] * 3 + [1] * 3, [0, day, 2 * day] * 2, [0] * 3 + [1] * 3)
    >>> sweep = sweep_retention(two, ("1D", "3D", "9D"), Adversary(points=3))
    >>> sweep.to_pandas()[["window", "status", "value", "exposed_rows"]].round(2)
      window          status  value  exposed_rows
    0     1D    one leak day    1.0          0.33
    1     3D    one leak day    1.0          1.00
    2     9D  not measurable    NaN           NaN
    """
    return sweep_stores(
        sightings,
        windows,
        adversary,
        (open_for,),
        seed,
        also=also,
        risks=risks,
        sites=sites,
        rotation=rotation,
        sample=sample,
        until_half=until_half,
        engine=engine,
        memory=memory,
    )[0]


def sweep_stores(
    sightings: Sightings,
    windows: Sequence[str],
    adversary: Adversary | None,
    open_for: Sequence[str],
    seed: int,
    *,
    also: Sequence[str] = (),
    risks: Sequence[str],
    sites: SitesSource | None,
    rotation: str,
    sample: int | None,
    until_half: bool,
    engine: str | Engine,
    memory: str | int | None,
) -> tuple[RetentionSweep, ...]:
    """Sweep the windows of stores that stood open for several lengths; see `sweep_retention`.

    Returns
    -------
    tuple of RetentionSweep
        One a length of `open_for`, on the same leaks, vehicles and points. What rests on no window
        (`until_half`) stands in the first alone.
    """
    check_sightings(sightings)
    adversary = Adversary() if adversary is None else adversary
    check_draw(sample, seed)
    sites = None if sites is None else read_sites(sites)
    risks = check_risks(risks, sites)
    _check_adversary(adversary)
    kept = check_windows(windows)
    opened = [whole_days(each, "open_for", least=0) for each in open_for]
    runner, sightings = fit_to_engine(sightings, engine, memory)
    sightings = hold(sightings, runner)
    clock = sightings.clock
    first_day, last_day = clock.local(np.array(sightings.span_ms)) // DAY_MS
    data_days = int(last_day - first_day) + 1
    plan = plan_leaks(int(first_day), int(last_day), kept)
    further = [days for days in check_windows(also) if days <= plan.history] if also else []
    of_risk = {
        risk: tuple(sorted({*kept, *(
            days for days in further if risk == "unicity" or days in STRETCHES
        )}))
        for risk in risks
    }  # fmt: skip
    # Other documents of the store tell of the usual lengths; where these are of the same leaks and
    # knowledge, what is told here must stand apart from them too.
    usual = plan_leaks(int(first_day), int(last_day), STRETCHES)
    same = (usual.leak_days, usual.history) == (plan.leak_days, plan.history)
    others = [days for days in STRETCHES if same and days <= plan.history]
    beside = {
        (risk, late): tuple(
            days for days in others if days not in of_risk[risk] or late not in opened
        )
        for risk in risks if risk in NESTED
        for late in {0, *opened}
    }  # fmt: skip
    setting = Setting(
        sightings=sightings,
        adversary=adversary,
        leak_days=plan.leak_days,
        history=plan.history,
        open_days=0,
        statuses={
            **{days: plan.status_of(days) for days in (*further, *others)},
            **dict(zip(kept, plan.statuses, strict=True)),
        },
        sample=sample,
        seed=int(seed),
        engine=runner,
        memory=memory,
        sites=sites,
    )
    census = concatenate(
        runner.map(
            sightings.parts("vehicle", "seen_at"),
            count_days_in_part,
            {"clock_starts": clock.starts, "clock_offsets": clock.offsets},
        )
    )
    vehicles = int(census["vehicles"].sum())
    shown = {
        risk: tuple(sorted({
            each for late in {0, *opened}
            for days in (own if late in opened else (), beside.get((risk, late), ()))
            for each in shown_days_of(days, late, setting, data_days).values()
        }))
        for risk, own in of_risk.items()
    }  # fmt: skip
    stretches = standard_stretches(data_days)
    found = find_window_states(
        setting, shown, rotation=rotation, vehicles=vehicles, stretches=stretches
    )
    until = ()
    if until_half:
        until = find_days_until_half(sightings, risks, adversary, int(seed), runner, memory)
    populations = count_populations(sightings, adversary, runner)
    exposed = {days + late for own in of_risk.values() for days in own for late in opened}
    shown_rows = find_shown_rows(sightings, plan.leak_days, sorted(exposed), runner)
    of_pairs = {"companions", "linkage"} & set(risks) and setting.sampled is not None
    sweeps = []
    for number, open_days in enumerate(opened):
        asked = [(risk, of_risk[risk], open_days) for risk in risks]
        near = [
            (risk, days, late)
            for (risk, late), days in beside.items()
            if days and late in (0, open_days)
        ]
        steps, around = (
            tuple(
                step
                for risk, days, late in rows
                for step in window_risks(
                    setting, days, late, risk, found, census, data_days, stretches,
                    salt=risks.index(risk),
                )
            )
            for rows in (asked, near)
        )  # fmt: skip
        sweep = RetentionSweep(
            windows=steps,
            adversary=adversary,
            knowledge_days=plan.history,
            open_days=open_days,
            leak_dates=tuple(_date(day) for day in plan.leak_days),
            data_days=data_days,
            vehicles=vehicles,
            seed=int(seed),
            synthetic=sightings.synthetic,
            until_half=() if number else until,
            sample=sample if of_pairs else None,
            populations=populations,
            shown_rows=shown_rows,
            beside=around,
        )
        # How many were at sensitive sites is never said of fewer than ten, published or not.
        sweeps.append(sweep.published(LEAST_SHOWN, of=is_visit, use=False))
    return tuple(sweeps)


def _check_adversary(adversary: Adversary) -> None:
    if adversary.time_ms > DAY_MS and (adversary.attributes or adversary.missed):
        raise UsageError(
            f"time={adversary.time!r}: with bins longer than a day, which a window may cut, the "
            "sweep knows place and time alone; write time='1D' or shorter, or attributes=() and "
            "missed=0"
        )


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
