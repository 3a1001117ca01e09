"""Areas: zones joined until enough vehicles travel between them for the flows to be shown.

With many zones nearly every pair of them has a handful of commuters, and a map of what may be shown
would be empty. Only one division is ever published, so that no two can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analyzer.cameras import make_zones
from analyzer.report.disclosure import coarsen_positions, suppress_od

WIDTHS_M = (0, 3_000, 6_000, 12_000, 25_000)
"""How wide areas may be, in metres; 0 leaves the zones as they are."""

_MOST_ZONES = 2_000
_ENOUGH = 0.8
"""The narrowest areas that show this share of what the best width shows are taken."""


@dataclass(frozen=True)
class Areas:
    """The ends of flows (``zone``, ``name``, ``lat``, ``lon``) and the flows that may be shown."""

    ends: pd.DataFrame
    flows: pd.DataFrame
    width_m: int


def join_zones(zones: pd.DataFrame, shown: pd.DataFrame, flows: pd.DataFrame, k: int) -> Areas:
    """Join zones into areas so that most vehicles that commute between areas can be shown.

    Parameters
    ----------
    zones : DataFrame
        All zones: ``zone``, ``lat``, ``lon``.
    shown : DataFrame
        The zones that may be shown: also ``name`` and ``vehicles``; areas are named after them.
    flows : DataFrame
        ``origin``, ``destination``, ``vehicles``, before anything is hidden.
    k : int
        Smallest flow that may be shown.

    Returns
    -------
    Areas
        The code and name of an area are those of its largest zone.

    Examples
    --------
    >>> zones = pd.DataFrame({"zone": [0, 1, 2], "name": ["A", "B", "C"],
    ...     "lat": [41.0, 41.01, 41.5], "lon": 69.0, "vehicles": [60, 50, 40]})
    >>> flows = pd.DataFrame({"origin": [0, 1], "destination": [2, 2], "vehicles": [8, 7]})
    >>> areas = join_zones(zones, zones, flows, 10)
    >>> areas.width_m, areas.flows.values.tolist()
    (3000, [[0, 2, 15]])
    """
    ordered = zones.sort_values("zone")
    lat, lon = coarsen_positions(ordered["lat"], ordered["lon"])
    found = []
    # Linkage takes the square of the zones: where there are very many, or no flows, none is tried.
    widths = WIDTHS_M if len(flows) and len(zones) <= _MOST_ZONES else WIDTHS_M[:1]
    for width in widths:
        codes = ordered["zone"].astype("int64").to_numpy()
        if width and len(codes):
            codes = make_zones(lat.to_numpy(), lon.to_numpy(), width)
        members = pd.DataFrame({"zone": ordered["zone"].astype("int64").to_numpy(), "area": codes})
        found.append(_areas(members, shown, flows, width, k))
    carried = [_carried(areas.flows) for areas in found]
    enough = _ENOUGH * max(carried)
    return next(areas for areas, sum_ in zip(found, carried, strict=True) if sum_ >= enough)


def _areas(
    members: pd.DataFrame, shown: pd.DataFrame, flows: pd.DataFrame, width: int, k: int
) -> Areas:
    known = shown.assign(zone=shown["zone"].astype("int64")).merge(members, on="zone")
    known = known.sort_values(["vehicles", "zone"], ascending=[False, True])
    largest = known.drop_duplicates("area").set_index("area")
    weight = known["vehicles"].astype(float)
    sums = pd.DataFrame({
        "area": known["area"], "weight": weight,
        "lat": known["lat"] * weight, "lon": known["lon"] * weight,
    }).groupby("area").sum()
    weighted = sums.div(sums["weight"].replace(0, np.nan), axis=0).reindex(largest.index)
    lat, lon = coarsen_positions(weighted["lat"], weighted["lon"])
    ends = pd.DataFrame({
        "zone": largest["zone"], "name": largest["name"], "lat": lat, "lon": lon,
        "vehicles": largest["vehicles"],
    })
    # An area none of whose zones may be shown has no name; its flows are not shown either.
    code = members.set_index("zone")["area"].map(largest["zone"])
    joined = pd.DataFrame({
        "origin": flows["origin"].map(code), "destination": flows["destination"].map(code),
        "vehicles": flows["vehicles"],
    }).fillna({"origin": -1, "destination": -1})
    joined = joined.astype({"origin": "int64", "destination": "int64"})
    joined = joined.groupby(["origin", "destination"], as_index=False)["vehicles"].sum()
    safe = suppress_od(joined, k)
    safe = safe[(safe["origin"] >= 0) & (safe["destination"] >= 0)].reset_index(drop=True)
    return Areas(ends.sort_values("zone").reset_index(drop=True), safe, width)


def _carried(flows: pd.DataFrame) -> int:
    return int(flows.loc[flows["origin"] != flows["destination"], "vehicles"].sum())
