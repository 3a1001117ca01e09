"""Limits and method: what a collection can and cannot show, and how its figures were found.

A limit is said only where the data call for it; which do is decided by facts, not by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.estimate import Estimate

LIMITS = {
    "synthetic": (
        "The data are synthetic: the people in them are invented, and the figures show what the "
        "method does, not what happened anywhere."
    ),
    "days": (
        "The data cover {days} local days. Patterns of weekdays and weekends need several weeks; "
        "what recurs by the month or the season cannot be seen."
    ),
    "windows": (
        "Keeping for {windows} is longer than the data and is not measurable here; nothing is "
        "extrapolated."
    ),
    "one_leak_day": (
        "For keeping {windows} the data hold fewer than three separate leak days, so the interval "
        "does not say how much one day differs from another."
    ),
    "once": (
        "{once} of vehicles are seen only once. About them this collection shows one place and one "
        "time; it cannot show homes, commutes or companions, and that it does not is no sign that "
        "a longer collection would not."
    ),
    "excluded": (
        "{excluded} of vehicles have fewer than {points} different sightings and are left out of "
        "the share that {points} sightings single out."
    ),
    "moving": (
        "The readers move. Positions were snapped to a grid of {grid}; where no reader drove, "
        "nobody was seen, so neither absence nor the time between two sightings says anything."
    ),
    "unplaced": (
        "{cameras} of {all_cameras} cameras have no position: distances, zones and the map leave "
        "them out."
    ),
    "truth": (
        "Homes, work places and commutes are inferred. On real data nobody has checked them; the "
        "radius is calibrated on synthetic data."
    ),
    "rejected": (
        "{rejected} of {read} rows could not be used ({reason}). If they differ from the others, "
        "the figures do too."
    ),
}

METHOD = {
    "Sighting": "One record of one camera seeing one vehicle: vehicle, camera, time.",
    "Singling out": (
        "For each vehicle with at least {points} distinct points (camera and time bin of {time}), "
        "{points} are drawn by chance; it is singled out if no other vehicle in the whole "
        "collection holds them all (de Montjoye et al. 2013, doi:10.1038/srep01376). Singling out, "
        "linkability and inference are the three criteria of the Article 29 Working Party's "
        "Opinion 05/2014."
    ),
    "Interval": (
        "95 %: Wilson's interval for shares. Where all vehicles are measured it describes the draw "
        "of points, not a sampling of vehicles. For the retention curve vehicles are resampled."
    ),
    "Baseline": (
        "What chance alone gives: a blind guess among all vehicles, or a guess of the commonest "
        "answer."
    ),
    "Retention": (
        "A leak exposes the days before it. What the adversary knows is drawn once, from the "
        "longest window, and does not shrink when less is kept; points already deleted help "
        "nobody. All windows share the same leak days and the same vehicles."
    ),
    "Linkage": (
        "Every vehicle is given a new pseudonym every {rotation}; profiles of adjacent periods "
        "(places, hours) are matched, over vehicles present in both. Trips that the change cuts "
        "are counted apart."
    ),
    "Home and work": (
        "Home is where nights lie between trips, work where daytime stays recur on weekdays; a "
        "trip ends with a gap of more than {max_gap}."
    ),
    "Companions": (
        "Pairs with more joint journeys (encounters within two minutes at two cameras or more) "
        "than habit and traffic explain, at a false discovery rate of 5 %."
    ),
    "What is left out": (
        "No figure about fewer than {k} vehicles, and no total that would give one away, is on "
        "this page. Places are zones of cameras."
    ),
}


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


def limits_of(facts: Facts) -> list[str]:
    """Say what a collection cannot show, as far as the facts call for it."""
    said = []

    def say(name: str, **fields: object) -> None:
        said.append(LIMITS[name].format(**fields))

    if facts.synthetic:
        say("synthetic")
    if facts.once.is_measured and facts.once.value > 0.25:
        say("once", once=f"{100 * facts.once.value:.0f} %")
    if facts.excluded.is_measured and facts.excluded.value > 0.1:
        say("excluded", excluded=f"{100 * facts.excluded.value:.0f} %", points=facts.points)
    if facts.days < 28:
        say("days", days=facts.days)
    if facts.unmeasured:
        say("windows", windows=_listed(facts.unmeasured))
    if facts.one_leak_day:
        say("one_leak_day", windows=_listed(facts.one_leak_day))
    if facts.place_grid_m:
        say("moving", grid=f"{facts.place_grid_m:,.0f} m")
    if facts.unplaced:
        say("unplaced", cameras=f"{facts.unplaced:,}", all_cameras=f"{facts.cameras:,}")
    rejected = sum(facts.rejected_by_reason.values())
    if rejected and rejected > 0.01 * facts.rows_read:
        commonest = max(sorted(facts.rejected_by_reason), key=facts.rejected_by_reason.__getitem__)
        say(
            "rejected",
            rejected=f"{rejected:,}",
            read=f"{facts.rows_read:,}",
            reason="most: " + commonest.replace("_", " "),
        )
    if not facts.synthetic:
        say("truth")
    return said


def method_terms(
    *, points: int, time: str, max_gap: str, rotation: str, k: int
) -> list[tuple[str, str]]:
    """Give the terms of the method box, filled with the options of this run."""
    fields = {"points": points, "time": time, "max_gap": max_gap, "rotation": rotation, "k": k}
    return [(term, text.format(**fields)) for term, text in METHOD.items()]


def _listed(names: tuple[str, ...]) -> str:
    from analyzer.report.sentences import window_text

    words = [window_text(name) for name in names]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]
