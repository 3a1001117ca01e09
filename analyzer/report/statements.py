"""Statements: what published tables say about groups of vehicles, as an attacker reads them.

Each count, and each share with its n, is the size of a group. How groups lie in each other is known
to everybody who read the documentation: who is singled out by three sightings is so by four;
classes of sighting counts make up all vehicles; a commute needs a home and a work place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analyzer.estimate import ALL_BUT_FEW, ROUNDED
from analyzer.policy.inferred import IN_STRETCHES
from analyzer.policy.setting import STRETCHES
from analyzer.report.differencing import Knowledge, Revealed, attack
from analyzer.report.tables import is_missing

ALL = "all vehicles"
BOTH = "vehicles with a home and a work place"
OWN = "own "
"""With which the name of a table begins that has nothing to do with any other one."""

REGULAR = 10
"""Regular vehicles are seen so often or more (`analyzer.patterns.overview.REGULAR`)."""

_GROWING = ("unicity", "homes", "works", "commutes")
"""Risks of which a longer window tells all that a shorter one does."""

_EXACT = 1e-6


@dataclass(frozen=True)
class Cell:
    """Where a figure stands: the table, the label of its row, the column that holds it.

    Figures of a higher rank are given up first.
    """

    table: str
    row: Any
    column: str
    rank: int


@dataclass
class Statements:
    """What is said about vehicles, and about vehicles summed over leak days; and where.

    Attributes
    ----------
    systems : list of (Knowledge, int)
        What is known, each with how many units stand for one vehicle.
    cells : dict of str to Cell
        Where the size of a group is published.
    """

    systems: list[tuple[Knowledge, int]] = field(default_factory=list)
    cells: dict[str, Cell] = field(default_factory=dict)

    def revealed(self, k: int) -> list[Revealed]:
        """Give the groups of fewer than k vehicles that the statements give away."""
        return [each for known, unit in self.systems for each in attack(known, k * unit)]


def statements_of(
    tables: Mapping[str, pd.DataFrame],
    data: Mapping[str, Any],
    others: Callable[[str, pd.DataFrame, Statements], bool] | None = None,
) -> Statements:
    """Read what tables say about groups of vehicles.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By name, as they are published. Tables of a report are known by their names; any other is
        read by its columns: ``vehicles`` (counts), or ``value`` and ``n`` (shares).
    data : mapping
        What is said of the data as a whole: ``vehicles``.
    others : callable, optional
        Reads tables that are not a report's, and says whether it knew one.

    Returns
    -------
    Statements

    Examples
    --------
    >>> zones = pd.DataFrame({"zone": ["a", "b"], "vehicles": [392, 250]})
    >>> [str(each) for each in statements_of({"zones": zones}, {"vehicles": 400}).revealed(10)]
    ['all vehicles, not zones: a']
    """
    found = Statements()
    known = Knowledge()
    found.systems.append((known, 1))
    vehicles = data.get("vehicles")
    if is_missing(vehicles):
        whole = tables.get("inferred")
        vehicles = None if whole is None else whole.loc[whole["of"] == "all", "n"].max()
    if not is_missing(vehicles) and vehicles > 0:
        known.add(ALL, int(vehicles))
    for name, frame in tables.items():
        # "retention of b.json" is a sweep as well, over other leaks than "retention".
        kind = name.partition(" of ")[0]
        reader = _READERS.get(kind)
        if reader is not None and _COLUMNS[kind] <= set(frame.columns):
            reader(name, frame, found, tables)
        elif others is None or not others(name, frame, found):
            _plain_table(name, frame, found)
    _anchored(known)
    return found


def _anchored(known: Knowledge) -> None:
    """Who has a home and a work place is among those with either; commuters are among them."""
    commuters = "vehicles with commutes"
    for place in ("vehicles with homes", "vehicles with works"):
        if place in known.groups:
            for inner in (BOTH, commuters):
                if inner in known.groups:
                    known.within(inner, place)
    if {BOTH, commuters} <= set(known.groups):
        known.within(commuters, BOTH)


def _plain_table(name: str, frame: pd.DataFrame, found: Statements) -> None:
    known = found.systems[0][0]
    if "vehicles" in frame:
        for row, count in frame["vehicles"].items():
            label = _label(name, frame, row)
            add_count(found, label, count, Cell(name, row, "vehicles", 5))
            within_all(known, label)
    if {"value", "n"} <= set(frame.columns):
        for row, each in frame.iterrows():
            label = _label(name, frame, row)
            add_share(found, known, label, each, Cell(name, row, "value", 5))


def _counts(name: str, frame: pd.DataFrame, found: Statements, tables: Mapping) -> None:
    """Classes of sighting counts: with what is not shown they make up all vehicles."""
    known = found.systems[0][0]
    parts: dict[bool, list[str]] = {True: [], False: []}
    for row, each in frame.iterrows():
        label = f"vehicles seen {each['seen']}"
        add_count(found, label, each["vehicles"], Cell(name, row, "vehicles", 3))
        often = int(re.sub(r"\D.*", "", str(each["seen"]).replace(",", "")) or 1) >= REGULAR
        parts[often].append(label)
    parts[True].append("vehicles in classes from ten sightings that are not shown")
    parts[False].append("vehicles in classes under ten sightings that are not shown")
    known.sum("vehicles seen often", parts[True])
    if ALL in known.groups:
        known.sum(ALL, ["vehicles seen often", *parts[False]])


def _inferred(name: str, frame: pd.DataFrame, found: Statements, tables: Mapping) -> None:
    """Shares of all vehicles and of regular ones: the one group lies within the other."""
    known = found.systems[0][0]
    label = {"all": "vehicles with {}", "regular": "regular vehicles with {}"}
    wholes = {"all": ALL, "regular": "vehicles seen often"}
    rank = {("works", "all"): 6, ("works", "regular"): 8}
    for row, each in frame.iterrows():
        of, what = str(each["of"]), str(each["inferred"])
        if of not in label:
            continue
        group = label[of].format(what)
        cell = Cell(name, row, "value", rank.get((what, of), 7 if of == "regular" else 4))
        add_share(found, known, group, each, cell, whole=wholes[of])
        baseline = each.get("baseline")
        if what != "companions" and not is_missing(baseline) and not is_missing(each["n"]):
            most = f"{group} in the commonest place"
            add_count(found, most, baseline * each["n"], Cell(name, row, "baseline", 9))
            known.within(most, group)
    for what in dict.fromkeys(frame["inferred"].astype(str)):
        both = [label[of].format(what) for of in ("all", "regular")]
        if all(group in known.groups for group in both):
            known.within(both[1], both[0])
            if ALL in known.groups and "vehicles seen often" in known.groups:
                # Those seen seldom without it: all, less those with it, less regular ones without.
                seldom = f"{ALL}, not vehicles seen often"
                known.within("vehicles seen often", ALL)
                known.within(f"{both[0]}, not {both[1]}", seldom)
    for of in label:
        commuters = label[of].format("commutes")
        for what in ("homes", "works"):
            if {commuters, label[of].format(what)} <= set(known.groups):
                known.within(commuters, label[of].format(what))


def _curve(name: str, frame: pd.DataFrame, found: Statements, tables: Mapping) -> None:
    """Unicity: the targets, and among them those that 1, 2, … sightings single out."""
    known = found.systems[0][0]
    last = frame["points"].max()
    before: list[str] = []
    for row, each in frame.sort_values("points").iterrows():
        group = f"vehicles singled out by {int(each['points'])} points"
        cell = Cell(name, row, "value", 4 if each["points"] == last else 8)
        add_share(found, known, group, each, cell, whole="vehicles with enough points")
        if group in known.groups:
            for fewer in before:
                known.within(fewer, group)
            before.append(group)
    within_all(known, "vehicles with enough points")


def _retention(name: str, frame: pd.DataFrame, found: Statements, tables: Mapping) -> None:
    """Windows: what a shorter one exposes, a longer one does too; sums over leak days."""
    main = found.systems[0][0]
    sweep = name.removeprefix("retention")
    frame = frame if "risk" in frame else frame.assign(risk="unicity")
    days = frame["leak_days"] if "leak_days" in frame else pd.Series(1, index=frame.index)
    for (risk, leaks), part in frame.groupby([frame["risk"], days], sort=False):
        if not leaks or is_missing(leaks):
            continue
        known = Knowledge()
        found.systems.append((known, int(leaks)))
        shown = part.sort_values("days")
        shown = shown[shown["n"].notna() & (shown["n"] > 0)]
        before: dict[str, list[str]] = {}
        for row, each in shown.iterrows():
            window = f"{risk}, kept {each['window']}"
            last = row == shown.index[-1]
            cell = Cell(name, row, "value", 4 if last else 7)
            whole = f"{risk}: vehicles counted"
            here = {"value": f"{window}: vehicles exposed to it"}
            add_share(found, known, here["value"], each, cell, whole=whole, unit=int(leaks))
            if "exposed_vehicles" in shown and not is_missing(each["exposed_vehicles"]):
                here["exposed"] = f"{window}: vehicles with a known point left"
                method = each.get("method") or ""
                method = ROUNDED if ROUNDED in str(method) else ""
                of = pd.Series(
                    {"value": each["exposed_vehicles"], "n": each["n"], "method": method}
                )
                seen = Cell(name, row, "exposed_vehicles", 9)
                add_share(found, known, here["exposed"], of, seen, whole=whole, unit=int(leaks))
                if risk == "unicity":
                    known.within(here["value"], here["exposed"])
            if "value_whole_window" in shown and not is_missing(each["value_whole_window"]):
                # Found in the window as a whole: among those found in it or a stretch of it.
                group = f"{window}: vehicles found in all of it"
                method = each.get("method_whole_window") or ""
                alone = pd.Series(
                    {"value": each["value_whole_window"], "n": each["n"], "method": method}
                )
                seen = Cell(name, row, "value_whole_window", 9)
                add_share(found, known, group, alone, seen, whole=whole, unit=int(leaks))
                known.within(group, here["value"])
            if risk in _GROWING:
                shows = each.get("exposed_days", each["days"])
                for kind, group in here.items():
                    for shorter in before.setdefault(kind, []):
                        known.within(shorter, group)
                    # What an odd length alone tells of homes, a longer one need not.
                    if kind == "exposed" or risk not in IN_STRETCHES or shows in STRETCHES:
                        before[kind].append(group)
            counted = f"vehicles with enough points in the days of knowledge{sweep}"
            if risk == "unicity":
                main.add(counted, int(each["n"]))
                if "n_in_window" in shown and each["n_in_window"] > 0:
                    group = f"{window}: vehicles with a known point left on a leak day{sweep}"
                    add_count(found, group, each["n_in_window"], Cell(name, row, "n_in_window", 9))
                    main.within(group, counted)
                    if leaks == 1:
                        # Of one leak, these are the vehicles exposed.
                        exposed = f"{window}: vehicles with a known point left"
                        known.add(exposed, int(each["n_in_window"]))
                        found.cells.setdefault(exposed, Cell(name, row, "n_in_window", 9))
                        known.within(here["value"], exposed)
                    for shorter in before.setdefault("seen", []):
                        main.within(shorter, group)
                    before["seen"].append(group)
                if "n_paired" in shown and each["n_paired"] > 0:
                    group = f"{window}: vehicles compared with a shorter window{sweep}"
                    add_count(found, group, each["n_paired"])
                    main.within(group, counted)
        if risk == "unicity" and len(shown):
            inside = "vehicles with enough points"
            main.within(counted, inside if inside in main.groups else ALL)


def _flows(name: str, frame: pd.DataFrame, found: Statements, tables: Mapping) -> None:
    """Flows: each commuter counts once; those not shown make up the rest."""
    known = found.systems[0][0]
    shown = []
    for row, each in frame.iterrows():
        label = f"flow {each['origin']}–{each['destination']}"
        add_count(found, label, each["vehicles"], Cell(name, row, "vehicles", 7))
        shown.append(label)
    if shown:
        known.sum("vehicles with commutes", [*shown, "flows that are not shown"])


def _zones(name: str, frame: pd.DataFrame, found: Statements, tables: Mapping) -> None:
    known = found.systems[0][0]
    for row, each in frame.iterrows():
        label = f"zones: {each.get('name', each['zone'])}"
        label = label if label not in known.groups else f"{label} ({each['zone']})"
        add_count(found, label, each["vehicles"], Cell(name, row, "vehicles", 6))
        within_all(known, label)


_READERS = {
    "unicity_curve": _curve,
    "sighting_counts": _counts,
    "inferred": _inferred,
    "retention": _retention,
    "flows": _flows,
    "zones": _zones,
}
_COLUMNS = {
    "unicity_curve": {"points", "value", "n"},
    "sighting_counts": {"seen", "vehicles"},
    "inferred": {"inferred", "of", "value", "n"},
    "retention": {"window", "days", "value", "n"},
    "flows": {"origin", "destination", "vehicles"},
    "zones": {"zone", "vehicles"},
}


def within_all(known: Knowledge, label: str) -> None:
    """Say that a group lies in all vehicles, unless it is too large for that."""
    whole, group = known.groups.get(ALL), known.groups.get(label)
    # What is larger than all vehicles counts something else: vehicle-days, say.
    if whole and group and group.low <= whole.low:
        known.within(label, ALL)


def add_count(found: Statements, label: str, count: Any, cell: Cell | None = None) -> None:
    """Add a count of vehicles, or that one is withheld."""
    known = found.systems[0][0]
    if is_missing(count):
        known.add(label, hidden=True)
        return
    low, high = whole_number(float(count))
    known.add(label, low, high)
    if cell is not None:
        found.cells[label] = cell


def add_share(
    found: Statements,
    known: Knowledge,
    label: str,
    row: pd.Series,
    cell: Cell | None = None,
    *,
    whole: str | None = None,
    unit: int = 1,
) -> None:
    """Add a share: the group, and the n that it is a part of."""
    n, value = row["n"], row["value"]
    if is_missing(n) or n <= 0:
        return
    whole = whole or f"{label}: all counted"
    known.add(whole, int(n) * unit)
    if is_missing(value) or not 0 <= value <= 1:
        known.unknown(label)
    elif str(row.get("method", "")).startswith(ALL_BUT_FEW):
        known.add(label, whole_number(value * n)[0] * unit, int(n) * unit)
    else:
        known.add(label, *whole_number(value * n * unit, rounding(row.get("method"), unit)))
        if cell is not None:
            found.cells[label] = cell
    known.within(label, whole)


def rounding(method: Any, unit: int) -> float:
    """Say by how much a count summed over so many leak days may be rounded."""
    return unit / 2 if unit > 1 and ROUNDED in str(method) else 0.0


def whole_number(count: float, within: float = 0.0) -> tuple[float, float]:
    """Give the whole numbers between which a count lies, the same one twice if it is whole."""
    if within:
        return max(0.0, math.floor(count - within)), float(math.ceil(count + within))
    nearest = round(count)
    if abs(count - nearest) <= _EXACT * max(1.0, count):
        return nearest, nearest
    return float(int(count)), float(int(count) + 1)


def _label(name: str, frame: pd.DataFrame, row: Any) -> str:
    words = [
        str(frame.at[row, column])
        for column in frame.columns
        if not pd.api.types.is_float_dtype(frame[column]) and column not in ("vehicles", "n",
        "method", "synthetic")
    ]  # fmt: skip
    return f"{name}: {', '.join(words[:3]) or row}" if frame.index.is_unique else f"{name}: {row}"


def around(found: Statements, revealed: Iterable[Revealed]) -> list[Cell]:
    """Give the published figures that stand nearest to revealed groups, first to give up first."""
    cells: dict[Cell, tuple[int, int]] = {}
    for each in revealed:
        for known, _ in found.systems:
            if each.name not in known.groups:
                continue
            reached, distance, near = {each.name}, 0, set()
            while not near and distance < 4:
                near = {name for name in reached if name in found.cells}
                distance += 1
                reached |= {
                    name
                    for whole, parts in known.sums
                    if reached & {whole, *parts}
                    for name in (whole, *parts)
                }
            for name in near:
                cell = found.cells[name]
                cells[cell] = min(cells.get(cell, (9, 0)), (distance, -cell.rank))
    return sorted(cells, key=lambda cell: (cells[cell], cell.table, str(cell.row)))
