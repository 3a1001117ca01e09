"""Reports: what was measured, written as pages, tables and findings that can be published."""

from __future__ import annotations

from analyzer.report.content import Finding, ReportInput
from analyzer.report.disclosure import suppress, suppress_od
from analyzer.report.folder import write_report
from analyzer.report.texts import Texts

__all__ = ["Finding", "ReportInput", "Texts", "suppress", "suppress_od", "write_report"]
