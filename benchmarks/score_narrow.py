"""How often a home lies within its radius where only few sites, or some towns, are watched.

Writes a Markdown table to ``benchmarks/results/narrow.md``. Run ``python
benchmarks/score_narrow.py``. Seeds and towns are others than those of ``calibrate_narrow.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from site_layouts import FEW, PARTLY, watch

REGIONS = ({"seed": 11}, {"seed": 12, "cameras": 500}, {"seed": 13, "difficulty": "held_out"})
DRAWS = (500, 600)
TEXT = """# Few sites, or some towns only

1,000 vehicles a region, 28 days, of which only some of the sites watch: so many at random, in one
cluster, or in each of two clusters; three regions, two draws each. People drive in from where
nothing is watched, and the radius says so. A place whose radius would be more than 50 km is
unknown: its role is told, and no position. Written by `python benchmarks/score_narrow.py`.
"""


def measure(settings: dict, vehicles: int) -> pd.DataFrame:
    """Hold the radii of all layouts of one region against the truth."""
    from analyzer.patterns.places import find_places
    from analyzer.patterns.trips import find_trips
    from analyzer.scoring.truth import distance_m
    from analyzer.synthetic import make_region

    region = make_region(vehicles=vehicles, days=28, **settings)
    truth = region.truth.vehicles.set_index("vehicle")
    frames = []
    for layout in (*FEW, *PARTLY):
        for seed in DRAWS:
            places = find_places(find_trips(watch(region.sightings, layout, seed)))
            table = places.to_pandas()
            for role in ("home", "work"):
                of = table[table["role"] == role]
                true = truth.reindex(of["vehicle"])
                error = distance_m(
                    of["lat"], of["lon"], true[f"{role}_lat"], true[f"{role}_lon"]
                )
                exists = true[f"{role}_lat"].notna().to_numpy()
                frames.append(
                    pd.DataFrame(
                        {
                            "role": role, "layout": layout, "narrow": places.trips.plane.narrow,
                            "radius": of["radius_m"].to_numpy(), "error": error,
                        }
                    )[exists]
                )  # fmt: skip
    return pd.concat(frames)


def main() -> None:
    """Score all regions and write the table."""
    from analyzer.estimate import wilson

    table = pd.concat([measure(settings, 1_000) for settings in REGIONS])
    words = ("role", "layout", "places", "unknown", "within radius", "radius (km, median)",
             "off by (km, median)")  # fmt: skip
    lines = [TEXT, f"| {' | '.join(words)} |", "|---" * len(words) + "|"]
    for role in ("home", "work"):
        of_role = table[(table["role"] == role) & table["narrow"]]
        groups = [("all", of_role), *of_role.groupby("layout", sort=False)]
        groups.append(("sites all over, none narrow", table[(table["role"] == role)
                                                           & ~table["narrow"]]))
        for name, rows in groups:
            known = rows[rows["radius"].notna()]
            held = wilson(int((known["error"] <= known["radius"]).sum()), len(known))
            lines.append(
                f"| {role} | {name} | {len(rows):,} | {1 - len(known) / max(len(rows), 1):.0%} | "
                f"{held.percent()} | {np.median(known['radius']) / 1000:.1f} | "
                f"{np.median(known['error']) / 1000:.1f} |"
            )
    text = "\n".join(lines) + "\n"
    print(text)
    (Path(__file__).parent / "results" / "narrow.md").write_text(text)


if __name__ == "__main__":
    main()
