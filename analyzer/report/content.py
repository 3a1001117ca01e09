"""What a report is made of: plain tables and sentences, so that pages need not know any analysis.

Whoever has results (the assessment, a notebook, a test) fills a `ReportInput`; everything in it
may be empty, and the page then says why a part is missing instead of failing or leaving a hole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from analyzer.estimate import Estimate

Criterion = Literal["singling out", "linkability", "inference", "data"]
CRITERIA: tuple[str, ...] = ("singling out", "linkability", "inference", "data")
"""The three criteria of the Article 29 Working Party's Opinion 05/2014, and the data themselves."""

ZONE_COLUMNS = ("zone", "name", "lat", "lon", "vehicles", "sightings", "cameras")
FLOW_COLUMNS = ("origin", "destination", "vehicles")


@dataclass(frozen=True)
class Finding:
    """One plain sentence with its figure.

    Attributes
    ----------
    id : str
        Stable name, such as ``unicity-4-points``; lower case letters, digits, ``-``.
    sentence : str
        The whole sentence, figure and interval written out.
    estimate : Estimate or None
        The figure behind the sentence.
    criterion : str
        One of `CRITERIA`.
    caveat : str or None
        What a reader must know before quoting the sentence.

    Examples
    --------
    >>> Finding("vehicles", "The data hold 5,000 vehicles.").criterion
    'data'
    """

    id: str
    sentence: str
    estimate: Estimate | None = None
    criterion: Criterion = "data"
    caveat: str | None = None


@dataclass(frozen=True)
class ReportInput:
    """Everything that a report shows.

    Attributes
    ----------
    title : str
        Heading of the page.
    synthetic : bool
        Whether the data were made by a generator; the page then says so wherever data are shown.
    data : mapping
        The quality object of ``platerisk check --format json`` (``rows_read``, ``rows_kept``,
        ``rows_rejected``, ``rows_merged``, ``rejected_by_reason``, ``vehicles``, ``cameras``,
        ``first_seen``, ``last_seen``) and, where known, ``timezone`` and ``days``.
    findings : sequence of Finding
        The sentences that lead the page, in order.
    unicity_curve : DataFrame or None
        ``points``, ``value``, ``low``, ``high``, ``n``, ``baseline``.
    retention : DataFrame or None
        ``window``, ``days``, ``status`` ("measured", "one leak day", "not measurable"), ``value``,
        ``low``, ``high``, ``n``, ``baseline`` and, if known, ``value_in_window``.
    zones : DataFrame or None
        ``zone`` (int), ``name``, ``lat``, ``lon`` (degrees; NaN where unknown), ``vehicles``,
        ``sightings``, ``cameras`` (counts).
    flows : DataFrame or None
        ``origin``, ``destination`` (zones), ``vehicles``: commutes between zones; every vehicle
        counts once at most.
    further : DataFrame or None
        ``risk`` (in words), ``criterion``, ``value``, ``low``, ``high``, ``n``, ``baseline``: other
        figures, already as they may be published.
    limits : sequence of str
        What the data can and cannot show, a sentence each.
    method : sequence of (str, str)
        Terms and their definitions.
    info : mapping
        What goes into ``info.json``: ``versions``, ``options``, ``seed``, ``claims`` (what the data
        claims to be), ``disputed_by``, ``reply``, ``inputs`` (names and hashes of files; written
        only into internal output).
    tables : mapping of str to DataFrame
        Further aggregated tables, by file name without ending; rows under the threshold are dropped
        by their column ``vehicles``.
    internal_tables : mapping of str to DataFrame
        Tables per vehicle; written only into internal output.
    language : str
        Language of the page's own words.

    Examples
    --------
    >>> ReportInput(title="Plate sightings").findings
    ()
    """

    title: str
    synthetic: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    unicity_curve: pd.DataFrame | None = None
    retention: pd.DataFrame | None = None
    zones: pd.DataFrame | None = None
    flows: pd.DataFrame | None = None
    further: pd.DataFrame | None = None
    limits: Sequence[str] = ()
    method: Sequence[tuple[str, str]] = ()
    info: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    internal_tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    language: str = "en"
