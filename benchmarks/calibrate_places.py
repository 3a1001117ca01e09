"""Fit how far off a place may be, on synthetic regions, and print the numbers for the package.

Run ``python benchmarks/calibrate_places.py > analyzer/patterns/calibration.py``. Regions of seeds 1
to 3 only, at several densities of cameras, lengths, miss rates and mixes of people; what is scored
in ``score_places.py`` are other seeds, densities between these, and another road layout.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np

SEEDS = (1, 2, 3)
DENSITIES = (20, 30, 45, 70, 100, 150, 300, 700, 2_000)
OTHER: tuple[dict[str, Any], ...] = (
    {"days": 5},
    {"days": 10},
    {"days": 60},
    {"days": 90},
    {"miss_rate": 0.4},
    {"cameras": 300, "miss_rate": 0.4},
    {"shift_share": 0.2, "taxi_share": 0.1},
    {"radials": 16, "rings_km": (3.0, 6.0, 9.0)},
    {"cameras": 200, "radials": 16, "rings_km": (3.0, 6.0, 9.0)},
)
KNOTS = 9
"""Densities at which the radius is corrected; between them the correction is interpolated."""

SHARE = 0.9
"""Share of the places whose radius is to hold the truth."""


def collect(settings: dict[str, Any], vehicles: int) -> dict[str, np.ndarray]:
    """Make a region, find places, and give features and errors of homes and works."""
    from analyzer.patterns.places import find_places
    from analyzer.patterns.trips import find_trips
    from analyzer.synthetic import make_region

    region = make_region(**{"vehicles": vehicles, "days": 28, **settings})
    places = find_places(find_trips(region.sightings))
    table = hold(places, region)
    table["density"] = np.full(len(table["role"]), np.log(places.trips.plane.typical_m))
    table["standard"] = np.full(len(table["role"]), set(settings) <= {"seed", "cameras"})
    table["sites"] = np.full(len(table["role"]), settings.get("cameras", 100))
    return table


def hold(places: Any, region: Any) -> dict[str, np.ndarray]:
    """Hold homes and works against the truth of a region: features and errors."""
    from analyzer.patterns.places import describe_places
    from analyzer.patterns.radius import role_features
    from analyzer.scoring.stays import spent_truly

    sightings, plane = places.trips.sightings, places.trips.plane
    truth = region.truth.vehicles.set_index("vehicle")
    spent = spent_truly(places.stays(), region.truth.trips, truth)
    names = ("role", "error", "features", "role_features", "right")
    columns: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for part in places.stay_parts:
        found = describe_places(part.load(), plane)
        vehicles = sightings.vehicle_names(found.vehicle)
        true = truth.reindex(vehicles)
        x, y = np.full((2, len(found.role)), np.nan)
        for number, role in ((1, "home"), (2, "work")):
            at = plane.to_metres(true[f"{role}_lat"], true[f"{role}_lon"])
            of = found.role == number
            x[of], y[of] = at[0][of], at[1][of]
        error = np.hypot(found.spot.x - x, found.spot.y - y)
        right = np.zeros(len(error), bool)
        for number, role in ((1, "home"), (2, "work")):
            right |= (found.role == number) & (spent[role].reindex(vehicles).to_numpy() >= 0.5)
        # Misread plates make vehicles that the truth does not know.
        of = (found.role > 0) & true["kind"].notna().to_numpy()
        evidence = role_features(found.spot, found.role, found.evidence)
        kept = (found.role, error, found.features, evidence, right)
        for name, values in zip(names, kept, strict=True):
            columns[name].append(values[of])
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def fit(table: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    """Fit radius, correction by density, and confidence of one role."""
    from sklearn.linear_model import LogisticRegression, QuantileRegressor

    weight = _equal_weight(table["sites"])
    logistic = LogisticRegression(C=10.0, fit_intercept=False, max_iter=5_000)
    logistic.fit(table["role_features"], table["right"], sample_weight=weight)
    table = {name: values[~np.isnan(table["error"])] for name, values in table.items()}
    features, log_error = table["features"], np.log(np.maximum(table["error"], 1.0))
    weight = _equal_weight(table["sites"])
    rows = np.random.default_rng(0).permutation(len(log_error))[:12_000]
    model = QuantileRegressor(quantile=SHARE, alpha=1e-5, fit_intercept=False, solver="highs")
    radius = model.fit(
        features[rows], log_error[rows], sample_weight=weight[rows]
    ).coef_
    residual = log_error - features @ radius
    density = table["density"]
    knots, step = np.linspace(density.min(), density.max(), KNOTS, retstep=True)
    corrections = np.empty(KNOTS)
    for knot in range(KNOTS):
        of = (np.abs(density - knots[knot]) <= step) & table["standard"]
        # Conformal: one more than all, so that a new place of this kind has its share.
        level = min(1.0, (1 + 1 / of.sum()) * SHARE)
        corrections[knot] = quantile(residual[of], weight[of], level)
    return radius, knots, corrections, logistic.coef_[0]


def _equal_weight(sites: np.ndarray) -> np.ndarray:
    """Let every density count the same, however many places are found there."""
    _, group, size = np.unique(sites, return_inverse=True, return_counts=True)
    return len(sites) / (len(size) * size[group])


def quantile(values: np.ndarray, weight: np.ndarray, level: float) -> float:
    """Give a weighted quantile."""
    order = np.argsort(values)
    reached = np.cumsum(weight[order]) / weight.sum()
    return float(values[order][min(np.searchsorted(reached, level), len(values) - 1)])


def main() -> None:
    """Fit both roles and print a module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=1_500)
    options = parser.parse_args()
    settings = [{"cameras": cameras} for cameras in DENSITIES] + list(OTHER)
    tables = []
    for seed in SEEDS:
        for each in settings:
            begun = time.perf_counter()
            tables.append(collect({"seed": seed, **each}, options.vehicles))
            print(f"{seed} {each}: {time.perf_counter() - begun:.1f} s", file=sys.stderr)
    table = {name: np.concatenate([each[name] for each in tables]) for name in tables[0]}
    print('"""Fitted numbers of radius and confidence; see `analyzer.patterns.radius`.\n')
    print("Written by ``python benchmarks/calibrate_places.py``; not to be edited by hand.")
    print('"""\n\nfrom __future__ import annotations\n')
    for number, role in ((1, "HOME"), (2, "WORK")):
        of = table["role"] == number
        fitted = fit({name: values[of] for name, values in table.items()})
        print(f"# {role.lower()}: {of.sum():,} places")
        for name, values in zip(("RADIUS", "DENSITY", "CORRECTION", "CONFIDENCE"), fitted,
                                strict=True):  # fmt: skip
            print(f"{role}_{name} = (")
            print("".join(f"    {value:.5g},\n" for value in values) + ")")


if __name__ == "__main__":
    main()
