"""How often homes, works, commutes and routines are found rightly, on synthetic regions.

Prints Markdown tables and writes them, with curves, to ``benchmarks/results/places.md``. Run
``python benchmarks/score_places.py``; with ``--quick`` on small regions, to the screen only. Radius
and confidence were calibrated on seeds 1 to 3 (``calibrate_places.py``); every row here is another
seed, and most are other densities, lengths, rates or road layouts than those.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from score_tables import Curve, Figures, Section, run, score_settings

CAMERAS = (20, 35, 60, 85, 100, 200, 500, 1_000, 2_000)
DAYS = (3, 7, 14, 28, 56, 90, 180)
MISS_RATES = (0.0, 0.08, 0.16, 0.3, 0.5)

SETTINGS: dict[str, dict[str, Any]] = {
    **{f"seed {seed}": {"seed": seed} for seed in (11, 12, 13)},
    **{f"{cameras:,} camera sites": {"cameras": cameras} for cameras in CAMERAS if cameras != 100},
    **{f"{days} days": {"days": days} for days in DAYS if days != 28},
    **{f"{rate:.0%} missed": {"miss_rate": rate} for rate in MISS_RATES if rate != 0.08},
    "other layout and people": {"difficulty": "held_out"},
    "other layout, 60 sites": {"difficulty": "held_out", "cameras": 60},
    "other layout, 300 sites": {"difficulty": "held_out", "cameras": 300},
    "hard": {"difficulty": "hard"},
    "sparse, 180 days": {"days": 180, "regime": "sparse"},
}

HOMES = {
    "home_found": "homes found",
    "home_role_right": "of those named, truly home",
    "home_error_km": "off by (km, median)",
    "oracle_home_error_km": "oracle off by",
    "home_in_radius": "within radius",
    "home_radius_km": "radius (km, median)",
    "near_km": "home to nearest camera (km, median)",
    "radius_ratio": "radius over that",
    "floor_ratio": "with known junction",
}
WORKS = {
    "work_found": "works found",
    "oracle_work_found": "oracle",
    "work_role_right": "of those named, truly work",
    "work_error_km": "off by (km, median)",
    "oracle_work_error_km": "oracle off by",
    "work_in_radius": "within radius",
    "work_radius_km": "radius (km, median)",
    "work_invented": "invented",
}
COMMUTES = {
    "habit_precision": "precision, as a habit",
    "habit_recall": "recall",
    "oracle_habit_recall": "oracle",
    "habit_f1": "F1",
    "oracle_habit_f1": "oracle",
    "precision": "precision, on the map",
    "recall": "recall",
    "oracle_recall": "oracle",
    "f1": "F1",
    "oracle_f1": "oracle",
    "outbound_error_min": "leaving home off by (min)",
    "oracle_outbound_error_min": "oracle",
    "return_error_min": "leaving work off by (min)",
}
ROUTINES = {
    "routine_precision": "precision",
    "routine_recall": "recall",
    "routine_recall_often": "recall of those kept on ten days",
    "routine_minute_error_min": "leaving off by (min)",
}
KINDS = {
    "home_found": "homes found",
    "home_right": "and right",
    "home_invented": "homes invented",
    "work_found": "works found",
    "work_right": "and right",
    "work_invented": "works invented",
    "commute_found": "commutes found",
    "commute_right": "and right, as a habit",
    "commute_invented": "commutes invented",
}

HOMES_TEXT = """{vehicles:,} vehicles a region, seed 11, dense, 28 days, 100 sites unless said.
A home is found if one is named; vehicles without enough evidence count as not found. The oracle is
given the true trips and tells where they lead by the same cameras. "With known junction" is how
wide a radius would have to be, over the distance to the nearest camera, if the junction were known
at which each vehicle leaves the mapped roads: homes of the generator lie about it at random, so no
radius can be smaller."""
COMMUTES_TEXT = """As a habit, a commute is right if the vehicle has one and most stays at the
places named home and work were truly spent there; on the map, if both also lie within their radius
(or two kilometres) of the truth. Nine radii in ten hold the truth, so the second is bounded near
0.81 where radii are wider than two kilometres. The oracle is given the true trips, and names a
commute where three days of each way were seen; it is never wrong about habits."""


def score(settings: Mapping[str, Any], vehicles: int) -> Figures:
    """Make a region, find its patterns, and score them and the oracle."""
    from analyzer.patterns.commutes import find_commutes
    from analyzer.patterns.places import find_places
    from analyzer.patterns.routines import find_routines
    from analyzer.patterns.trips import find_trips
    from analyzer.scoring import score_by_kind, score_oracle
    from analyzer.synthetic import make_region

    region = make_region(**{"vehicles": vehicles, "days": 28, "seed": 11, **settings})
    truth = region.truth
    trips = find_trips(region.sightings)
    places = find_places(trips)
    routines = find_routines(trips, places)
    commutes = find_commutes(routines, places)
    of_places, of_commutes = places.score(truth), commutes.score(truth)
    figures = of_places.figures | of_commutes.figures
    figures |= {f"routine_{name}": each for name, each in routines.score(truth).figures.items()}
    oracle_places, oracle_commutes = score_oracle(region.sightings, truth)
    oracle = oracle_places.figures | oracle_commutes.figures
    figures |= {f"oracle_{name}": each for name, each in oracle.items()}
    figures |= habits_of_oracle(oracle_commutes)
    figures |= distances(region, figures["home_radius_km"])
    kinds = truth.vehicles.set_index("vehicle")["kind"]
    commute_kinds = score_by_kind(of_commutes, kinds, right="habit").assign(role="commute")
    import pandas as pd

    figures["kinds"] = pd.concat([score_by_kind(of_places, kinds), commute_kinds])
    figures["cases"] = of_places.cases
    return figures


def habits_of_oracle(commutes: Any) -> Figures:
    """Score the commutes that the oracle names: as habits they are all right."""
    from analyzer.estimate import wilson
    from analyzer.scoring import f1_estimate

    found, true = int(commutes.cases["named"].sum()), int(commutes.cases["exists"].sum())
    return {
        "oracle_habit_recall": wilson(found, true),
        "oracle_habit_f1": f1_estimate(found, found, true),
    }


def distances(region: Any, radius: Any) -> Figures:
    """Tell how far homes lie from cameras and from their junctions."""
    import numpy as np

    from analyzer.estimate import Estimate
    from analyzer.scoring import median_estimate
    from analyzer.scoring.truth import distance_m

    cameras, people = region.sightings.camera_table, region.scene.people
    homes = people[~np.isnan(people["home_lat"])]
    lat, lon = homes["home_lat"], homes["home_lon"]
    near = distance_m(
        lat[:, None], lon[:, None], cameras["lat"].to_numpy(), cameras["lon"].to_numpy()
    ).min(axis=1)
    roads = region.scene.roads
    door = distance_m(lat, lon, roads.lat[homes["home_node"]], roads.lon[homes["home_node"]])
    middle = median_estimate(near / 1000)
    method = "ratio of medians"
    ratio = [getattr(radius, end) / middle.value for end in ("value", "low", "high")]
    floor = float(np.quantile(door, 0.9)) / 1000 / middle.value
    return {
        "near_km": middle,
        "radius_ratio": Estimate(*ratio, radius.n, method),
        "floor_ratio": Estimate(floor, floor, floor, len(door), method),
    }


def curves(rows: Mapping[str, Figures]) -> dict[str, list[Curve]]:
    """Draw what matters over cameras, days and misses."""
    axes = {
        "cameras": ("camera sites", CAMERAS, {100: "seed 11"}, "{:,} camera sites", True),
        "days": ("days", DAYS, {28: "seed 11"}, "{} days", True),
        "misses": ("share missed", MISS_RATES, {0.08: "seed 11"}, "{:.0%} missed", False),
    }
    lines = {
        "homes": (
            {"home_found": "homes found", "home_in_radius": "within radius",
             "home_role_right": "truly home"}, (0.9,),
        ),
        "commutes": (
            {"habit_f1": "F1, as a habit", "oracle_habit_f1": "oracle", "f1": "F1, on the map",
             "oracle_f1": "oracle, on the map"}, (0.95,),
        ),
    }  # fmt: skip
    drawn: dict[str, list[Curve]] = {}
    for subject, (names, levels) in lines.items():
        for axis, (label, values, standard, text, log_x) in axes.items():
            points = {
                told: [
                    (float(value), rows[standard.get(value, text.format(value))][name])
                    for value in values
                    if standard.get(value, text.format(value)) in rows
                ]
                for name, told in names.items()
            }
            if any(points.values()):
                drawn.setdefault(subject, []).append(
                    Curve(f"places_{subject}_by_{axis}", label, subject, points, log_x, levels)
                )
    return drawn


def kinds_section(figures: Figures) -> Section:
    """Tell found and invented by kind of driver."""
    rows: dict[str, dict[str, Any]] = {}
    for row in figures["kinds"].to_dict("records"):
        of = rows.setdefault(row["kind"], {})
        for name in ("found", "right", "invented"):
            of[f"{row['role']}_{name}"] = row[name]
    return Section("Kinds of drivers", "Seed 11, 28 days, 100 camera sites.", KINDS, rows)


def reliability_section(rows: Mapping[str, Figures]) -> Section:
    """Hold confidence against how often it is right, all settings together."""
    import pandas as pd

    from analyzer.estimate import Estimate
    from analyzer.scoring import reliability

    cases = pd.concat([figures["cases"] for figures in rows.values()])
    table, points = {}, {}
    for role in ("home", "work"):
        points[role] = []
        for row in reliability(cases[cases["role"] == role], bins=10).to_dict("records"):
            right = Estimate(row["right"], row["low"], row["high"], row["n"], "Wilson, 95 %")
            points[role].append((row["confidence"], right))
            table[f"{role}, {row['confidence']:.2f}"] = {"right": right, "n": f"{row['n']:,}"}
    return Section(
        "Confidence",
        "Places of all settings, in tenths of confidence: the share that are what they are said to "
        "be.",
        {"right": "truly so", "n": "places"},
        table,
        [Curve("places_confidence", "confidence", "truly so", points)],
    )


def sections(vehicles: int, only: str = "") -> list[Section]:
    """Score all settings."""
    rows = score_settings(SETTINGS, partial(score, vehicles=vehicles), only)
    drawn = curves(rows)
    found = [
        Section(
            "Homes", HOMES_TEXT.format(vehicles=vehicles), HOMES, rows, drawn.get("homes", [])
        ),
        Section("Works", "", WORKS, rows),
        Section("Commutes", COMMUTES_TEXT, COMMUTES, rows, drawn.get("commutes", [])),
        Section("Routines", "", ROUTINES, rows),
    ]
    if "seed 11" in rows:
        found.append(kinds_section(rows["seed 11"]))
    if rows:
        found.append(reliability_section(rows))
    return found


def main() -> None:
    """Score all settings, print the tables and write them."""
    title = "Homes, works and commutes, held against the truth"
    run(__doc__, "places", title, "python benchmarks/score_places.py", sections)


if __name__ == "__main__":
    main()
