"""The case: one vehicle's story, as it may be published or, internal, as it is.

What may be published of where and when a vehicle was is only what at least k vehicles share, all of
it together (`analyzer.report.shared`); other persons are numbers; no home and no work place has a
position. The precise story is internal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.fitting import fit_to_engine
from analyzer.report.case_content import CaseContent
from analyzer.report.case_page import render_case
from analyzer.report.disclosure import DEFAULT_K, check_threshold
from analyzer.report.folder import INTERNAL_PREFIX, write_file
from analyzer.report.origin import Provenance
from analyzer.report.shared import shared_elements
from analyzer.report.shared_facts import shared_steps
from analyzer.report.texts import Texts
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.risk.typical_vehicle import find_typical
from analyzer.risk.vehicle_story import tell_vehicle
from analyzer.sightings import Sightings, check_sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Case(CaseContent, Result):
    """One vehicle's story, with its summary, its chart and its page."""

    def summary(self) -> str:
        """Say the caption, and of how many vehicles all that is shown is true."""
        lines = [self.caption()]
        if {each.kind for each in self.elements} <= {"seen"}:
            lines.append(
                f"No zone, hour or route of the vehicle is shared by {self.k} vehicles, so the "
                "page shows none."
            )
        else:
            vehicles = self.story.vehicles
            few = 0 < vehicles - self.shared_by < self.k
            number = f"at least {vehicles - self.k:,}" if few else f"{self.shared_by:,}"
            weak = ", more than half of all: it says little about this one"
            lines.append(
                f"The zones, hours and routes that the page shows are true of {number} vehicles "
                f"together{weak if 2 * self.shared_by > vehicles else ''}."
            )
        return "\n".join(lines + (["The data are synthetic."] if self.synthetic else []))

    def to_pandas(self) -> pd.DataFrame:
        """Give what is known after each length of keeping, as it may be published.

        Returns
        -------
        pandas.DataFrame
            ``days``; ``home, work, commute`` (whether inferred); ``home_km, work_km`` (radius,
            rounded up); ``at_least, at_most`` (share of draws that single it out); ``few_points``.
            What fewer than k vehicles share is missing.
        """
        return pd.DataFrame([asdict(step) for step in self.known])

    def plot(self) -> Axes:
        """Draw how often the vehicle is singled out at least when sightings are kept for N days."""
        from analyzer.charts import new_axes

        table = self.to_pandas()
        axes = new_axes()
        axes.plot(table["days"], 100 * table["at_least"].astype(float), "o-")
        axes.set(xlabel="days kept", ylabel="draws that single it out, at least (%)", ylim=(0, 102))
        return axes

    def to_html(
        self,
        path: str | Path,
        *,
        internal: bool = False,
        language: str = "en",
        provenance: Provenance | None = None,
    ) -> Path:
        """Write the page.

        Parameters
        ----------
        path : path
            Where to. The name of an internal page begins with ``INTERNAL-``; where it does not, it
            is put before it.
        internal : bool
            Write the precise page: every camera and hour, home and work place. It needs the owner's
            consent, or must never be published; only you can read the file.
        language : str
            A key of `analyzer.report.texts.LANGUAGES`.
        provenance : Provenance, optional
            What the data claim to be, who disputes it, and what was replied.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        UsageError
            If the page is to be published and there are fewer than k vehicles.
        """
        path = Path(path)
        if not internal:
            check_population(self.sightings, self.k)
        if internal and not path.name.startswith(INTERNAL_PREFIX):
            path = path.with_name(INTERNAL_PREFIX + path.name)
        page = render_case(self, internal=internal, texts=Texts(language), provenance=provenance)
        write_file(path, page, private=internal)
        return path


def check_population(sightings: Sightings, k: int = DEFAULT_K) -> None:
    """Refuse a population in which no fact is shared by k vehicles, because there are fewer.

    Raises
    ------
    UsageError
        If there are fewer than k vehicles.
    """
    if sightings.n_vehicles < k:
        raise UsageError(
            f"there are fewer than {k} vehicles here, so nothing about one of them may be "
            "published; write the precise page with --internal (internal=True)"
        )


def build_case(
    sightings: Sightings,
    vehicle: str | None = None,
    *,
    owner: bool = False,
    adversary: Adversary | None = None,
    k: int = DEFAULT_K,
    seed: int = 0,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Case:
    """Build the case of one vehicle: what is known of it when sightings are kept for N days.

    Parameters
    ----------
    sightings : Sightings
        The population.
    vehicle : str, optional
        Its name; a typical vehicle by default: of median exposure among those seen regularly.
    owner : bool
        Whether its owner asked for it (`analyzer.ingest.owner.vehicle_of_owner` finds it).
    adversary : Adversary, optional
        Who knows what; four sightings to the hour and the camera by default.
    k : int
        Everything that is shown of where and when must be true of so many vehicles; 5 or more.
    seed : int
        Of every random draw.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.
    progress : callable, optional
        Called with the steps done and the steps in all.

    Returns
    -------
    Case
        ``.to_html(path)`` writes a page that may be published.

    Raises
    ------
    UsageError
        If there are no sightings, no such vehicle, or k is under 5.

    Examples
    --------
    >>> import numpy as np
    >>> from analyzer.array_sightings import from_arrays
    >>> hours = np.add.outer(24 * np.arange(7), [8, 9, 18, 19]).ravel()
    >>> one = from_arrays(np.zeros(28), hours * 3_600_000, np.tile([0, 1, 1, 0], 7))
    >>> build_case(one, "v0").elements
    ()
    """
    check_sightings(sightings)
    check_threshold(k)
    runner, sightings = fit_to_engine(sightings, engine, memory)
    if not len(sightings):
        raise UsageError("there are no sightings here, so there is no case to build")
    say = progress or (lambda done, total: None)
    where = {"seed": seed, "engine": runner, "memory": memory}
    typical = find_typical(sightings, adversary=adversary, **where) if vehicle is None else None
    say(1, 5)
    story = tell_vehicle(
        sightings,
        typical.vehicle if typical else str(vehicle),
        adversary=adversary,
        progress=lambda done, total: say(total + 3 * done, 5 * total),
        **where,
    )
    elements, sharing = shared_elements(sightings, story, k, runner)
    known = shared_steps(sightings, story, sharing, k, seed=seed, engine=runner)
    say(5, 5)
    shared_by = len(sharing) if elements else 0
    return Case(story, elements, shared_by, known, typical, owner, sightings, k, seed)
