"""Inputs for the tests of pages: a plain region, and one whose every name tries to break out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer.estimate import Estimate, wilson
from analyzer.report import Finding, ReportInput

PAYLOADS = (
    "<img src=x onerror=\"window.__hit='img';alert(1)\">",
    "</script><script>window.__hit='script';alert(2)</script>",
    "{{7*7}}{% print(7*7) %}${7*7}#{7*7}",
    "=HYPERLINK(\"http://example.invalid/?\"&A1,\"click\")",
    "`;window.__hit='tick';//",
    "\\';window.__hit='quote';//",
    "\"><svg onload=window.__hit='svg'>",
    "</style><style>body{display:none}</style>",
    "<!--<script>",
    "javascript:alert(3)",
    "a\u202egpj.exe\x00\ud800\r\n\tend",
)

TOWNS = [
    ("Tashkent", 41.26465, 69.21627), ("Chirchiq", 41.46889, 69.58222),
    ("Olmaliq", 40.84472, 69.59833), ("Angren", 41.01667, 70.14361),
    ("Yangiyŭl", 41.11202, 69.0471), ("Sirdaryo", 40.84361, 68.66167),
    ("Parkent", 41.29444, 69.67639), ("Chinoz", 40.93633, 68.76128),
    ("G‘azalkent", 41.55806, 69.77083), ("Eshonguzar", 41.260513, 69.085655),
    ("Ohangaron", 40.90639, 69.63833), ("Qibray", 41.38972, 69.465),
    ("Piskent", 40.89722, 69.35056), ("Bo‘ka", 40.81108, 69.19417),
    ("Burchmulla", 41.61667, 70.08333),
]


def plain(**changes: object) -> ReportInput:
    """A synthetic region with everything a report can show."""
    random = np.random.default_rng(7)
    zones = pd.DataFrame(TOWNS, columns=["name", "lat", "lon"])
    zones.insert(0, "zone", range(len(zones)))
    zones["vehicles"] = random.integers(200, 4_000, len(zones))
    zones.loc[0, "vehicles"], zones.loc[14, "vehicles"] = 4_800, 4
    zones["sightings"] = zones["vehicles"] * 23
    zones["cameras"] = random.integers(1, 12, len(zones))
    pairs = [(a, b) for a in range(14) for b in range(14) if a != b]
    flows = pd.DataFrame(pairs, columns=["origin", "destination"])
    flows["vehicles"] = np.where(flows["destination"] == 0, 120, 4) + random.integers(0, 14, 182)
    flows.loc[(flows["origin"] == 1) & (flows["destination"] == 9), "vehicles"] = 310
    share = wilson(4_650, 5_000, baseline=0.0002)
    given: dict[str, object] = {
        "title": "Plate sightings in the Tashkent region",
        "synthetic": True,
        "data": {
            "rows_read": 612_840, "rows_kept": 600_102, "rows_rejected": 1_538,
            "rows_merged": 11_200, "rejected_by_reason": {"no plate": 1_200, "no time": 338},
            "vehicles": 5_000, "cameras": 100, "first_seen": "2024-03-04T00:00:11+05:00",
            "last_seen": "2024-03-31T23:58:40+05:00", "timezone": "Asia/Tashkent",
        },
        "findings": [
            Finding("unicity-4", f"4 sightings single out {share.percent()} of vehicles.", share,
                    "singling out", "All vehicles are targets; the interval describes the draw."),
            Finding("home", "For 81 % (79–83 %) of vehicles the data point to one home area.",
                    wilson(4_050, 5_000), "inference", "Calibrated on synthetic data."),
            Finding("commute", "43 % (41–44 %) of vehicles have a commute that can be read.",
                    wilson(2_150, 5_000), "inference"),
            Finding("companions", "122 pairs travel together more than chance explains.",
                    None, "linkability", "At q ≤ 0.05."),
            Finding("data", "The data hold 600,102 sightings of 5,000 vehicles over 28 days."),
        ],
        "unicity_curve": pd.DataFrame({
            "points": [1, 2, 3, 4, 5, 6], "value": [0.04, 0.41, 0.79, 0.93, 0.97, 0.985],
            "low": [0.03, 0.395, 0.78, 0.92, 0.965, 0.98],
            "high": [0.05, 0.425, 0.80, 0.94, 0.975, 0.99], "n": [5_000] * 6,
            "baseline": [0.0002] * 6,
        }),
        "retention": pd.DataFrame({
            "window": ["1D", "7D", "21D", "30D", "90D", "180D"],
            "days": [1.0, 7.0, 21.0, 30.0, 90.0, 180.0],
            "status": ["measured", "measured", "one leak day"] + ["not measurable"] * 3,
            "value": [0.02, 0.35, 0.88, np.nan, np.nan, np.nan],
            "low": [0.015, 0.33, 0.86, np.nan, np.nan, np.nan],
            "high": [0.026, 0.37, 0.9, np.nan, np.nan, np.nan],
            "n": [4_800] * 3 + [0] * 3, "baseline": [0.0002] * 3 + [np.nan] * 3,
            "value_in_window": [0.71, 0.86, 0.93, np.nan, np.nan, np.nan],
        }),
        "zones": zones,
        "flows": flows,
        "limits": ["Four weeks show routines; they do not show holidays or seasons.",
                   "Where the cameras see little, homes stay unknown."],
        "method": [("Unicity", "The share of vehicles that p known sightings single out."),
                   ("Retention window", "How long sightings are kept; a leak exposes the window.")],
        "info": {"versions": {"platerisk": "0.1.0"}, "options": {"points": 4, "time": "1h"},
                 "seed": 1, "claims": "A generated region; nobody in it exists.",
                 "inputs": [{"name": "secret-source.csv", "sha256": "ab" * 32}]},
        "tables": {"commutes_by_hour": pd.DataFrame(
            {"hour": [6, 7, 8, 9], "vehicles": [120, 480, 350, 3]})},
        "internal_tables": {"risk": pd.DataFrame({"vehicle": ["v1"], "risk": [1.0]})},
    }
    return ReportInput(**(given | changes))  # type: ignore[arg-type]


def hostile() -> ReportInput:
    """The same region, with payloads wherever text from the data can stand."""
    base = plain()
    many = [PAYLOADS[at % len(PAYLOADS)] for at in range(len(base.zones))]
    payload = "".join(PAYLOADS)
    return plain(
        title=PAYLOADS[1] + PAYLOADS[0],
        data=dict(base.data) | {"rejected_by_reason": {p: 10 for p in PAYLOADS},
                                "rows_rejected": 10 * len(PAYLOADS), "rows_read": 611_412,
                                "timezone": payload},
        findings=[Finding(p, p, Estimate(0.5, 0.4, 0.6, 50, p), "data", p) for p in PAYLOADS],
        further=pd.DataFrame({
            "risk": pd.Series(PAYLOADS, dtype=object), "criterion": "inference", "value": 0.5,
            "low": 0.4, "high": 0.6, "n": 50, "baseline": 0.1,
        }),
        retention=base.retention.assign(window=pd.Series(PAYLOADS[:6], dtype=object), days=[0.5,
        7, 21, 30.5, 90, 180]), zones=base.zones.assign(name=pd.Series(many, dtype=object)),
        limits=list(PAYLOADS), method=[(p, p) for p in PAYLOADS], info={"claims": payload,
        "options": {p: p for p in PAYLOADS}, "versions": {}}, tables={"attributes": pd.DataFrame(
            {PAYLOADS[3]: pd.Series(PAYLOADS, dtype=object), "vehicles": 50})},
    )
