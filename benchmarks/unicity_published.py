"""Our unicity beside published figures, on synthetic regions and on a real week of plate reads.

    python benchmarks/unicity_published.py

Writes ``benchmarks/results/unicity.md``. The week of Seattle (public records, University of
Washington Center for Human Rights) is read where it lies, and left out where it is not there; name
another place with ``--seattle FILE``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from score_tables import Curve, Section, write_results

from analyzer.ingest.reader import read_sightings
from analyzer.risk.adversary import Adversary
from analyzer.risk.anonymity import measure_anonymity
from analyzer.risk.gain import measure_attribute_gain
from analyzer.risk.grid import measure_unicity_grid
from analyzer.risk.plateless import measure_plateless
from analyzer.risk.published import PUBLISHED
from analyzer.risk.unicity import measure_unicity
from analyzer.sightings import Sightings
from analyzer.synthetic import make_region

SEATTLE = Path(__file__).parents[2] / "shared" / "data" / "seattle_alpr_2021.csv.gz"
ATTRIBUTES = ("make", "color")
PUBLISHED_LEVELS = (0.90, 0.93, 0.95)

WHY = """
Why ours differ from the published ones, in the order of weight:

1. **Population.** Whoever is one among 1.5 million is matched against 1.5 million. The same region
   with more vehicles gives lower shares (next table): ours are upper bounds for a city of a million
   with as many cameras.
2. **Points.** A phone is seen some hundred times in three months, wherever it is; a vehicle is seen
   where a camera stands, a few times a day (dense) or a week (sparse). Fewer points each means
   fewer others who happen to hold the same four, which raises unicity, and more vehicles with
   fewer than four, who are no targets at all: the share left out stands beside each figure. In the
   week of Seattle nearly all vehicles are left out, since patrol cars that drive about meet most
   only once, so its shares describe the few that were met again and again.
3. **Place.** A hundred cameras where de Montjoye et al. had some thousand antennas: coarser places
   lower unicity.
4. **Time.** Cards are known to the day, phones to the hour; ours stand above for both. The
   Guangzhou figure is for half a day and from memory.
5. **Data.** Regions are synthetic: people invented, though their schedules are those of commuters.
"""

DIFFERS = {
    "1.5 million people": "many more people; phones, seen wherever they are; finer places",
    "1.1 million people, 3 months, card purchases, shop and day": "shops are finer than cameras, "
    "days coarser than hours; compare our column for 4 points to the day",
    "60 million people": "many more people; a model, not a count",
    "131 million": "taxis only: seen far more often, and all day long",
    "licence-plate reads": "the nearest kind of data; compare our 5 points to half a day",
}


def measure_one(sightings: Sightings) -> dict[str, Any]:
    asked = {
        "hour": Adversary(4, "1h", "camera"),
        "day": Adversary(4, "1D", "camera"),
        "half_day": Adversary(5, "12h", "camera"),
        "zone_day": Adversary(4, "1D", "zone"),
    }
    found = {name: measure_unicity(sightings, adversary) for name, adversary in asked.items()}
    return {
        "vehicles": f"{sightings.n_vehicles:,}",
        "each": f"{len(sightings) / sightings.n_vehicles:.1f}",
        "cameras": sightings.n_cameras_seen,
        **{name: unicity.share for name, unicity in found.items()},
        "excluded": found["hour"].excluded,
        "result": found["hour"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seattle", type=Path, default=SEATTLE)
    parser.add_argument("--vehicles", type=int, default=20_000)
    options = parser.parse_args()
    dense = make_region(vehicles=options.vehicles, days=28, seed=1).sightings
    data = {
        "synthetic region, dense, 28 days": dense,
        "synthetic region, sparse, 180 days": make_region(
            vehicles=options.vehicles, days=180, seed=1, regime="sparse"
        ).sightings,
    }
    if options.seattle.exists():
        data["Seattle, real, one week of patrol cars, 250 m places"] = read_sightings(
            options.seattle,
            plates="pseudonymous",
            timezone="America/Los_Angeles",
            place_grid="250m",
        )
    ours = {label: measure_one(sightings) for label, sightings in data.items()}
    curves = {
        label: list(enumerate(figures.pop("result").curve, start=1))
        for label, figures in ours.items()
    }
    published = {
        f"{figure.cite()}": {
            "value": f"{100 * figure.value:g} %",
            "what": figure.what,
            "data": figure.data,
            "differs": next((why for start, why in DIFFERS.items()
                             if figure.data.startswith(start)), ""),
        }
        for figure in PUBLISHED
        if figure.measure == "unicity"
    }  # fmt: skip
    sizes = {
        f"{n:,} residents": measure_one(make_region(vehicles=n, days=28, seed=1).sightings)
        for n in (options.vehicles // 20, options.vehicles // 4, options.vehicles,
                  5 * options.vehicles)
    }  # fmt: skip
    sections = [
        Section(
            "Ours",
            "Share of vehicles singled out, with its interval, of those with enough sightings.",
            {
                "vehicles": "vehicles",
                "each": "sightings each",
                "cameras": "cameras",
                "hour": "4 points, hour, camera",
                "day": "4 points, day, camera",
                "half_day": "5 points, half a day, camera",
                "zone_day": "4 points, day, zone",
                "excluded": "left out (fewer than 4)",
            },
            ours,
            [
                Curve(
                    "unicity_points",
                    "sightings known (hour, camera); lines: published for 4 points",
                    "vehicles singled out",
                    curves,
                    levels=PUBLISHED_LEVELS,
                )
            ],
        ),
        Section(
            "Published",
            WHY.strip(),
            {
                "value": "singled out",
                "what": "by what",
                "data": "on which data",
                "differs": "what differs from ours",
            },
            published,
        ),
        Section(
            "By population",
            "The same dense region with more and more residents; vehicles that pass through come "
            "on top.",
            {"hour": "4 points, hour", "day": "4 points, day", "half_day": "5 points, half a day"},
            {label: figures for label, figures in sizes.items()},
        ),
        _law_section(data),
        _attributes_section(data),
        _home_work_section(data),
    ]
    write_results(
        "unicity",
        "Unicity beside published figures",
        f"python benchmarks/unicity_published.py --vehicles {options.vehicles}",
        sections,
    )


def _law_section(data: dict[str, Sightings]) -> Section:
    rows, points = {}, {}
    for label, sightings in data.items():
        grid = measure_unicity_grid(
            sightings, (1, 2, 3, 4, 5), ("15min", "1h", "6h", "1D", "7D"),
            ("camera", "zone", "2km", "10km"),
        )  # fmt: skip
        law = grid.law
        rows[label] = {
            **{
                f"beta_{curve.points}": f"{curve.beta:.3f} (R² {curve.r2:.2f})"
                for curve in law.curves
            },
            "line": f"{law.intercept:.3f} {law.slope:+.3f} p (R² {law.line_r2:.2f})",
            "good": law.caution() or "fits",
        }
        points[label] = sorted(
            ((cell.coarseness, cell.share) for cell in grid.cells if cell.adversary.points == 4),
            key=lambda point: point[0],
        )
    return Section(
        "The law of de Montjoye et al. 2013",
        "Fitted exponents β of unicity = α − (hours × cameras in a place)^β over 5 times × 4 "
        "places; published: about 0.1, falling with the number of points.",
        {
            **{f"beta_{p}": f"β, p = {p}" for p in range(1, 6)},
            "line": "β by p",
            "good": "quality",
        },
        rows,
        [
            Curve(
                "unicity_coarseness",
                "hours × cameras in a place",
                "singled out by 4 points",
                points,
                log_x=True,
            )
        ],
    )


def _attributes_section(data: dict[str, Sightings]) -> Section:
    rows = {}
    for label, sightings in data.items():
        if not set(ATTRIBUTES) <= set(sightings.columns):
            continue
        gain = measure_attribute_gain(sightings, Adversary(2, "1D", "zone", ATTRIBUTES))
        plateless = measure_plateless(sightings, (*ATTRIBUTES, "model"), "1h")
        rows[label] = {
            "without": gain.steps[0].shares[-1],
            "make": gain.steps[1].gains[-1],
            "color": gain.steps[2].gains[-1],
            "both": gain.gain,
            "unique": plateless.unique,
            "alone": f"{100 * plateless.unique.baseline:.1f} %",
        }
    return Section(
        "Attributes",
        "What make and colour add to two sightings known to the day and the zone, and how many "
        "sightings make, model and colour alone tell apart at a camera within the hour. Published: "
        "knowing the price raises the risk by 22 %, relative (de Montjoye et al. 2015); time, "
        "colour, type and make give over 94 % probability of tracking (Chen et al. 2020).",
        {
            "without": "singled out without",
            "make": "+ make",
            "color": "+ colour",
            "both": "+ both",
            "unique": "plateless: sightings told apart",
            "alone": "by camera and hour alone",
        },
        rows,
    )


def _home_work_section(data: dict[str, Sightings]) -> Section:
    rows = {}
    for label, sightings in data.items():
        found = measure_anonymity(sightings, Adversary(2, "1D", "zone"))
        for pairs in found.home_work:
            median = pairs.pair.median
            if not median.n:
                continue
            rows[f"{label}; {pairs.level}"] = {
                "n": f"{median.n:,}",
                "median": f"{median.value:,.0f} ({median.low:,.0f}–{median.high:,.0f})",
                "home": f"{pairs.home.median.value:,.0f}",
                "work": f"{pairs.work.median.value:,.0f}",
                "alone": pairs.pair.below[0],
                "published": f"{pairs.published.value:,.0f} "
                f"({pairs.published.what.split(', ')[-1]})",
            }
    return Section(
        "Home and work",
        "Vehicles that share home and work, as inferred. Published medians are for persons among "
        "the working population of the United States, so levels correspond in kind, not in size "
        "(Golle and Partridge 2009).",
        {
            "n": "vehicles with both",
            "median": "share the pair, median",
            "home": "share home",
            "work": "share work",
            "alone": "share the pair with nobody",
            "published": "published median",
        },
        rows,
    )


if __name__ == "__main__":
    main()
