"""Companions: pairs of vehicles that travel together more than chance explains, and their convoys.

Joint journeys are counted for all pairs (`encounters`), chance is worked out from habit (`habit`)
and traffic (`traffic`, `chance`), and Benjamini–Hochberg corrects for the number of pairs that
could have been found. What chance is, a question about one vehicle takes from the `background` that
an earlier one left (`one_vehicle`).
"""

from __future__ import annotations

from numbers import Real

import numpy as np

from analyzer.engine import Engine
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.fitting import fit_to_engine
from analyzer.patterns.background import Background, find_kept, keep, question
from analyzer.patterns.chance import Chance, adjust
from analyzer.patterns.companions_result import Companions
from analyzer.patterns.cotravel import CoTravel
from analyzer.patterns.judgement import CERTAIN_FDR, Judgement, judge_pairs
from analyzer.patterns.one_vehicle import find_own_pairs
from analyzer.patterns.pair_passes import PairPasses
from analyzer.patterns.pairs import Pairs, Terms
from analyzer.schema import Rows
from analyzer.sightings import Sightings, check_sightings
from analyzer.units import DAY_MS, HOUR_MS, check_max_fdr, format_duration, parse_duration

MAX_WITHIN_MS = 6 * HOUR_MS

MAX_ENCOUNTERS = 2_000_000_000
"""Encounters that are looked at without asking: some minutes."""

FEW_ENCOUNTERS = 5_000_000
"""Up to here, pairs with one joint journey are judged as well."""


def find_companions(
    sightings: Sightings,
    within: str = "2min",
    min_cameras: int = 2,
    max_fdr: float = 0.05,
    of: str | None = None,
    *,
    max_gap: str = "45min",
    max_encounters: int = MAX_ENCOUNTERS,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    seed: int = 0,
) -> Companions:
    """Find companions: pairs of vehicles with more joint journeys than habit and traffic explain.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    within : str
        Longest time between the two sightings of an encounter (inclusive).
    min_cameras : int
        Distinct cameras at which a joint journey's encounters lie; two at least.
    max_fdr : float
        List pairs with a q-value up to this; 1 lists every pair with a joint journey.
    of : str, optional
        Name of one vehicle chosen beforehand: only its pairs are tested and listed.
    max_gap : str
        Longest gap between consecutive encounters of a joint journey (inclusive).
    max_encounters : int
        Refuse to begin where there are more encounters than this; they are counted first.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default. Parts that
        are too large for it are cut.
    seed : int
        Which vehicles are probed when chance is fitted on a sample of them.

    Returns
    -------
    Companions

    Raises
    ------
    UsageError
        If an option makes no sense, or there is no vehicle `of`.
    TooMuchWorkError
        If there are more encounters than `max_encounters`.

    Notes
    -----
    With J the joint journeys of a pair, Σh those of its shifted data (`habit`), τ its traffic
    (`traffic`), S what the shifts are worth and κ the weight of traffic (`chance`): expected =
    (κτ + Σh) / (κ + S), and chance gives P(X ≥ J), X negative binomial of size κτ + Σh (less
    where platoons favour pairs unequally) with that mean. The same is asked of the joint journeys
    that reach each of up to four levels of closeness (`closeness`), with a κ and S of its own; the
    p-value is the smallest of these tails times the number of levels (Bonferroni). Where fewer than
    half of the joint journeys survive a shift (S below half the number of shifts), as tight
    platoons have it, each tail is at least that of the traffic alone, scattered as joint journeys
    are in the data; little is found there. Tests are all unordered pairs of vehicles that have a
    trip at `min_cameras` cameras; pairs that never met have p = 1. Companions found are left out of
    the traffic, and chance is measured again. With more than five million encounters, a single
    joint journey counts as none unless `max_fdr` is 1 or the vehicle was asked about: among so many
    pairs it could not become significant.

    References
    ----------
    Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate: a practical and
    powerful approach to multiple testing. Journal of the Royal Statistical Society B 57, 289–300.
    doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> day = np.repeat(np.arange(28) * 86_400_000, 2)
    >>> minutes = np.tile([0, 5], 28) * 60_000
    >>> alone = day + minutes + 3_600_000 * (5 + np.repeat(np.arange(28) * 11 % 13, 2))
    >>> found = find_companions(from_arrays(
    ...     np.repeat([0, 1, 2], 56), np.concatenate([alone, alone + 30_000, day + minutes]),
    ...     np.tile([0, 1], 84)))
    >>> found.pairs[["vehicle_a", "vehicle_b", "encounters", "journeys"]].values.tolist()
    [['v0', 'v1', 56, 28]]
    """
    check_sightings(sightings)
    terms = Terms(
        parse_duration(within, name="within"),
        parse_duration(max_gap, name="max_gap"),
        _at_least_two(min_cameras),
    )
    if terms.within > MAX_WITHIN_MS:
        raise UsageError("within must be 6h or less; write for example '2min'")
    if terms.max_gap <= 0:
        raise UsageError("max_gap must be longer than zero; write for example '45min'")
    check_max_fdr(max_fdr)
    runner, sightings = fit_to_engine(sightings, engine, memory)
    code = None if of is None else sightings.vehicle_code(of)
    if not len(sightings):
        return _none(sightings, terms, max_fdr, of)
    if code is None:
        return _among_all(sightings, terms, max_fdr, max_encounters, runner, seed)
    return _of_one(sightings, terms, max_fdr, max_encounters, runner, seed, of, code)


def _among_all(
    sightings: Sightings, terms: Terms, max_fdr: float, max_encounters: int, engine: Engine,
    seed: int,
) -> Companions:
    passes = CoTravel(sightings, terms, engine, seed)
    _refuse_too_many(passes.encounters, max_encounters, sightings, terms)
    pairs, unlisted, tests, judged = _judge(passes, max_fdr)
    met = pairs.journeys > 0
    by_journeys = np.bincount(pairs.journeys[met], minlength=2)
    by_journeys[1] += unlisted.sum()
    q_values = np.ones(len(pairs))
    q_values[met] = adjust(judged.p_values[met], tests)
    listed = np.flatnonzero(met & (q_values <= max_fdr) & judged.judged)
    rows, at_camera = _rows(
        passes, pairs, listed, q_values, judged.p_values, judged.expected, judged.traffic,
        judged.shifted, judged.repeats,
    )  # fmt: skip
    return Companions(
        sightings, rows, judged.model.levels[0], tests, len(passes.travellers), by_journeys, terms,
        max_fdr, at_camera,
    )  # fmt: skip


def _judge(passes: CoTravel, max_fdr: float) -> tuple[Pairs, np.ndarray, int, Judgement]:
    """Find the pairs, those not listed by cell, how many there could be, and what chance gives."""
    # One joint journey among billions of pairs is no evidence, and would be most of the work.
    least = 1 if max_fdr >= 1 or passes.encounters <= FEW_ENCOUNTERS else 2
    tests = len(passes.travellers) * (len(passes.travellers) - 1) // 2
    pairs, unlisted = passes.find_pairs(least)
    return pairs, unlisted, tests, judge_pairs(passes, pairs, unlisted, tests, max_fdr)


def _of_one(
    sightings: Sightings, terms: Terms, max_fdr: float, max_encounters: int, engine: Engine,
    seed: int, of: str, code: int,
) -> Companions:
    asked = question(sightings, terms, seed, FEW_ENCOUNTERS)
    background = find_kept(sightings, asked)
    # Refused whether or not it is known by now: the same question has one answer.
    passes = None if background else CoTravel(sightings, terms, engine, seed)
    encounters = background.encounters if background else passes.encounters
    _refuse_too_many(encounters, max_encounters, sightings, terms)
    if background is None:
        *_, judged = _judge(passes, CERTAIN_FDR)
        background = Background.of(passes, judged)
        keep(sightings, asked, background)
    own = find_own_pairs(sightings, code, terms, background, engine)
    tests = background.travellers - 1 if own.travels else 0
    q_values = adjust(own.p_values, tests)
    rows, at_camera = _rows(
        own.passes, own.pairs, np.flatnonzero(q_values <= max_fdr), q_values, own.p_values,
        own.expected, own.traffic, own.shifted, own.repeats,
    )  # fmt: skip
    return Companions(
        sightings, rows, background.model.levels[0], tests, background.travellers,
        np.bincount(own.pairs.journeys, minlength=2), terms, max_fdr, at_camera, of,
    )  # fmt: skip


def _rows(
    passes: PairPasses, pairs: Pairs, chosen: np.ndarray, q_values: np.ndarray,
    p_values: np.ndarray, expected: np.ndarray, traffic: np.ndarray, shifted: np.ndarray,
    repeats: np.ndarray,
) -> tuple[Rows, np.ndarray]:
    """Lay the chosen pairs out by p-value, and count their encounters by camera."""
    met, at_camera = passes.count_encounters(pairs.take(chosen))
    a, b, journeys = pairs.a[chosen], pairs.b[chosen], pairs.journeys[chosen]
    # Ties are ordered by what was seen; codes come last, since they tell how a file was sorted.
    seen = np.sort(np.stack([passes.first_seen(a), passes.first_seen(b)]), axis=0)
    order = np.lexsort((b, a, seen[1], seen[0], -met, -journeys, p_values[chosen]))
    chosen = chosen[order]
    rows = {
        "vehicle_a": a[order],
        "vehicle_b": b[order],
        "encounters": met[order],
        "journeys": journeys[order],
        "expected": expected[chosen],
        "traffic": traffic[chosen],
        "shifted": shifted[chosen],
        "repeats": repeats[chosen],
        "p_value": p_values[chosen],
        "q_value": q_values[chosen],
    }
    return rows, at_camera


def _at_least_two(min_cameras: int) -> int:
    if not isinstance(min_cameras, Real) or min_cameras != int(min_cameras) or min_cameras < 2:
        raise UsageError(
            "min_cameras must be 2 or more: vehicles that meet at a single camera are no pair"
        )
    return int(min_cameras)


def _refuse_too_many(
    encounters: int, max_encounters: int, sightings: Sightings, terms: Terms
) -> None:
    if encounters <= max_encounters:
        return
    first, last = sightings.span_ms
    share = max_encounters / encounters
    # Encounters grow with the span and with `within`, so the share says what to ask instead.
    days = max((last - first) / DAY_MS * share, 0.1)
    met = f"there are {encounters:,} encounters within {format_duration(terms.within)}, more than"
    raise TooMuchWorkError(
        f"{met} max_encounters ({max_encounters:,}), and looking at them would take too long; "
        f"ask for about {days:.1f} days of the data with sightings.between(t0, t1), for "
        f"within='{max(int(terms.within * share / 1_000), 1)}s', or for max_encounters={encounters}"
        " if you can wait",
        f"{met} {max_encounters:,}",
    )


def _none(
    sightings: Sightings, terms: Terms, max_fdr: float, of: str | None
) -> Companions:
    whole = ("vehicle_a", "vehicle_b", "encounters", "journeys", "shifted")
    parts = ("expected", "traffic", "repeats", "p_value", "q_value")
    rows: Rows = {name: np.empty(0, np.int64) for name in whole}
    rows.update({name: np.empty(0) for name in parts})
    return Companions(
        sightings, rows, Chance(1.0, 0.0, 0), 0, 0, np.zeros(2, np.int64), terms, max_fdr,
        np.zeros(0, np.int64), of,
    )  # fmt: skip
