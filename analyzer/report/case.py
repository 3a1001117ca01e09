"""The case: one vehicle's story, as it may be published or, internal, as it is.

What may be published of where and when a vehicle was is only what at least k vehicles share, all of
it together (`analyzer.report.shared`); other persons are numbers; no home and no work place has a
position. The precise story is internal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer.engine import Engine, get_engine
from analyzer.errors import UsageError
from analyzer.report.disclosure import DEFAULT_K, check_threshold
from analyzer.report.origin import Provenance
from analyzer.report.shared import Element, shared_elements
from analyzer.report.texts import ENGLISH, Texts
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.risk.vehicle_story import StoryStep, Typical, VehicleStory, find_typical, tell_vehicle
from analyzer.sightings import Sightings, check_sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Case(Result):
    """One vehicle's story.

    Attributes
    ----------
    story : VehicleStory
        All that is known (internal).
    elements : tuple of Element
        The zones, periods and routes that may be shown.
    shared_by : int
        Of how many vehicles all of them together are true; 0 where there are none.
    typical : Typical or None
        How the vehicle was chosen, if as a typical one.
    owner : bool
        Whether its owner asked for it.
    sightings : Sightings
        The population.
    k : int
        Smallest number of vehicles that everything shown is true of.
    seed : int
        Of every random draw.
    """

    story: VehicleStory = field(repr=False)
    elements: tuple[Element, ...]
    shared_by: int
    typical: Typical | None
    owner: bool
    sightings: Sightings = field(repr=False)
    k: int = DEFAULT_K
    seed: int = 0

    @property
    def synthetic(self) -> bool:
        """Whether the data are synthetic."""
        return self.story.synthetic

    def caption(self, texts: Texts = ENGLISH) -> str:
        """Say in a sentence what the data give away about the vehicle; it may be published."""
        return caption_of(self.story, self.story.steps[-1], texts)

    def summary(self) -> str:
        """Say the caption, and of how many vehicles all that is shown is true."""
        lines = [self.caption()]
        if self.elements:
            lines.append(
                f"The zones, hours and routes that the page shows are true of {self.shared_by:,} "
                "vehicles together."
            )
        else:
            lines.append(
                f"No zone, hour or route of the vehicle is shared by {self.k} vehicles, so the "
                "page shows none."
            )
        return "\n".join(lines + (["The data are synthetic."] if self.synthetic else []))

    def to_pandas(self) -> pd.DataFrame:
        """Give what is known after each length of keeping, as it may be published.

        Returns
        -------
        pandas.DataFrame
            ``days``; ``singled_out`` (share of draws); ``home, work, commute`` (whether inferred);
            ``companions`` (number, NA where not looked for). How often the vehicle was seen, and
            where, is not in it.
        """
        table = self.story.to_pandas()
        names = ["days", "singled_out", "home", "work", "commute", "companions"]
        return table[names].assign(singled_out=table["singled_out"].round(2))

    def plot(self) -> Axes:
        """Draw how often the vehicle is singled out when sightings are kept for N days."""
        return self.story.plot()

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
        """
        from analyzer.report.case_page import render_case
        from analyzer.report.folder import INTERNAL_PREFIX, write_file

        path = Path(path)
        if internal and not path.name.startswith(INTERNAL_PREFIX):
            path = path.with_name(INTERNAL_PREFIX + path.name)
        page = render_case(self, internal=internal, texts=Texts(language), provenance=provenance)
        write_file(path, page, private=internal)
        return path


def caption_of(story: VehicleStory, step: StoryStep, texts: Texts = ENGLISH) -> str:
    """Say in a sentence what is known of a vehicle after a step."""
    kept = texts.count("days.words", step.days)
    said = []
    if not np.isnan(step.singled_out):
        said.append(
            texts.count_text(
                "case.caption.singled_out",
                texts.number(story.adversary.points),
                story.adversary.points,
                days=kept,
                share=texts("percent", n=texts.number(100 * step.singled_out)),
                vehicles=texts.number(story.vehicles),
            )
        )
    inferred = [
        texts(f"case.caption.{name}")
        for name in ("home", "work", "commute")
        if getattr(step, name) is not None
    ]
    if inferred:
        said.append(texts("case.caption.inferred", days=kept, what=texts.listed(inferred)))
    if step.companions:
        said.append(texts.count("case.caption.companions", step.companions))
    return " ".join(said) or texts("case.caption.nothing", days=kept)


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
        Where the parts run, and how much may be held at once.
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
    >>> from analyzer.sightings import from_arrays
    >>> hours = np.add.outer(24 * np.arange(7), [8, 9, 18, 19]).ravel()
    >>> one = from_arrays(np.zeros(28), hours * 3_600_000, np.tile([0, 1, 1, 0], 7))
    >>> build_case(one, "v0").elements
    ()
    """
    check_sightings(sightings)
    check_threshold(k)
    if not len(sightings):
        raise UsageError("there are no sightings here, so there is no case to build")
    say = progress or (lambda done, total: None)
    where = {"seed": seed, "engine": engine, "memory": memory}
    typical = find_typical(sightings, adversary=adversary, **where) if vehicle is None else None
    say(1, 5)
    story = tell_vehicle(
        sightings,
        typical.vehicle if typical else str(vehicle),
        adversary=adversary,
        progress=lambda done, total: say(total + 3 * done, 5 * total),
        **where,
    )
    elements, shared_by = shared_elements(sightings, story, k, get_engine(engine, memory=memory))
    say(5, 5)
    return Case(story, elements, shared_by, typical, owner, sightings, k, seed)
