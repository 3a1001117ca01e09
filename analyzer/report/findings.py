"""``findings.json`` and ``info.json``: what a report found and where it comes from, for machines.

Schema of ``findings.json``, version 1 (keys are sorted; a figure that is not measured is
``null``)::

    {
      "schema": "platerisk/findings",
      "version": 1,
      "title": text,
      "language": "en" | "ru" | "uz", of title, sentences, caveats and limits,
      "synthetic": true | false,
      "threshold": k, the smallest count of vehicles that is shown,
      "data": {"rows_read", "rows_kept", "rows_rejected", "rows_merged": counts,
               "rejected_by_reason": {reason: rows}, "vehicles": count or null (under k), ...},
      "findings": [{"id", "sentence", "criterion": "singling out" | "linkability" | "inference" |
      "data",
                    "caveat": text or null, "withheld": true | false,
                    "estimate": {"value", "low", "high", "n", "method", "baseline"} or null}],
      "limits": [text],
      "tables": {name: "tables/name.csv"}
    }

Schema of ``info.json``, version 1::

    {
      "schema": "platerisk/info",
      "version": 1,
      "internal": true | false,
      "synthetic": true | false,
      "claims": what the data claims to be, or null,
      "disputed_by": [who disputes it], "reply": right of reply, or null,
      "versions": {program: version}, "options": {...}, "seed": number or null,
      "findings_sha256": digest of the bytes of findings.json,
      "files": {path: sha256} of everything else that was written,
      "inputs": names and hashes of what was read (internal output only: they can identify a
      source), "written_at": ISO 8601, only when SOURCE_DATE_EPOCH is set
    }
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from analyzer.errors import UsageError
from analyzer.report.content import CRITERIA, Finding, ReportInput
from analyzer.report.tables import clean_text, is_missing
from analyzer.report.texts import Texts

PUBLIC_DATA = (
    "rows_read",
    "rows_kept",
    "rows_rejected",
    "rows_merged",
    "rejected_by_reason",
    "merged_by_reason",
    "vehicles",
    "cameras",
    "first_seen",
    "last_seen",
    "timezone",
    "days",
)
"""What a page says of a reading; notes on files, columns and encodings can identify a source."""

FINDINGS_VERSION = 1
INFO_VERSION = 1


def findings_document(
    report: ReportInput,
    *,
    k: int,
    tables: Iterable[str],
    texts: Texts,
    withheld: Collection[str] = (),
) -> dict[str, Any]:
    """Make the object of ``findings.json`` (schema in this module's docstring).

    `withheld` names the findings whose figure may not be shown.
    """
    return {
        "schema": "platerisk/findings",
        "version": FINDINGS_VERSION,
        "title": clean_text(report.title),
        "language": report.language,
        "synthetic": bool(report.synthetic),
        "threshold": k,
        "data": jsonable(publishable_data(report.data, k)),
        "findings": [
            finding_object(finding, k=k, texts=texts, withheld=finding.id in withheld)
            for finding in report.findings
        ],
        "limits": [clean_text(limit, limit=None) for limit in report.limits],
        "tables": {name: f"tables/{name}.csv" for name in sorted(tables)},
    }


def info_document(
    report: ReportInput, *, internal: bool, digest: str, files: Mapping[str, str]
) -> dict[str, Any]:
    """Make the object of ``info.json`` (schema in this module's docstring)."""
    given = jsonable(dict(report.info))
    inputs = given.pop("inputs", None)
    stated = {"claims": None, "disputed_by": [], "reply": None}
    document = {**stated, "versions": {}, "options": {}, "seed": None, **given}
    document |= {
        "schema": "platerisk/info",
        "version": INFO_VERSION,
        "internal": internal,
        "synthetic": bool(report.synthetic),
        "findings_sha256": digest,
        "files": dict(sorted(files.items())),
    }
    if internal and inputs is not None:
        document["inputs"] = inputs
    moment = written_at()
    if moment is not None:
        document["written_at"] = moment
    return document


def written_at() -> str | None:
    """The time of writing as SOURCE_DATE_EPOCH gives it; None where it is not set.

    Raises
    ------
    UsageError
        If it is set to something else than whole seconds.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return None
    try:
        return datetime.fromtimestamp(int(epoch), UTC).isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {epoch!r}; give whole seconds since 1970, or unset it"
        ) from error


def finding_object(
    finding: Finding, *, k: int, texts: Texts, withheld: bool = False
) -> dict[str, Any]:
    """Make one finding as it may be published.

    A figure on fewer than k units, or that stands for fewer or for all but fewer, is withheld, and
    so is one that `withheld` says is: with others it would give fewer than k away.

    Raises
    ------
    UsageError
        If the criterion is not one of `CRITERIA`.
    """
    if finding.criterion not in CRITERIA:
        raise UsageError(
            f"finding {finding.id!r} has the criterion {finding.criterion!r}; "
            f"use one of: {', '.join(CRITERIA)}"
        )
    estimate = finding.estimate
    few = estimate is not None and (0 < estimate.n < k or estimate.tells_of_few(k))
    withheld = withheld or few
    said = texts("lead.withheld", k=k) if withheld else clean_text(finding.sentence, limit=None)
    return {
        "id": clean_text(finding.id),
        "sentence": said,
        "criterion": finding.criterion,
        "caveat": (
            clean_text(finding.caveat, limit=None) if finding.caveat and not withheld else None
        ),
        "withheld": withheld,
        "estimate": None if estimate is None or withheld else jsonable(estimate.to_dict()),
    }


def publishable_data(data: Mapping[str, Any], k: int) -> dict[str, Any]:
    """The quality object as it may be published.

    Without counts of vehicles under k, and without what can identify a source: notes on files
    and the files themselves. The first and the last sighting are each that of one vehicle: of
    these the day is given.

    Examples
    --------
    >>> publishable_data({"first_seen": "2026-03-02T07:18:14+05:00"}, 10)
    {'first_seen': '2026-03-02'}
    """
    shown = {name: data[name] for name in PUBLIC_DATA if name in data}
    for name in ("first_seen", "last_seen"):
        if not is_missing(shown.get(name)):
            shown[name] = str(shown[name])[:10]
    vehicles, once = shown.get("vehicles"), data.get("vehicles_seen_once")
    if vehicles is not None and 0 < vehicles < k:
        shown["vehicles"] = None
    elif vehicles and once is not None and not 0 < round(once * vehicles) < k:
        shown["vehicles_seen_once"] = once
    return shown


def to_json(document: Mapping[str, Any]) -> str:
    r"""Write an object as JSON with sorted keys; the same bytes for the same object.

    Examples
    --------
    >>> to_json({"b": 1, "a": None})
    '{\n  "a": null,\n  "b": 1\n}\n'
    """
    return json.dumps(
        document, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False
    ) + "\n"


def jsonable(value: Any) -> Any:
    """Turn numpy, pandas and date values into what JSON knows; NaN and infinities become None.

    Examples
    --------
    >>> jsonable({"n": np.int64(3), "share": float("nan")})
    {'n': 3, 'share': None}
    """
    if isinstance(value, Mapping):
        return {clean_text(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray, pd.Index)):
        return [jsonable(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((jsonable(item) for item in value), key=str)
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return clean_text(value, limit=None)
