"""How difficult a synthetic region is: every rate and share that a finding may depend on.

The values were fixed before any measure was scored on the data, and they are not to be tuned to
make a score better; the two coverages alone were set by counting, so that the regimes have the
density that defines them. To see what a score depends on, make a region with another value beside
the standard one. Each value says where it comes from; *assumption* marks those for which no figure
was at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from analyzer.errors import UsageError


@dataclass(frozen=True)
class Difficulty:
    """Settings of a synthetic region.

    Attributes
    ----------
    coverage : float
        Share of passages of a camera site that lie in a reader's view at all (lanes covered, device
        working). Assumption; it is what makes the two regimes: dense 0.75, sparse 0.0325.
    miss_rate : float
        Share of the passages in view that are not read. Assumption: fixed readers are
        said to miss 5 to 15 % (dirt, glare, plates bent or hidden); no source was checked.
    misread_rate : float
        Share of the reads with a wrong character. Assumption, between what makers claim (below 1 %)
        and what audits of older readers found (several times as much); no source was checked.
    double_rate : float
        Share of the reads that are written twice within seconds. Assumption.
    drift_ppm : int
        How fast the one bad clock loses time, in millionths. Quartz without correction is off by 20
        to 100 ppm; 90 ppm is 7.8 s a day, 3.6 min in 28 days.
    signal_cycle_s : int
        Cars leave in groups, as signals release them: departures are held until the next green of a
        cycle of this length. Cycles of 60 to 120 s are usual. 0 switches platoons off.
    shift_share, student_share, pensioner_share, homekeeper_share, taxi_share, van_share,
    through_share
        Shares of vehicles by what their driver does; the rest are day workers. Assumptions, led by
        a labour force participation of about 60 % and by taxis (with app drivers) being many.
    pair_share : float
        Share of vehicles in households with two cars. Assumption.
    pair_outings_weekend, pair_outings_weekday : float
        Chance that both cars of such a household go out together on a day. Assumption.
    convoy_share : float
        Share of vehicles that belong to a group of three to five that travels together again and
        again. Assumption; at least one group where there are 25 vehicles.
    convoy_days : float
        Chance that a group travels on its day of the week. Assumption.
    car_use : float
        Chance that a driver takes the car to work on a working day. Assumption.
    punctuality_min : float
        Typical spread of the hour of leaving home, in minutes (drawn for each driver, half to one
        and a half of this). Assumption.
    worship_share : float
        Share of drivers who go to a mosque on most Fridays. Assumption.
    child_share : float
        Share of day workers and homekeepers who bring children to school. Assumption.
    attribute_missing, attribute_wrong : float
        Shares of attribute values that are absent or wrong by day; by night three times as many are
        absent. Assumption.
    radials, rings_km
        Layout of the schematic streets of Tashkent: number of radial streets, radii of the rings.
    """

    coverage: float = 0.75
    miss_rate: float = 0.08
    misread_rate: float = 0.01
    double_rate: float = 0.015
    drift_ppm: int = 90
    signal_cycle_s: int = 90
    shift_share: float = 0.08
    student_share: float = 0.05
    pensioner_share: float = 0.09
    homekeeper_share: float = 0.09
    taxi_share: float = 0.06
    van_share: float = 0.05
    through_share: float = 0.04
    pair_share: float = 0.20
    pair_outings_weekend: float = 0.35
    pair_outings_weekday: float = 0.06
    convoy_share: float = 0.015
    convoy_days: float = 0.85
    car_use: float = 0.90
    punctuality_min: float = 12.0
    worship_share: float = 0.35
    child_share: float = 0.30
    attribute_missing: float = 0.08
    attribute_wrong: float = 0.05
    radials: int = 12
    rings_km: tuple[float, ...] = (2.0, 4.5, 7.5, 11.0)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith(("_share", "_rate", "coverage", "car_use", "_days")) and not (
                0 <= value <= 1
            ):
                raise UsageError(f"{field.name} is a share and must lie between 0 and 1")
        if sum(self.kind_shares) > 1:
            raise UsageError("the shares of drivers sum to more than 1; lower some of them")
        if self.radials < 3 or not self.rings_km or list(self.rings_km) != sorted(self.rings_km):
            raise UsageError("the streets need three radials or more, and rings of growing radius")
        if not 0 <= self.drift_ppm <= 10_000:
            raise UsageError("drift_ppm must lie between 0 and 10,000")

    @property
    def kind_shares(self) -> tuple[float, ...]:
        """Shares of the drivers who are not day workers, in the order of `people.KINDS`."""
        return (
            self.shift_share,
            self.student_share,
            self.pensioner_share,
            self.homekeeper_share,
            self.taxi_share,
            self.van_share,
            self.through_share,
        )


PRESETS: dict[str, Difficulty] = {
    "standard": Difficulty(),
    # Clean readers and regular people: what a measure can do at best.
    "easy": Difficulty(
        miss_rate=0.02,
        misread_rate=0.001,
        double_rate=0.0,
        drift_ppm=0,
        shift_share=0.03,
        taxi_share=0.03,
        punctuality_min=7.0,
        car_use=0.97,
    ),
    # Poor readers and irregular people.
    "hard": Difficulty(
        miss_rate=0.20,
        misread_rate=0.04,
        shift_share=0.18,
        taxi_share=0.10,
        punctuality_min=20.0,
        car_use=0.75,
        attribute_missing=0.2,
        attribute_wrong=0.12,
    ),
    # Nobody travels together, though many leave at the same hour and drive in platoons: the null
    # for companions.
    "alone": Difficulty(pair_outings_weekend=0.0, pair_outings_weekday=0.0, convoy_share=0.0),
    # Another layout and another mix of people, for tests of what was calibrated on the standard.
    "held_out": Difficulty(
        radials=9,
        rings_km=(1.5, 4.0, 9.0),
        shift_share=0.14,
        child_share=0.4,
        miss_rate=0.12,
    ),
}
"""Named settings; see the comments beside each."""

SPARSE_COVERAGE = 0.0325
"""Coverage of the sparse regime: about 40 sightings a vehicle in 180 days with 100 camera sites."""

REGIMES = ("dense", "sparse")


def find_difficulty(
    difficulty: Difficulty | str, regime: str, overrides: dict[str, object]
) -> Difficulty:
    """Resolve the settings of a region from a preset, a regime and single values.

    Parameters
    ----------
    difficulty : Difficulty or str
        Settings, or the name of a preset.
    regime : {"dense", "sparse"}
        "sparse" replaces the coverage.
    overrides : dict
        Single settings by name; they win over both.

    Raises
    ------
    UsageError
        If a name is not known.

    Examples
    --------
    >>> find_difficulty("standard", "dense", {"miss_rate": 0.5}).miss_rate
    0.5
    """
    if isinstance(difficulty, str):
        if difficulty not in PRESETS:
            raise UsageError(
                f"difficulty {difficulty!r} is not known; choose one of {', '.join(PRESETS)}"
            )
        difficulty = PRESETS[difficulty]
    if regime not in REGIMES:
        raise UsageError(f"regime {regime!r} is not known; choose 'dense' or 'sparse'")
    if regime == "sparse":
        difficulty = replace(difficulty, coverage=SPARSE_COVERAGE)
    known = {field.name for field in fields(Difficulty)}
    unknown = sorted(set(overrides) - known)
    if unknown:
        raise UsageError(
            f"make_region has no setting {unknown[0]!r}; settings are {', '.join(sorted(known))}"
        )
    return replace(difficulty, **overrides)
