"""Linkage: whether a vehicle is known again under another pseudonym."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.fitting import fit_to_engine
from analyzer.patterns.trips import DEFAULT_MAX_GAP
from analyzer.risk.continuity import CutTrips, link_cut_trips, moves_in_part
from analyzer.risk.draw import check_draw
from analyzer.risk.linkage_result import DaysLinked, Linkage, RotationLinkage
from analyzer.risk.linkage_tally import Tally
from analyzer.risk.profile_groups import ProfileGroups, entries_at_once
from analyzer.risk.profiles import (
    PLACE,
    Counts,
    check_keys,
    count_in_part,
    cut_profiles,
    gather_counts,
    order_pseudonyms,
)
from analyzer.risk.releases import link_releases
from analyzer.risk.rotation import (
    HALVES,
    Choice,
    History,
    Pair,
    first_days,
    halves,
    link,
    pairs_of,
    refuse_too_much,
    rotation_hours,
    spread,
)
from analyzer.risk.trace import match_trace
from analyzer.risk.trace_points import read_trace
from analyzer.sightings import Sightings
from analyzer.store import is_store, open_store
from analyzer.units import DAY_MS, HOUR_MS, parse_duration

SHORTER = (1, 3, 7, 14, 28)
"""Days of data that are tried beside the whole period, as far as they are fewer."""


CHOOSING = 50_000
"""So many vehicles are enough to choose an adversary by."""


def measure_linkage(
    sightings: Sightings,
    rotation: str = "7D",
    other: Sightings | pd.DataFrame | str | Path | None = None,
    seed: int = 0,
    *,
    sample: int | None = None,
    shorter: Sequence[int] = SHORTER,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Linkage:
    """Measure how often vehicles are known again after their pseudonyms were changed.

    Every vehicle gets a new pseudonym in each rotation period. Profiles of the pseudonyms of
    adjacent periods are matched; the link succeeds at rank k if the right pseudonym is among the k
    best candidates.

    Parameters
    ----------
    sightings : Sightings
        The population.
    rotation : str
        How long a pseudonym lasts: ``"1D"``, ``"7D"``, ``"30D"``. Periods begin at local midnight,
        those of seven days on Mondays, other ones of several days count from Monday 5 January
        1970. Means nothing with `other`.
    other : Sightings, pandas.DataFrame or path, optional
        What the sightings are joined with instead: a second release (sightings or a store), or the
        trace of one traveller (a frame or a CSV file with ``seen_at``, ``lat``, ``lon``).
    seed : int
        Of the pseudonyms' order, which decides ties, and of the draw of targets.
    sample : int, optional
        Number of vehicles drawn as targets in each pair of periods; all by default. They are
        matched with all candidates either way.
    shorter : sequence of int
        From so many first days of each period profiles are made too, as far as a period is longer
        (`RotationLinkage.by_days`); the whole period is always measured.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    Linkage
        A `RotationLinkage`; with `other` a `ReleaseLinkage` or a `TraceLinkage`.

    Raises
    ------
    UsageError
        If an argument is not of its kind.
    TooMuchWorkError
        If the matching would take hours; the message says what to ask instead.

    Notes
    -----
    The adversaries are all pairs of a grain (`analyzer.risk.profiles.GRAINS`) and a matcher
    (`analyzer.risk.profile_weights.MATCHERS`). For each pair of periods the one that counts is
    chosen on earlier pairs; see `analyzer.risk.rotation`. Of more than twelve pairs, twelve are
    measured, spread over the data. Vehicles with a trip that the change cuts are counted apart.

    Two adjacent periods of the whole population, reduced to one count for each vehicle, place and
    hour, are held at once.

    References
    ----------
    Naini, F. M., Unnikrishnan, J., Thiran, P., Vetterli, M. (2016). Where you are is who you are:
    user identification by matching statistics. IEEE Transactions on Information Forensics and
    Security 11(2), 358–372. doi:10.1109/TIFS.2015.2498131

    Tournier, A., de Montjoye, Y.-A. (2022). Expanding the attack surface: robust profiling attacks
    threaten the privacy of sparse behavioral data. Science Advances 8(33), eabl6464.
    doi:10.1126/sciadv.abl6464

    Examples
    --------
    Three vehicles, each with a camera of its own, for two weeks.

    >>> from analyzer.array_sightings import from_arrays
    >>> days = np.arange(4, 18)
    >>> three = from_arrays(np.repeat(range(3), 14), np.tile(days * DAY_MS + 8 * HOUR_MS, 3),
    ...                     np.repeat(range(3), 14))
    >>> linkage = measure_linkage(three, rotation="7D")
    >>> linkage.success[1].value, round(linkage.success[1].baseline, 3)
    (1.0, 0.333)
    """
    check_draw(sample, seed)
    runner, sightings = fit_to_engine(sightings, engine, memory)
    if other is not None:
        return _link_with(sightings, other, runner, int(seed), sample)
    hours = rotation_hours(rotation)
    first, last = (int(sightings.clock.local(np.array([end]))[0]) for end in sightings.span_ms)
    every_pair = pairs_of(first, last, hours)
    pairs = spread(every_pair)
    days = [float(fewer) for fewer in shorter if fewer * 24 < hours] + [hours / 24]
    tallies = {length: Tally(sightings.n_codes) for length in days}
    for pair in pairs:
        counts = count_pair(sightings, runner, pair)
        if pair is pairs[0]:
            refuse_pairs(runner, counts, pair, days[-1], len(days) * len(pairs) + 1, sample)
        cut = cut_by_change(sightings, runner, pair)
        for length, tally in tallies.items():
            # Only the whole period borders on the change; the first days of two do not.
            apart = cut if length == days[-1] else None
            _measure_pair(runner, counts, pair, length, tally, apart, int(seed), sample)
    by_days = tuple(
        DaysLinked(length, tally.success(), tally.absent(), tally.tried())
        for length, tally in tallies.items()
    )
    whole = tallies[days[-1]]
    return RotationLinkage(
        rotation=rotation,
        success=by_days[-1].success,
        median_rank=whole.median_rank(),
        **whole.assignments(),
        absent=by_days[-1].absent,
        **whole.cut_trips(),
        tried=by_days[-1].tried,
        by_days=by_days,
        chosen=tuple(", ".join(choice.adversary) for choice in whole.choices),
        chosen_on=tuple(choice.chosen_on for choice in whole.choices),
        pairs=len(pairs),
        pairs_there=len(every_pair),
        candidates=int(np.median(whole.candidates)) if pairs else 0,
        vehicles=sightings.n_vehicles,
        sample=sample,
        seed=int(seed),
        data_days=last // DAY_MS - first // DAY_MS + 1,
        synthetic=sightings.synthetic,
    )


def _link_with(
    sightings: Sightings,
    other: Sightings | pd.DataFrame | str | Path,
    engine: Engine,
    seed: int,
    sample: int | None,
) -> Linkage:
    if isinstance(other, str | Path) and is_store(other):
        other = Sightings(open_store(other))
    if isinstance(other, Sightings):
        _, other = fit_to_engine(other, engine)
        return link_releases(sightings, other, engine, seed=seed, sample=sample)
    if isinstance(other, pd.DataFrame | str | Path):
        return match_trace(sightings, read_trace(other, sightings.timezone), engine)
    raise UsageError(
        "other is a second release (sightings, or the path of a store) or a traveller's trace (a "
        "frame or a CSV file with seen_at, lat, lon)"
    )


def count_pair(sightings: Sightings, engine: Engine, pair: Pair) -> Counts:
    """Count how often each vehicle was seen at each place and hour of two periods."""
    n_cameras = len(sightings.camera_table)
    hours = pair.ends - pair.begins
    check_keys(n_cameras, hours)
    shared = {
        "places": np.arange(n_cameras),
        "first_hour": pair.begins,
        "hours": hours,
        "clock_starts": sightings.clock.starts,
        "clock_offsets": sightings.clock.offsets,
    }
    frames = engine.map(sightings.parts(), count_in_part, shared)
    return gather_counts(frames, pair.begins, hours)


def refuse_pairs(
    engine: Engine, counts: Counts, pair: Pair, days: float, repeats: int, sample: int | None
) -> None:
    """Refuse what would take hours, by what the first pair would take.

    Raises
    ------
    TooMuchWorkError
        With what to ask instead.
    """
    wanted = first_days(pair, days)
    asked, among = (order_pseudonyms(counts, side, period=0, seed=0) for side in wanted)
    if sample is not None:
        # The order of pseudonyms is drawn: the first of them are a sample too.
        asked = asked.take(slice(sample))
    old = cut_profiles(counts, wanted[0], PLACE, asked)
    new = ProfileGroups(counts, wanted[1], PLACE, among, entries_at_once(engine))
    refuse_too_much(old, new, repeats, sampled=sample is not None)


def cut_by_change(sightings: Sightings, engine: Engine, pair: Pair) -> CutTrips:
    """Find the trips that the change of pseudonyms cuts, and link them by their continuation."""
    max_gap = parse_duration(DEFAULT_MAX_GAP)
    n_cameras = len(sightings.camera_table)
    begins, change, ends = (
        sightings.clock.utc(hour * HOUR_MS) for hour in (pair.begins, pair.change, pair.ends)
    )
    shared = {
        "begins": begins, "change": change, "ends": ends, "max_gap": max_gap,
        "n_cameras": n_cameras,
    }  # fmt: skip
    return link_cut_trips(
        engine.map(sightings.parts(), moves_in_part, shared), max_gap, n_cameras
    )


def _measure_pair(
    engine: Engine, counts: Counts, pair: Pair, days: float, tally: Tally,
    cut: CutTrips | None, seed: int, sample: int | None,
) -> None:  # fmt: skip
    sides = first_days(pair, days)
    choice = tally.history.choose()
    if not tally.history.trials:
        choice = choose_within(engine, counts, pair, sides[0], seed, sample) or choice
    trial, assigned = link(
        engine, counts, counts, sides, period=pair.number, seed=seed, sample=sample, chosen=choice
    )
    tally.add(trial, choice, assigned, cut)


def choose_within(
    engine: Engine, counts: Counts, pair: Pair, side: np.ndarray, seed: int, sample: int | None
) -> Choice | None:
    """Choose on the odd and even days of the earlier period, where pseudonyms do not change."""
    seen = np.flatnonzero(side)
    parts = halves(0, len(seen)) if len(seen) else None
    if parts is None:
        return None
    masks = []
    for part in parts:
        mask = np.zeros(len(side), bool)
        mask[seen[part]] = True
        masks.append(mask)
    enough = CHOOSING if sample is None else min(sample, CHOOSING)
    trial, _ = link(
        engine, counts, counts, (masks[0], masks[1]), period=pair.number, seed=seed, sample=enough
    )
    history = History()
    history.add(trial, trial.answers >= 0)
    choice = history.choose(HALVES)
    return choice if choice.chosen_on == HALVES else None
