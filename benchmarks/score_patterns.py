"""How often homes, works, commutes and companions are found rightly, on synthetic regions.

Prints two Markdown tables: one row a setting. Run ``python benchmarks/score_patterns.py``; with
``--quick`` on small regions. Tuning used seeds 1 to 3 of the standard settings and nothing else.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

COLUMNS = {
    "home_found": "homes found",
    "home_error_km": "off by (km, median)",
    "home_radius_km": "radius (km, median)",
    "home_in_radius": "home within radius",
    "work_found": "works found",
    "work_error_km": "off by (km, median)",
    "work_in_radius": "work within radius",
    "work_invented": "works invented",
    "precision": "commute precision",
    "recall": "commute recall",
    "f1": "commute F1",
    "outbound_error_min": "leaving home off by (min)",
    "return_error_min": "leaving work off by (min)",
}

SETTINGS: dict[str, dict[str, Any]] = {
    "tuned on: seed 1": {"seed": 1},
    "tuned on: seed 2": {"seed": 2},
    "tuned on: seed 3": {"seed": 3},
    "seed 11": {"seed": 11},
    "seed 12": {"seed": 12},
    "seed 13": {"seed": 13},
    "60 camera sites": {"seed": 11, "cameras": 60},
    "200 camera sites": {"seed": 11, "cameras": 200},
    "misses doubled": {"seed": 11, "miss_rate": 0.16},
    "other layout and people": {"seed": 11, "difficulty": "held_out"},
    "hard": {"seed": 11, "difficulty": "hard"},
    "7 days": {"seed": 11, "days": 7},
    "sparse, 180 days": {"seed": 11, "days": 180, "regime": "sparse"},
}


COMPANION_COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "recall_convoy": "recall of convoys",
    "recall_couple": "recall of couples",
}

COMPANION_SETTINGS: dict[str, dict[str, Any]] = {
    "28 days, seed 11": {"seed": 11},
    "28 days, seed 12": {"seed": 12},
    "28 days, 200 camera sites": {"seed": 11, "cameras": 200},
    "28 days, nobody travels together": {"seed": 11, "difficulty": "alone"},
    "90 days, seed 11": {"seed": 11, "days": 90},
}


def score(settings: dict[str, Any], vehicles: int) -> dict[str, Any]:
    """Make a region, find its patterns, and score them."""
    from analyzer.patterns.commutes import find_commutes
    from analyzer.patterns.places import find_places
    from analyzer.patterns.routines import find_routines
    from analyzer.patterns.trips import find_trips
    from analyzer.synthetic import make_region

    region = make_region(**{"vehicles": vehicles, "days": 28, **settings})
    trips = find_trips(region.sightings)
    places = find_places(trips)
    commutes = find_commutes(find_routines(trips, places), places)
    figures = places.score(region.truth).figures | commutes.score(region.truth).figures
    return figures


def score_companions(settings: dict[str, Any], vehicles: int) -> dict[str, Any]:
    """Make a region, find who travels together, and score it."""
    from analyzer.patterns.companions import find_companions
    from analyzer.synthetic import make_region

    region = make_region(**{"vehicles": vehicles, "days": 28, **settings})
    return find_companions(region.sightings).score(region.truth).figures


def cell(name: str, figure: Any) -> str:
    """Write a figure with its interval as the cell of a table."""
    if not figure.is_measured:
        return "–"
    if name.endswith(("_km", "_min")):
        return f"{figure.value:.1f} ({figure.low:.1f}–{figure.high:.1f})"
    return figure.percent()


def main() -> None:
    """Score all settings and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=4_000)
    parser.add_argument("--quick", action="store_true", help="500 vehicles")
    parser.add_argument("--only", default="", help="only settings whose name holds this text")
    options = parser.parse_args()
    vehicles = 500 if options.quick else options.vehicles
    print(f"{vehicles:,} vehicles a region, dense, 28 days, 100 camera sites unless said.\n")
    print_table(SETTINGS, COLUMNS, score, vehicles, options.only)
    print(f"\nCompanions at a false discovery rate of 5 %, {vehicles:,} vehicles a region.\n")
    print_table(COMPANION_SETTINGS, COMPANION_COLUMNS, score_companions, vehicles, options.only)


def print_table(
    settings: dict[str, dict[str, Any]],
    columns: dict[str, str],
    score_of: Callable[[dict[str, Any], int], dict[str, Any]],
    vehicles: int,
    only: str,
) -> None:
    """Score each setting and print a row of it."""
    print("| setting | " + " | ".join(columns.values()) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for label, of_label in settings.items():
        if only not in label:
            continue
        begun = time.perf_counter()
        figures = score_of(of_label, vehicles)
        cells = " | ".join(
            cell(name, figures[name]) if name in figures else "–" for name in columns
        )
        print(f"| {label} | {cells} |", flush=True)
        print(f"{label}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
