"""What results printed by single verbs say about groups of vehicles, as an attacker reads them.

A verb prints figures that no report holds, and some of these lie in each other: who is found among
the five best is among the ten best; who is singled out by three sightings is so by four; who was
seen at four hours was seen in four quarters of an hour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pandas as pd

from analyzer.estimate import ALL_BUT_FEW, ROUNDED_UP
from analyzer.report.statements import BOTH, OWN, Statements, add_share, within_all
from analyzer.report.tables import is_missing

_RANKED = re.compile(r"^(?P<stem>.*(?:k_below_|among_|success_at_|success_|rank ))(?P<at>\d+)$")
"""Names of shares that grow with their number, because each group lies in the next."""

_FIRST = {"singled_out": "among_1", "linkability_share": "linkability_success_1",
          "unique": "k_below_2"}  # fmt: skip
"""Other names of the first of these."""

_NO_SHARES = re.compile(r"entropy|median|rank$|days_until|mean_risk|added|difference|candidates")
"""Figures that are no shares of their n; only the n counts vehicles."""


_OF_BOTH = re.compile(r"^(?:home_work\.)?(?:home and work|home|work), [^.]+\.\w+$")
"""Figures of the vehicles that have a home and a work place, as `anonymity` names them."""

_FOUND = {
    **{name: name for name in ("homes", "works", "commutes")},
    **{f"inference_{name}": name for name in ("works", "commutes")},
    "inference_share": "homes",
}
"""How `inference` and `profile` name groups that a report has as well."""


def figures_of(value: Any, where: str = "") -> Iterator[tuple[str, Any, Any, str]]:
    """Walk a document and give every figure: its place, value, n, method.

    Examples
    --------
    >>> list(figures_of({"homes": {"value": 0.5, "n": 40}, "seed": 0}))
    [('homes', 0.5, 40, '')]
    """
    if isinstance(value, Mapping):
        if {"value", "n"} <= set(value):
            yield where, value["value"], value["n"], str(value.get("method", ""))
        for key, item in value.items():
            yield from figures_of(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            name = item.get("id", at) if isinstance(item, Mapping) else at
            yield from figures_of(item, f"{where}.{name}" if where else str(name))


def tidy_output(frame: pd.DataFrame) -> pd.DataFrame | None:
    """Bring a verb's table of figures to ``where, value, n, method``; None if it is not known.

    Columns such as ``unicity, unicity_n`` are figures of their own; tables of shares by rank name
    the rank.

    Examples
    --------
    >>> wide = pd.DataFrame({"policy": ["now"], "unicity": [0.5], "unicity_n": [40]})
    >>> tidy_output(wide).values.tolist()
    [['now.unicity', 0.5, 40, '']]
    """
    method = frame["method"] if "method" in frame else pd.Series("", index=frame.index)
    if {"figure", "value", "n"} <= set(frame):
        of = frame["of"].astype(str) + "." if "of" in frame else ""
        where = of + frame["figure"].astype(str)
    elif {"rank", "matching", "value", "n"} <= set(frame):
        words = [frame[name].astype(str) for name in
                 ("rotation", "days", "grain", "matcher", "matching") if name in frame]  # fmt: skip
        where = words[0].str.cat([*words[1:], "rank " + frame["rank"].astype(str)], sep=".")
    elif {"inferred", "value", "n"} <= set(frame) and "of" not in frame:
        words = [frame[name].fillna("").astype(str) for name in ("category", "days")
                 if name in frame]  # fmt: skip
        where = frame["inferred"].astype(str)
        where = where.str.cat(words, sep=" ").str.strip() if words else where
    else:
        wide = [name for name in frame if f"{name}_n" in frame]
        if not wide:
            return None
        key = frame.iloc[:, 0].astype(str)
        parts = [
            pd.DataFrame(
                {"where": key + "." + name, "value": frame[name], "n": frame[f"{name}_n"],
                 "method": ""}
            )
            for name in wide
        ]  # fmt: skip
        return pd.concat(parts, ignore_index=True)
    told = {"where": where, "value": frame["value"], "n": frame["n"], "method": method}
    return pd.DataFrame(told).fillna({"method": ""})


def add_output(name: str, frame: pd.DataFrame, found: Statements) -> None:
    """Add what a table of figures says (``where, value, n, method``), and which lie in which."""
    known = found.systems[0][0]
    ranked: dict[tuple[str, int], list[tuple[int, str]]] = {}
    for each in frame.itertuples():
        label = f"{name}: {each.where}"
        parent, _, own = str(each.where).rpartition(".")
        shown = not is_missing(each.value)
        row = pd.Series({"value": each.value, "n": each.n, "method": each.method})
        if own == "entropy_bits" and shown:
            _add_company(label, each.value, each.n, found)
        if _NO_SHARES.search(own):
            row["value"] = None
        add_share(found, known, label, row)
        if "cases" not in str(each.method) and f"{label}: all counted" in known.groups:
            within_all(known, f"{label}: all counted")
        if not name.startswith(OWN):
            _add_anchored(name, str(each.where), row, found)
        match = _RANKED.match(_FIRST.get(own, own))
        if match and shown and not is_missing(each.n):
            stem = f"{parent}.{match['stem']}"
            ranked.setdefault((stem, int(each.n)), []).append((int(match["at"]), label))
        inside, _, who = label.partition(" among seen by both.")
        outer = f"{inside} among all.{who}"
        if who and outer in known.groups and _inside(known, label, outer):
            known.within(label, outer)
    for groups in ranked.values():
        for (_, inner), (_, outer) in pairwise(sorted(set(groups))):
            known.within(inner, outer)


def _add_anchored(name: str, where: str, row: pd.Series, found: Statements) -> None:
    """Add how many have a home, a work place, a commute, or both places, as all documents say."""
    known = found.systems[0][0]
    if where in _FOUND:
        add_share(found, known, f"vehicles with {_FOUND[where]}", row, whole=f"{name}: all")
        return
    counted = 0 if is_missing(row["n"]) else int(row["n"])
    if counted and _OF_BOTH.match(where):
        rounded = re.search(rf"{ROUNDED_UP} (\d+)", str(row["method"]))
        known.add(BOTH, counted - int(rounded[1]) + 1 if rounded else counted, counted)


def _add_company(label: str, bits: float, n: float, found: Statements) -> None:
    """Whoever is not alone adds a bit or more to the entropy: that bounds how many there are."""
    digits = len(repr(float(bits)).partition(".")[2])
    half = 0.5 * 10.0**-digits
    company = f"{label}: vehicles that others fit as well"
    low = 1 if bits - half > 0 else 0
    found.systems[0][0].add(company, low, float(int((bits + half) * n)))


def add_grid(name: str, frame: pd.DataFrame, found: Statements) -> None:
    """Add a grid: points, time and place together decide whom a cell counts and singles out."""
    known = found.systems[0][0]
    frame = frame.assign(ms=[pd.Timedelta(str(each)).total_seconds() for each in frame["time"]])
    counted: dict[tuple, str] = {}
    alone: dict[tuple, str] = {}
    for row in frame.to_dict("records"):
        if is_missing(row["n"]) or row["n"] <= 0:
            continue
        place = (int(row["points"]), row["ms"], str(row["space"]))
        said = f"{row['points']} points, {row['time']}, {row['space']}"
        counted[place] = f"{name}: vehicles with {said}"
        known.add(counted[place], int(row["n"]))
        if not is_missing(row["value"]):
            alone[place] = f"{name}: singled out by {said}"
            add_share(found, known, alone[place], pd.Series(row), whole=counted[place])
    for place, label in counted.items():
        points, ms, space = place
        for other, inner in counted.items():
            same = (other[1] == ms) + (other[2] == space)
            finer = other[2] == space or space == "camera"
            fewer = other[0] > points and same == 2
            coarser = other[0] == points and other != place and finer and other[1] % ms == 0
            if (fewer or coarser) and _inside(known, inner, label):
                known.within(inner, label)
    for place, label in alone.items():
        for other, outer in alone.items():
            # The first points of a vehicle are the same, however many are drawn.
            if other[1:] == place[1:] and other[0] > place[0] and _inside(known, label, outer):
                known.within(label, outer)


def _inside(known: Any, inner: str, outer: str) -> bool:
    """Whether the one can lie in the other: a group that was counted among more need not."""
    return known.groups[inner].low <= known.groups[outer].high


def add_cameras(name: str, frame: pd.DataFrame, found: Statements) -> None:
    """Add a sweep of cameras: what fewer cameras give away, more of them do too."""
    known = found.systems[0][0]
    for column in ("unicity", "seen", "within"):
        inner = counted = ""
        for row in frame.sort_values("cameras").to_dict("records"):
            n = row.get(f"{column}_n")
            if is_missing(n) or n <= 0:
                continue
            label = f"{name}: {column}, {row['cameras']} cameras"
            whole = f"{label}: all counted"
            figures = {"value": row[column], "n": n, "method": row.get(f"{column}_method") or ""}
            if row[f"{column}_low"] == row[column] and row[f"{column}_high"] == 1:
                figures["method"] = ALL_BUT_FEW
            add_share(found, known, label, pd.Series(figures))
            within_all(known, whole)
            if inner and _inside(known, inner, label):
                known.within(inner, label)
            if counted and _inside(known, counted, whole):
                known.within(counted, whole)
            inner, counted = label, whole
    for row in frame.to_dict("records"):
        seen, alone = (f"{name}: {column}, {row['cameras']} cameras" for column in
                       ("seen", "unicity"))  # fmt: skip
        both = {seen, alone} <= set(known.groups) and row["seen_n"] == row["unicity_n"]
        if both and _inside(known, alone, seen):
            known.within(alone, seen)


def add_gain(name: str, frame: pd.DataFrame, found: Statements) -> None:
    """Add a gain from attributes: whom points alone single out, points and attributes do too."""
    known = found.systems[0][0]
    rows = frame.assign(attributes=frame["attributes"].fillna("").astype(str)).to_dict("records")
    for row in rows:
        label = f"{name}: {row['points']} points, {row['attributes'] or 'no attribute'}"
        add_share(found, known, label, pd.Series(row), whole=f"{name}: all counted")
        alone = f"{name}: {row['points']} points, no attribute"
        if not row["attributes"] or label not in known.groups or alone not in known.groups:
            continue
        known.within(alone, label)
        if not is_missing(row["gain"]) and row["gain"] >= 0:
            count = round(row["gain"] * row["n"])
            known.add(f"{label}, not {alone}", count, count)


def read_output(name: str, frame: pd.DataFrame, found: Statements) -> bool:
    """Read a table that a verb printed; give whether it is one.

    Parameters
    ----------
    name : str
        By which its groups are named.
    frame : DataFrame
        As printed, or as `tables_of_document` gives it.
    found : Statements
        To which it is added.
    """
    if {"points", "time", "space", "value", "n"} <= set(frame):
        add_grid(name, frame, found)
    elif {"attributes", "points", "value", "n", "gain"} <= set(frame):
        add_gain(name, frame, found)
    elif {"cameras", "unicity", "unicity_n", "within", "within_n"} <= set(frame):
        add_cameras(name, frame, found)
    else:
        told = frame if "where" in frame else tidy_output(frame)
        if told is None:
            return False
        add_output(name, told, found)
    return True


def tables_of_document(name: str, document: Any) -> dict[str, pd.DataFrame]:
    """Give what a JSON document says as tables that the attack can read, by name."""
    tables = {}
    if isinstance(document, Mapping) and "knowledge_days" in document:
        windows = [each for each in document.get("windows", ()) if isinstance(each, Mapping)]
        rows = [_window(each) for each in windows if isinstance(each.get("share"), Mapping)]
        if rows:
            tables["retention"] = pd.DataFrame(rows).astype({"n": float})
        document = {key: value for key, value in document.items() if key != "windows"}
    elif isinstance(document, Mapping) and "cells" in document:
        cells = [each for each in document["cells"] if isinstance(each, Mapping)]
        tables[f"{name}: cells"] = pd.DataFrame(cells)
        excluded = {"excluded": [each.get("excluded") for each in cells]}
        document = {**document, "cells": excluded}
    elif isinstance(document, Mapping) and "order" in document and "steps" in document:
        steps = [_step(each) for each in document["steps"] if isinstance(each, Mapping)]
        tables[f"{name}: steps"] = pd.DataFrame(steps)
        document = {key: value for key, value in document.items() if key != "steps"}
    elif isinstance(document, Mapping) and isinstance(document.get("steps"), list):
        rows = [_gain(each) for each in document["steps"] if {"gain", "share"} <= set(each)]
        if rows:
            tables[f"{name}: gain"] = pd.DataFrame(rows)
    figures = list(figures_of(document))
    if figures:
        tables[name] = pd.DataFrame(figures, columns=["where", "value", "n", "method"])
    if isinstance(document, Mapping) and isinstance(document.get("risks"), list):
        named = {f"{each.get('risk')} among {each.get('among')}": each.get("shares")
                 for each in document["risks"] if isinstance(each, Mapping)}  # fmt: skip
        figures = list(figures_of(named))
        tables[f"{name}: shared"] = pd.DataFrame(
            figures, columns=["where", "value", "n", "method"]
        )
    return tables


def _gain(each: Mapping[str, Any]) -> dict[str, Any]:
    points = len(each.get("curve") or ()) or 1
    return {
        "attributes": "+".join(each["attributes"]),
        "points": points,
        **{key: each["share"].get(key) for key in ("value", "n", "method")},
        "gain": each["gain"].get("value"),
    }


def _step(each: Mapping[str, Any]) -> dict[str, Any]:
    figures = {**(each.get("risks") or {}), "within": each["within"], "seen": each["seen"]}
    row = {"cameras": each["cameras"]}
    for name, figure in figures.items():
        row |= {name: figure["value"], f"{name}_n": figure["n"]}
        row |= {f"{name}_{key}": figure[key] for key in ("low", "high", "method")}
    return row


def _window(each: Mapping[str, Any]) -> dict[str, Any]:
    inside, paired = each.get("share_in_window") or {}, each.get("added_per_day") or {}
    return {
        **{key: each.get(key) for key in ("risk", "window", "days", "leak_days")},
        **{key: each["share"].get(key) for key in ("value", "n", "method")},
        "n_in_window": inside.get("n") or 0,
        "exposed_vehicles": (each.get("exposed_vehicles") or {}).get("value"),
        "n_paired": paired.get("n") or 0,
        **{f"{key}_whole_window": (each.get("whole_window") or {}).get(key) for key in
           ("value", "method")},
    }
