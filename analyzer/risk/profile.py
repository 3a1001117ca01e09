"""Risk profile: one page of figures about a data set, or about one vehicle "after N days"."""

from __future__ import annotations

from collections.abc import Callable

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.fitting import fit_to_engine
from analyzer.risk.adversary import Adversary
from analyzer.risk.dataset_profile import profile_dataset
from analyzer.risk.draw import check_draw
from analyzer.risk.risk_profile import RiskProfile
from analyzer.risk.vehicle_profile import profile_vehicle
from analyzer.sightings import Sightings


def profile_risk(
    sightings: Sightings,
    vehicle: str | None = None,
    *,
    adversary: Adversary | None = None,
    rotation: str = "7D",
    seed: int = 0,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RiskProfile:
    """Profile the risk of a data set, or of one vehicle after each day of its data.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    vehicle : str, optional
        Name of one vehicle. Its profile is internal: never to be published without the consent of
        whoever drives it. Other vehicles appear in it as numbers.
    adversary : Adversary, optional
        Who knows what; by default four sightings to the hour and the camera.
    rotation : str
        How often pseudonyms change, for linkability.
    seed : int
        Of every random draw.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.
    progress : callable, optional
        Called with the steps done and the steps in all.

    Returns
    -------
    RiskProfile
        A `DatasetProfile`, or of one vehicle a `VehicleProfile`.

    Raises
    ------
    UsageError
        If there are no sightings, no vehicle of that name, or an option makes no sense.

    Notes
    -----
    *Singling out* is `measure_unicity`; *linkability* the success at the first guess of
    `measure_linkage`, over 20,000 vehicles drawn by chance where there are more; *inference* the
    share of vehicles whose home is inferred (`measure_inference`).

    After N days of a store that keeps everything, a vehicle is singled out if those of its known
    points that the store has by then fit no other vehicle; the points are drawn once, from all its
    data (`analyzer.risk.days_until`). Half of them: Kaplan–Meier, over the vehicles with enough
    points; those never singled out are censored at the end of the data.

    References
    ----------
    Article 29 Data Protection Working Party (2014). Opinion 05/2014 on Anonymisation Techniques,
    WP216.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> day = 86_400_000
    >>> pair = from_arrays([0, 0, 1, 1], [0, day, 0, day], [0, 1, 0, 2])
    >>> profile = profile_risk(pair, adversary=Adversary(points=2))
    >>> profile["singling out"].figure.value, profile.half_singled_out.value
    (1.0, 2.0)
    """
    check_draw(None, seed)
    runner, sightings = fit_to_engine(sightings, engine, memory)
    if not len(sightings):
        raise UsageError("there are no sightings here, so there is no risk to profile")
    adversary = Adversary() if adversary is None else adversary
    say = progress or (lambda done, total: None)
    if vehicle is not None:
        return profile_vehicle(sightings, vehicle, adversary, int(seed), runner, say)
    return profile_dataset(sightings, adversary, rotation, int(seed), runner, say)
