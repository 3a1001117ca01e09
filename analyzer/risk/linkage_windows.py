"""Linkage in windows: how often vehicles are known again, in collections that share their periods.

What a store shows after thirty days and after ninety are the same last weeks: a pair of periods
that both hold whole is linked once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from analyzer.engine import Engine
from analyzer.estimate import Estimate
from analyzer.risk.continuity import CutTrips
from analyzer.risk.linkage import choose_within, count_pair, cut_by_change, refuse_pairs
from analyzer.risk.linkage_tally import Tally
from analyzer.risk.rotation import (
    Pair,
    Trial,
    first_days,
    link,
    pairs_of,
    rotation_hours,
    spread,
)
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, HOUR_MS


class LinkedPair(NamedTuple):
    """Two adjacent periods, linked: what does not depend on the pairs before them.

    Attributes
    ----------
    trial : Trial
        All adversaries on the two periods.
    cut : CutTrips
        Trips that the change of pseudonyms cuts.
    """

    trial: Trial
    cut: CutTrips


@dataclass
class WindowLinkage:
    """How often vehicles are known again, window by window of one collection.

    Parameters
    ----------
    rotation : str
        How long a pseudonym lasts; see `analyzer.risk.linkage.measure_linkage`.
    seed : int
        Of the pseudonyms' order, and of the draw of targets.
    sample : int or None
        Number of vehicles drawn as targets in each pair of periods.
    engine : Engine
        Where the work runs.
    """

    rotation: str
    seed: int
    sample: int | None
    engine: Engine
    _linked: dict[Pair, LinkedPair] = field(default_factory=dict, repr=False)

    def measure(self, window: Sightings) -> Estimate:
        """Measure the success at the first guess, as `measure_linkage` of the window does.

        Parameters
        ----------
        window : Sightings
            The same collection as in earlier calls, except for the days that it reaches back: it
            begins and ends with a local day.

        Raises
        ------
        UsageError
            If the rotation is not a duration that periods can have.
        TooMuchWorkError
            If the matching would take hours.

        Examples
        --------
        Three vehicles, each with a camera of its own, for three weeks.

        >>> from analyzer.engine import get_engine
        >>> from analyzer.array_sightings import from_arrays
        >>> seen_at = np.tile(np.arange(4, 25) * DAY_MS, 3)
        >>> three = from_arrays(np.repeat(range(3), 21), seen_at, np.repeat(range(3), 21))
        >>> linkage = WindowLinkage("7D", 0, None, get_engine())
        >>> linkage.measure(three).n, linkage.measure(three.between("1970-01-12", "1970-01-26")).n
        (6, 3)
        """
        hours = rotation_hours(self.rotation)
        first, last = (int(window.clock.local(np.array([end]))[0]) for end in window.span_ms)
        pairs = spread(pairs_of(first, last, hours))
        tally = Tally(window.n_codes)
        drawn = {"seed": self.seed, "sample": self.sample}
        for pair in pairs:
            whole = _is_whole(pair, first, last)
            linked = self._linked.get(pair) if whole else None
            choice = tally.history.choose()
            sides = first_days(pair, hours / 24)
            if linked is None or not tally.history.trials:
                counts = count_pair(window, self.engine, pair)
                if not tally.history.trials:
                    refuse_pairs(
                        self.engine, counts, pair, hours / 24, len(pairs) + 1, self.sample
                    )
                    choice = choose_within(self.engine, counts, pair, sides[0], **drawn) or choice
            if linked is None:
                trial, _ = link(self.engine, counts, counts, sides, period=pair.number, **drawn)
                linked = LinkedPair(trial, cut_by_change(window, self.engine, pair))
            if whole:
                self._linked[pair] = linked
            tally.add(linked.trial, choice, None, linked.cut)
        return tally.success()[1]


def _is_whole(pair: Pair, first: int, last: int) -> bool:
    """Tell whether two periods lie in the days from that of the first sighting to the last's."""
    begins, ends = first // DAY_MS * DAY_MS, (last // DAY_MS + 1) * DAY_MS
    return begins <= pair.begins * HOUR_MS and pair.ends * HOUR_MS <= ends
