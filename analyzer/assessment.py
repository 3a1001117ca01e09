"""Assessment: what every measure found over one set of sightings, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.estimate import Estimate, wilson
from analyzer.patterns.overview import PatternsOverview
from analyzer.patterns.sighting_counts import EDGES
from analyzer.policy.retention_sweep import RetentionSweep
from analyzer.report.classes import join_classes
from analyzer.report.content import Finding, ReportInput
from analyzer.report.crowds import published_unicity
from analyzer.report.disclosure import DEFAULT_K, check_threshold
from analyzer.report.further_risks import FurtherRisks
from analyzer.report.limits import Facts, limits_of, method_terms
from analyzer.report.origin import Provenance, origin_of
from analyzer.report.sentences import (
    inference_findings,
    linkage_finding,
    once_finding,
    published_table,
    resolution_text,
    retention_finding,
    unicity_finding,
)
from analyzer.report.texts import Texts
from analyzer.result import Result
from analyzer.risk.linkage_result import RotationLinkage
from analyzer.risk.unicity import Unicity
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.report.publishable import Publishable

TOLD = ("homes", "commutes", "companions")
"""What the page leads with; work places stand in its tables."""

@dataclass(frozen=True)
class Assessment(Result):
    """What a collection of sightings gives away; made by `assess`.

    Attributes
    ----------
    sightings : Sightings
        What was assessed.
    unicity : Unicity
        How many vehicles a few sightings single out.
    retention : RetentionSweep
        What a leak exposes for each length of keeping.
    linkage : RotationLinkage or None
        How many vehicles are known again if their pseudonyms change; None where matching them would
        take too long.
    patterns : PatternsOverview
        Homes, work places, commutes, companions that can be inferred.
    counts : pandas.DataFrame
        How many vehicles are seen how often.
    load : pandas.DataFrame
        Sightings and vehicles of each zone.
    options : dict
        With which options it was made.
    further : FurtherRisks or None
        Anonymity, the worst case, predictability, what attributes tell, visits to sensitive sites.
    """

    sightings: Sightings
    unicity: Unicity
    retention: RetentionSweep
    linkage: RotationLinkage | None
    patterns: PatternsOverview
    counts: pd.DataFrame
    load: pd.DataFrame
    options: dict[str, Any]
    further: FurtherRisks | None = None
    _attacked: dict[tuple[str, int], Publishable] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def findings(self) -> list[Finding]:
        """What there is to say, most telling first; no figure of fewer than ten vehicles."""
        return self.findings_in()

    def findings_in(self, language: str = "en", k: int = DEFAULT_K) -> list[Finding]:
        """Say what there is to say in a language.

        Parameters
        ----------
        language : str
            A key of `analyzer.report.texts.LANGUAGES`.
        k : int
            Smallest count of vehicles that is shown; 5 or more.
        """
        texts = Texts(language)
        unicity, retention = self._published(k)
        adversary = self.unicity.adversary
        patterns = self.patterns
        findings = [
            unicity_finding(
                unicity.share,
                unicity.excluded,
                points=adversary.points,
                resolution=resolution_text(adversary, texts),
                vehicles=self.sightings.n_vehicles,
                texts=texts,
                k=k,
            ),
            retention_finding(
                retention.to_pandas(),
                points=adversary.points,
                vehicles=self.sightings.n_vehicles,
                texts=texts,
                k=k,
            ),
            *self._linkage_findings(texts, k),
            *inference_findings(
                {name: patterns.estimates[name] for name in TOLD if name in patterns.estimates},
                patterns.regular,
                often=patterns.often,
                max_fdr=patterns.max_fdr,
                texts=texts,
                k=k,
            ),
        ]
        if self._once.value > 0.5:
            # Where most vehicles are seen once, that is part of the story and not only a limit.
            findings.append(once_finding(self._once, texts, k))
        return findings

    def _published(self, k: int) -> tuple[Unicity, RetentionSweep]:
        """Unicity and retention as they may be published beside each other."""
        unicity = published_unicity(self.unicity, k)
        return unicity, self.retention.published(k, wholes=(unicity.targets,))

    def _linkage_findings(self, texts: Texts, k: int) -> list[Finding]:
        if self.linkage is None or not self.linkage.success[1].is_measured:
            return []
        success, rotation = self.linkage.success[1], self.linkage.rotation
        return [linkage_finding(success, rotation=rotation, texts=texts, k=k)]

    @cached_property
    def _once(self) -> Estimate:
        vehicles = self.counts["vehicles"]
        return wilson(
            int(vehicles.iloc[0]),
            int(vehicles.sum()),
            method="share of all vehicles; Wilson, 95 %",
        )

    @property
    def limits(self) -> list[str]:
        """What the collection cannot show."""
        return self.limits_in()

    def limits_in(self, language: str = "en") -> list[str]:
        """Say in a language what the collection cannot show."""
        texts = Texts(language)
        sweep = self.retention.to_pandas()
        cameras = self.sightings.camera_table
        quality = self.sightings.quality
        said = limits_of(
            Facts(
                synthetic=self.sightings.synthetic,
                days=self.days,
                once=self._once,
                excluded=self.unicity.excluded,
                points=self.unicity.adversary.points,
                unmeasured=tuple(sweep.loc[sweep["status"] == "not measurable", "window"]),
                one_leak_day=tuple(sweep.loc[sweep["status"] == "one leak day", "window"]),
                place_grid_m=self.sightings.provenance.get("options", {}).get("place_grid_m"),
                cameras=len(cameras),
                unplaced=int((cameras["lat"].isna() | cameras["lon"].isna()).sum()),
                rows_read=quality.get("rows_read", len(self.sightings)),
                rejected_by_reason=quality.get("rejected_by_reason", {}),
            ),
            texts,
        )
        if self.patterns.not_looked_for:
            said.append(
                self.patterns.not_looked_for
                if language == "en"
                else texts("limit.companions_not_looked_for")
            )
        return said

    @property
    def days(self) -> int:
        """Local calendar days from the first sighting to the last, both included."""
        first, last = self.sightings.span_ms
        ends = self.sightings.clock.local(np.array([first, last])) // DAY_MS
        return int(ends[1] - ends[0] + 1)

    def summary(self, language: str = "en", k: int = DEFAULT_K) -> str:
        """Say the findings, a sentence each, as a report written with this threshold says them.

        Parameters
        ----------
        language : str
            A key of `analyzer.report.texts.LANGUAGES`.
        k : int
            Smallest count of vehicles that is shown; 5 or more.
        """
        # The figures are attacked together: a sentence by itself would say what a page withholds.
        said = [finding["sentence"] for finding in self._document(language, k)["findings"]]
        return "\n".join([self.sightings.summary(), *said])

    def to_dict(self) -> dict[str, Any]:
        """Give the findings as they stand in ``findings.json``."""
        return self._document("en", DEFAULT_K)

    def _document(self, language: str, k: int) -> dict[str, Any]:
        from analyzer.report.findings import findings_document

        report = self.report_input(language=language, k=k)
        withheld = self._shown(report, k).withheld_findings
        return findings_document(
            report, k=k, tables=(), texts=Texts(report.language), withheld=withheld
        )

    def _shown(self, report: ReportInput, k: int) -> Publishable:
        """What may be shown of a report: attacked once, however often it is written and told."""
        from analyzer.report.publishable import publishable

        key = (report.language, k)
        if key not in self._attacked:
            self._attacked[key] = publishable(report, k=k)
        return self._attacked[key]

    def to_pandas(self) -> pd.DataFrame:
        """Give the findings as a table, a row each, with their figures."""
        return pd.DataFrame(
            [
                {
                    "id": finding.id,
                    "criterion": finding.criterion,
                    "sentence": finding.sentence,
                    **(finding.estimate.to_dict() if finding.estimate else {}),
                }
                for finding in self.findings
            ]
        )

    def plot(self) -> Axes:
        """Draw the retention curve."""
        return self.retention.plot()

    def report_input(
        self,
        *,
        internal: bool = False,
        language: str = "en",
        provenance: Provenance | None = None,
        k: int = DEFAULT_K,
    ) -> ReportInput:
        """Give everything a page shows.

        Parameters
        ----------
        internal : bool
            Whether tables of single vehicles belong to it.
        provenance : Provenance, optional
            What the data claim to be, who disputes it, what was replied.
        language : str
            In which language; a key of `analyzer.report.texts.LANGUAGES`.
        k : int
            Smallest count of vehicles that is shown; 5 or more.
        """
        check_threshold(k)
        texts = Texts(language)
        unicity, retention = self._published(k)
        adversary = self.unicity.adversary
        return ReportInput(
            title=texts(
                "title.report.synthetic" if self.sightings.synthetic else "title.report"
            ),
            synthetic=self.sightings.synthetic,
            data={
                **self.sightings.quality,
                "vehicles": self.sightings.n_vehicles,
                "cameras": self.sightings.n_cameras_seen,
                "first_seen": str(self.sightings.span[0]),
                "last_seen": str(self.sightings.span[1]),
                "timezone": self.sightings.timezone,
                "days": self.days,
            },
            findings=self.findings_in(language, k),
            unicity_curve=unicity.to_pandas(),
            retention=retention.to_pandas(),
            zones=self.load,
            flows=self._flows(),
            further=None if self.further is None else self.further.table(texts, k),
            limits=self.limits_in(language),
            method=method_terms(
                points=adversary.points,
                time=adversary.time,
                max_gap=self.options["max_gap"],
                rotation=self.options["rotation"],
                k=k,
                texts=texts,
            ),
            language=language,
            info=origin_of(self.sightings, self.options, provenance),
            tables={
                "sighting_counts": join_classes(self.counts, EDGES, k),
                "inferred": published_table(self.patterns, k),
            },
            internal_tables=self.patterns.tables() if internal else {},
        )

    def _flows(self) -> pd.DataFrame:
        """Commutes between zones, with the codes that the table of zones has."""
        flows = self.patterns.commutes.od_matrix
        code_of = dict(zip(self.load["name"], self.load["zone"], strict=True))
        return pd.DataFrame(
            {
                "origin": flows["origin"].map(code_of).astype(int),
                "destination": flows["destination"].map(code_of).astype(int),
                "vehicles": flows["vehicles"],
            }
        )

    def write(
        self,
        folder: str | Path,
        *,
        internal: bool = False,
        language: str = "en",
        provenance: Provenance | None = None,
        k: int = DEFAULT_K,
    ) -> list[Path]:
        """Write the report: page, findings, tables, info.

        Parameters
        ----------
        folder : path
            Where to; made if it is not there.
        internal : bool
            Add tables of single vehicles and the names of the inputs, marked INTERNAL.
        provenance : Provenance, optional
            What the data claim to be, who disputes it, what was replied.
        language : str
            In which language; a key of `analyzer.report.texts.LANGUAGES`.
        k : int
            Smallest count of vehicles that is shown; 5 or more.

        Returns
        -------
        list of Path
            The files written.
        """
        from analyzer.report.folder import write_report

        report = self.report_input(
            internal=internal, language=language, provenance=provenance, k=k
        )
        shown = self._shown(report, check_threshold(k))
        return write_report(report, Path(folder), internal=internal, k=k, shown=shown)

    def to_html(self, path: str | Path, *, language: str = "en") -> Path:
        """Write the page alone, as it can be published."""
        from analyzer.report.pages import render_report

        report, path = self.report_input(language=language), Path(path)
        page = render_report(report, k=DEFAULT_K, internal=False, texts=Texts(report.language))
        path.write_text(page, encoding="utf-8")
        return path

    def to_json(self, path: str | Path) -> Path:
        """Write the findings alone, as they can be published."""
        from analyzer.report.findings import to_json

        path = Path(path)
        path.write_text(to_json(self.to_dict()), encoding="utf-8")
        return path
