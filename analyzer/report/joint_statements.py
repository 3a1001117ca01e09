"""What several documents of one store say together, as an attacker reads them side by side.

A retention sweep, a brief, a comparison of policies and a recommendation each measure some leaks,
and count the vehicles seen in the days before these. Where the days of one document lie in those of
another, so do its vehicles; where two documents look at the same leaks with the same knowledge, who
is known after few days is known after more. Two numbers that are safe each by itself can then
differ by a few vehicles.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import permutations
from typing import Any

from analyzer.estimate import ALL_BUT_FEW
from analyzer.policy.inferred import IN_STRETCHES
from analyzer.policy.policy import Policy
from analyzer.policy.setting import STRETCHES
from analyzer.report.differencing import Knowledge
from analyzer.report.statements import ALL, Statements, rounding, whole_number
from analyzer.report.tables import is_missing
from analyzer.units import DAY_MS, parse_duration


@dataclass(frozen=True)
class Setup:
    """Which leaks a document looks at, and from how many days before them knowledge comes."""

    leaks: tuple[int, ...]
    history: int
    open_days: int
    adversary: str

    def days(self) -> list[range]:
        """Give the days before each leak."""
        return [range(leak - self.history, leak) for leak in self.leaks]

    def lies_in(self, other: Setup) -> bool:
        """Whether all days before its leaks are among those before one of another's."""
        return all(
            any(own.start >= each.start and own.stop <= each.stop for each in other.days())
            for own in self.days()
        )


@dataclass(frozen=True)
class Told:
    """A share that a document tells: of which risk, under which policy, and what was looked at."""

    risk: str
    rounding: str
    days: float
    looked_at: frozenset[float]
    value: float
    n: int
    method: str
    falls: bool = field(default=False)

    @property
    def label(self) -> str:
        """Name the vehicles for which it comes true."""
        days = ", ".join(f"{each:g}" for each in sorted(self.looked_at))
        return f"{self.risk} in {days} days{self.rounding}"

    def lies_in(self, other: Told) -> bool:
        """Whether all for whom it comes true are among those of another share."""
        same = (self.risk, self.rounding) == (other.risk, other.rounding)
        return same and not self.falls and self.looked_at <= other.looked_at


def add_joint(documents: Mapping[str, Any], found: Statements) -> None:
    """Add what documents of one store say together.

    Parameters
    ----------
    documents : mapping of str to object
        Parsed JSON by name; sweeps, comparisons and recommendations are known by their fields.
    found : Statements
        To which it is added, in systems of its own.
    """
    known = [
        (setup, document)
        for document in documents.values()
        if isinstance(document, Mapping) and (setup := setup_of(document)) is not None
    ]
    if not known:
        return
    populations = Knowledge()
    found.systems.append((populations, 1))
    vehicles = {document["vehicles"] for _, document in known if document.get("vehicles")}
    if len(vehicles) > 1:
        return  # not of one store
    groups: dict[str, tuple[Setup | None, str]] = {}
    for setup, document in known:
        told = _told_in(document, setup)
        _add_populations(populations, groups, setup, document, told)
    reported = _reported(documents, found, vehicles)
    for setup in dict.fromkeys(setup for setup, _ in known):
        shares = [
            each for own, document in known if own == setup for each in _told_in(document, setup)
        ]
        if len(setup.leaks) == 1 and shares:
            # One leak alone is looked at where knowledge comes from all days that there are.
            days = frozenset({float(setup.history)})
            shares += [
                Told(risk, "", setup.history, days, count / n, n, "")
                for risk, (count, n) in reported.items()
            ]
        found.systems.append((_nested(shares, len(setup.leaks)), len(setup.leaks)))
    if vehicles:
        populations.add(ALL, vehicles.pop())
    for name, (setup, kind) in groups.items():
        if ALL in populations.groups:
            populations.within(name, ALL)
        for other, (wider, what) in groups.items():
            if name != other and what in _INSIDE[kind] and _days_in(setup, wider):
                populations.within(name, other)


def _reported(
    documents: Mapping[str, Any], found: Statements, vehicles: set[int]
) -> dict[str, tuple[float, int]]:
    """Give how many of all vehicles have what is inferred from all of the data, where it is told.

    By a report's table, or by a document with the figures of inference.
    """
    told = {}
    for risk in IN_STRETCHES:
        group = found.systems[0][0].groups.get(f"vehicles with {risk}") if found.systems else None
        if group is not None and group.low == group.high and len(vehicles) == 1:
            told[risk] = (group.low, min(vehicles))
        for document in documents.values():
            figure = document.get(risk) if isinstance(document, Mapping) else None
            if isinstance(figure, Mapping) and {figure.get("n")} == vehicles and not (
                is_missing(figure.get("value")) or figure.get("method", "").startswith(ALL_BUT_FEW)
            ):
                told[risk] = (round(figure["value"] * figure["n"]), figure["n"])
    return told


_INSIDE = {
    "seen": ("seen",),
    "targets": ("targets", "seen", "regular"),
    "regular": (),
}
"""In which kinds of populations each lies, if its days lie in theirs."""


def _days_in(setup: Setup | None, other: Setup | None) -> bool:
    return other is None or (setup is not None and setup.lies_in(other))


def setup_of(document: Mapping[str, Any]) -> Setup | None:
    """Say at which leaks a document looks, and with which knowledge; None where it does not."""
    leaks, history = document.get("leak_dates"), document.get("knowledge_days")
    if not leaks or not history or not isinstance(document.get("adversary"), Mapping):
        return None
    return Setup(
        tuple(date.fromisoformat(leak).toordinal() for leak in leaks),
        int(history),
        int(document.get("open_days") or 0),
        json.dumps(document["adversary"], sort_keys=True),
    )


def _told_in(document: Mapping[str, Any], setup: Setup) -> list[Told]:
    """Give the shares of vehicles that a document tells or withholds."""
    rows: list[tuple[str, Policy, Mapping[str, Any], bool]] = []
    for each in document.get("windows", ()):
        policy = Policy(each["window"], attributes="keep")
        rows.append((each["risk"], policy, each["share"], False))
        if each.get("whole_window"):
            rows.append((each["risk"], policy, each["whole_window"], True))
    for each in (*document.get("policies", ()), *document.get("trials", ())):
        policy = Policy.from_dict({**each["policy"], "hits": None, "attributes": "keep"})
        rows += [(risk, policy, share, False) for risk, share in each["risks"].items()]
        rows += [
            (risk, policy, share, True)
            for risk, share in (each.get("whole_window") or {}).items()
        ]
    told = []
    for risk, policy, share, whole in rows:
        # Of pairs, of visits and of figures of the whole, longer keeping need not tell more.
        if risk != "unicity" and risk not in IN_STRETCHES:
            continue
        days = float("inf") if policy.days is None else policy.days + setup.open_days
        # One leak alone shows all of the data where it shows the days of knowledge.
        days = min(days, setup.history) if len(setup.leaks) == 1 else days
        looked_at = frozenset({days} if whole or risk == "unicity" else
                              {days, *(each for each in STRETCHES if each < days)})  # fmt: skip
        falls = risk == "unicity" and (
            policy.rotation is not None
            or (policy.time is not None and parse_duration(policy.time) > DAY_MS)
            or json.loads(setup.adversary).get("time", "1h") not in _WITHIN_A_DAY
        )
        if risk == "unicity":
            looked_at = frozenset(range(1, int(min(days, 36_500)) + 1))
        rounding = policy.without_retention().describe().removeprefix("all kept")
        told.append(
            Told(risk, rounding, days, looked_at, share["value"], share["n"] or 0,
                 share.get("method") or "", falls)
        )  # fmt: skip
    return told


_WITHIN_A_DAY = ("1min", "5min", "10min", "15min", "30min", "1h", "6h", "12h", "1D")


def _add_populations(
    known: Knowledge,
    groups: dict[str, tuple[Setup | None, str]],
    setup: Setup,
    document: Mapping[str, Any],
    told: Sequence[Told],
) -> None:
    """Add the numbers of vehicles that shares are of."""
    at = f"{setup.history} days before {', '.join(map(str, setup.leaks))}"
    for each in told:
        kind = "targets" if each.risk == "unicity" else "seen"
        if each.n:
            name = f"vehicles that count ({kind}), {at}"
            name = f"{name}, {setup.adversary}" if kind == "targets" else name
            known.add(name, each.n)
            groups[name] = (setup, kind)
    for each in document.get("days_until_half", ()):
        if each["days"]["n"]:
            name = f"vehicles that count in all of the data, {setup.adversary}"
            known.add(name, each["days"]["n"])
            groups[name] = (None, "regular")


def _nested(shares: Sequence[Told], unit: int) -> Knowledge:
    """Say which vehicles lie among which, of shares over the same leaks and knowledge."""
    known = Knowledge()
    for each in shares:
        if each.n and not is_missing(each.value) and 0 <= each.value <= 1:
            bound = each.method.startswith(ALL_BUT_FEW)
            within = rounding(each.method, unit)
            low, high = whole_number(each.value * each.n * unit, within)
            known.add(each.label, low, each.n * unit if bound else high)
    distinct = {each.label: each for each in shares if each.label in known.groups}
    for inner, outer in permutations(distinct.values(), 2):
        if inner.lies_in(outer) and not outer.lies_in(inner):
            known.within(inner.label, outer.label)
    return known
