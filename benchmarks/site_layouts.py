"""Regions of which only some camera sites watch: few ones, or all of them in one or two towns.

The generator puts sites where most traffic passes, all over the region. Real systems often watch
one town and not the country from which people drive there; places at their edge are known less well
than the density of cameras suggests.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FEW = ("random 1", "random 2", "random 3", "random 5", "random 8", "random 14", "cluster 2",
       "cluster 4", "cluster 8", "cluster 14", "clusters 1", "clusters 3",
       "clusters 6")  # fmt: skip
PARTLY = ("random 22", "random 40", "random 60", "cluster 25", "cluster 40", "cluster 60",
          "clusters 12", "clusters 20", "clusters 30")  # fmt: skip
"""Layouts: so many sites at random, in one cluster, or in each of two clusters."""


def watch(sightings: Any, layout: str, seed: int) -> Any:
    """Keep the sightings of the sites of a layout.

    Parameters
    ----------
    sightings : Sightings
        Of a whole region.
    layout : str
        See `FEW` and `PARTLY`.
    seed : int
        Which sites are drawn.

    Returns
    -------
    Sightings
    """
    from analyzer.array_sightings import from_arrays
    from analyzer.scoring.truth import distance_m

    kind, number = layout.split()
    table = sightings.camera_table
    sites = table.groupby("zone")[["lat", "lon"]].mean()
    lat, lon = sites["lat"].to_numpy(), sites["lon"].to_numpy()
    random = np.random.default_rng([seed, *layout.encode()])
    if kind == "random":
        kept = random.choice(len(sites), int(number), replace=False)
    else:
        centres = random.choice(len(sites), 1 if kind == "cluster" else 2, replace=False)
        kept = np.concatenate(
            [
                np.argsort(distance_m(lat[at], lon[at], lat, lon), kind="stable")[: int(number)]
                for at in centres
            ]
        )
    watched = table["zone"].isin(sites.index[kept]).to_numpy()
    parts = [part.load() for part in sightings.parts()]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    of = watched[rows["camera"]]
    code = np.cumsum(watched) - 1
    return from_arrays(
        rows["vehicle"][of], rows["seen_at"][of], code[rows["camera"][of]],
        cameras=table.loc[watched, ["name", "lat", "lon"]].reset_index(drop=True),
        vehicles=sightings.vehicle_names(np.arange(sightings.n_codes)),
        timezone=sightings.timezone,
    )  # fmt: skip
