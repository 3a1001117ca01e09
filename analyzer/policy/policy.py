"""A policy: how long sightings are kept, and how much is taken out of them before they are."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.engine import Engine
from analyzer.errors import InputError, UsageError
from analyzer.fitting import fit_to_engine
from analyzer.local_time import check_bin, read_instant
from analyzer.policy.applying import apply_on_day
from analyzer.risk.draw import check_draw
from analyzer.schema import ATTRIBUTES
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, parse_distance, parse_duration

LEAST_K = 2


@dataclass(frozen=True)
class Policy:
    """What is kept of sightings, and for how long.

    Parameters
    ----------
    retention : str or None
        How long sightings are kept, in whole days (``"30D"``, and ``"0D"`` for nothing); None keeps
        all.
    rotation : str or None
        How often pseudonyms change (``"1D"``, ``"7D"``); None never changes them.
    time : str or None
        Times are rounded down to local bins of this length (``"1h"``).
    space : str or None
        Places are rounded: ``"zone"``, or the cells of a grid (``"2km"``).
    cameras : float or sequence of str
        Share of the cameras that is kept (drawn by chance, a smaller share from a larger one), or
        the names of those that are.
    attributes : {"drop", "keep"} or sequence of str
        Whether make, colour, looks, seat belt and the like are kept, or which of them.
    hits : sequence of str or None
        Vehicles (names) that are searched for: sightings of all others are deleted at once.
    min_k : int or None
        A sighting is kept only if so many vehicles were seen by its camera in its bin of time (of
        the length of `time`, or an hour).

    Raises
    ------
    UsageError
        If a value is impossible.

    Examples
    --------
    >>> Policy(retention="21D").describe()
    'kept 21 days; attributes dropped'
    >>> Policy(retention=None, attributes="keep").describe()
    'all kept'
    """

    retention: str | None = "30D"
    rotation: str | None = None
    time: str | None = None
    space: str | None = None
    cameras: float | tuple[str, ...] = 1.0
    attributes: str | tuple[str, ...] = "drop"
    hits: tuple[str, ...] | None = None
    min_k: int | None = None

    def __post_init__(self) -> None:
        for name in ("retention", "rotation"):
            if getattr(self, name) is not None:
                whole_days(getattr(self, name), name, least=0 if name == "retention" else 1)
        if self.time is not None:
            check_bin(parse_duration(self.time, name="time"))
        if self.space is not None and self.space != "zone":
            try:
                parse_distance(self.space, name="space")
            except UsageError:
                raise UsageError(
                    f"space={self.space!r} is not known; write 'zone', a distance such as '2km', "
                    "or None to keep cameras as they are"
                ) from None
        self._check_cameras()
        self._check_attributes()
        if self.hits is not None:
            if isinstance(self.hits, str):
                raise UsageError("hits is a list of vehicle names; write hits=[...]")
            object.__setattr__(self, "hits", tuple(str(name) for name in self.hits))
        k = self.min_k
        if k is not None and (isinstance(k, bool) or not isinstance(k, int) or k < LEAST_K):
            raise UsageError(f"min_k={k!r}: write a number of vehicles, {LEAST_K} or more, or None")

    def _check_cameras(self) -> None:
        if isinstance(self.cameras, Real) and not isinstance(self.cameras, bool):
            if not (math.isfinite(self.cameras) and 0 < self.cameras <= 1):
                raise UsageError(
                    f"cameras={self.cameras!r}: a share lies above 0 and up to 1, for example 0.5"
                )
            return
        if isinstance(self.cameras, (str, bool)) or not isinstance(self.cameras, Iterable):
            raise UsageError("cameras: write a share such as 0.5, or a list of camera names")
        object.__setattr__(self, "cameras", tuple(str(name) for name in self.cameras))
        if not self.cameras:
            raise UsageError("cameras: name at least one camera that is kept")

    def _check_attributes(self) -> None:
        if self.attributes in ("drop", "keep"):
            return
        given = (self.attributes,) if isinstance(self.attributes, str) else tuple(self.attributes)
        unknown = [name for name in given if name not in ATTRIBUTES]
        if unknown:
            raise UsageError(
                f"attributes: {unknown[0]!r} is not known; write 'drop', 'keep', or some of "
                f"{', '.join(ATTRIBUTES)}"
            )
        object.__setattr__(self, "attributes", given)

    @property
    def days(self) -> int | None:
        """Whole days that are kept; None for all."""
        return None if self.retention is None else whole_days(self.retention, "retention", least=0)

    def without_retention(self) -> Policy:
        """Give the policy that does the same to sightings, and keeps them all."""
        return replace(self, retention=None)

    def describe(self) -> str:
        """Say the policy in words."""
        days = self.days
        said = ["all kept" if days is None else f"kept {days} day{'s' * (days != 1)}"]
        if self.rotation is not None:
            said.append(f"new pseudonyms every {self.rotation}")
        if self.time is not None:
            said.append(f"times rounded to {self.time}")
        if self.space is not None:
            said.append(
                "places rounded to zones" if self.space == "zone"
                else f"places rounded to cells of {self.space}"
            )  # fmt: skip
        if isinstance(self.cameras, tuple):
            said.append(f"{len(self.cameras)} named camera{'s' * (len(self.cameras) != 1)}")
        elif self.cameras < 1:
            said.append(f"{100 * self.cameras:g} % of the cameras")
        if self.attributes == "drop":
            said.append("attributes dropped")
        elif self.attributes != "keep":
            said.append("of the attributes only " + ", ".join(self.attributes))
        if self.hits is not None:
            said.append("sightings without a hit deleted")
        if self.min_k is not None:
            said.append(f"only where {self.min_k} vehicles share camera and time")
        return "; ".join(said)

    def to_dict(self) -> dict[str, Any]:
        """Give the policy as JSON-able fields; of the hits only how many they are."""
        fields_ = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
        fields_["hits"] = None if self.hits is None else len(self.hits)
        return fields_

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Policy:
        """Make a policy from its fields by name.

        Raises
        ------
        UsageError
            If a field is not known, or its value is impossible.

        Examples
        --------
        >>> Policy.from_dict({"retention": "21D", "space": "zone"}).days
        21
        """
        known = [field.name for field in fields(cls)]
        unknown = [name for name in given if name not in known]
        if unknown:
            raise UsageError(
                f"a policy has no {unknown[0]!r}; it has {', '.join(known)}"
            )
        values = {
            name: None if value in ("none", "None") else value for name, value in given.items()
        }
        for name in ("retention", "rotation", "time", "space"):
            if values.get(name) is not None and not isinstance(values[name], str):
                raise UsageError(f"{name} = {values[name]!r}: write a text such as '30D'")
        return cls(**values)

    def apply(
        self,
        sightings: Sightings,
        at: str | None = None,
        seed: int = 0,
        *,
        engine: str | Engine = "local",
        memory: str | int | None = None,
    ) -> Sightings:
        """View sightings as this policy would have left them; nothing is copied or changed.

        Parameters
        ----------
        sightings : Sightings
            What was seen.
        at : str or datetime, optional
            The day of the leak (local, year first): sightings from its midnight on are not there,
            nor those older than the retention. By default the day after the last sighting.
        seed : int
            Of the draw of cameras and of the names under rotation.
        engine, memory
            Where the vehicles of a cell are counted, where `min_k` asks for it, and what that may
            hold (``"500MB"``; ``"2GB"`` by default): parts that are too large for it are cut.

        Returns
        -------
        Sightings
            Which can be measured like any other, saved, and put under another policy.

        Raises
        ------
        UsageError
            If a named camera, every vehicle named as a hit, or an attribute is not in the data.

        Examples
        --------
        >>> from analyzer.array_sightings import from_arrays
        >>> day = 86_400_000
        >>> seen = from_arrays([0, 0, 0], [0, day, 2 * day], [0, 0, 0])
        >>> len(Policy(retention="1D").apply(seen)), len(Policy(retention=None).apply(seen))
        (1, 3)
        """
        check_draw(None, seed)
        runner, sightings = fit_to_engine(sightings, engine, memory)
        day = leak_day(sightings, at)
        return apply_on_day(self, sightings, day, days=self.days, seed=seed, runner=runner)


def leak_day(sightings: Sightings, at: str | None) -> int:
    """Number the local day with which a leak happens."""
    instant = sightings.span_ms[1] if at is None else read_instant(at, sightings.timezone)
    day = int(sightings.clock.local(np.array([instant]))[0]) // DAY_MS
    return day + 1 if at is None else day


def whole_days(value: str, name: str, *, least: int) -> int:
    """Turn a duration into whole days.

    Raises
    ------
    UsageError
        If it is not a whole number of days, or fewer than `least`.
    """
    milliseconds = parse_duration(value, name=name)
    if milliseconds % DAY_MS or milliseconds < least * DAY_MS:
        example = "'0D' or '30D'" if least == 0 else "'1D' or '30D'"
        raise UsageError(f"{name} {value!r} must be a whole number of days, such as {example}")
    return milliseconds // DAY_MS


def read_policies(path: str | Path) -> dict[str, Policy]:
    """Read policies from a TOML file: one table a policy, named by its header.

    Raises
    ------
    InputError
        If the file is missing or no TOML.
    UsageError
        If it holds no policy, or one that is impossible; the message names it.
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; policies stand in a TOML file") from None
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read as TOML ({error}); a name with spaces is quoted: "
            "[\"new names\"]"
        ) from None
    if not document or not all(isinstance(table, dict) for table in document.values()):
        raise UsageError(
            f"{path}: write one table a policy, for example\n\n[maine]\nretention = \"21D\"\n"
        )
    policies = {}
    for name, table in document.items():
        try:
            policies[name] = Policy.from_dict(table)
        except UsageError as error:
            raise UsageError(f"{path}, [{name}]: {error}") from None
    return policies
