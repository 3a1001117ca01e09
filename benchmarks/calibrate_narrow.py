"""Fit how far off a place may be where only few sites, or some towns, are watched; print numbers.

Run ``python benchmarks/calibrate_narrow.py > analyzer/patterns/calibration_narrow.py``. Regions of
seeds 1 to 3, each watched by few sites and by those of one or two towns; ``score_narrow.py`` tests
the radius on other seeds and other towns.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from calibrate_places import SEEDS, SHARE, hold, quantile
from site_layouts import FEW, PARTLY, watch

CAMERAS = (100, 500)
DRAWS = 2
ROWS = 9_000
"""Places that the regression is fitted on, drawn so that every layout counts the same."""


def fit(features: np.ndarray, error: np.ndarray, layout: np.ndarray) -> np.ndarray:
    """Fit the quantile, and move it so that it holds over all layouts alike."""
    from sklearn.linear_model import QuantileRegressor

    _, of, size = np.unique(layout, return_inverse=True, return_counts=True)
    weight = 1.0 / size[of]
    log_error = np.log(np.maximum(error, 1.0))
    random = np.random.default_rng(0)
    rows = random.choice(len(error), min(ROWS, len(error)), False, weight / weight.sum())
    model = QuantileRegressor(quantile=SHARE, alpha=1e-5, fit_intercept=False, solver="highs")
    weights = model.fit(features[rows], log_error[rows]).coef_
    weights[0] += quantile(log_error - features @ weights, weight, SHARE)
    return weights


def main() -> None:
    """Fit both roles and print a module."""
    from analyzer.patterns.places import find_places
    from analyzer.patterns.trips import find_trips
    from analyzer.synthetic import make_region

    tables, layouts = [], []
    for seed in SEEDS:
        for cameras in CAMERAS:
            begun = time.perf_counter()
            region = make_region(vehicles=1_000, days=28, seed=seed, cameras=cameras)
            for layout in (*FEW, *PARTLY):
                for draw in range(DRAWS):
                    watched = watch(region.sightings, layout, 100 * draw + seed)
                    places = find_places(find_trips(watched))
                    if not places.trips.plane.narrow or not len(places):
                        continue
                    tables.append(hold(places, region))
                    layouts.append(np.full(len(tables[-1]["role"]), layout))
            print(f"{seed} {cameras}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    table = {name: np.concatenate([each[name] for each in tables]) for name in tables[0]}
    layout = np.concatenate(layouts)
    print('"""Fitted numbers of the radius where only some towns are watched.\n')
    print("Written by ``python benchmarks/calibrate_narrow.py``; not to be edited by hand.")
    print('"""\n\nfrom __future__ import annotations\n')
    for number, role in ((1, "HOME"), (2, "WORK")):
        of = (table["role"] == number) & ~np.isnan(table["error"])
        fitted = fit(table["features"][of], table["error"][of], layout[of])
        print(f"# {role.lower()}: {of.sum():,} places")
        print(f"{role}_NARROW = (")
        print("".join(f"    {value:.5g},\n" for value in fitted) + ")")


if __name__ == "__main__":
    main()
