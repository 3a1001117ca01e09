"""What `scale.py` measures: floors, peers and every public measure, by name."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.assessing import assess
from analyzer.cli.retention import WINDOWS
from analyzer.engine import get_engine
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.companions import find_companions
from analyzer.patterns.cotravel import CoTravel
from analyzer.patterns.meetings import find_meetings
from analyzer.patterns.overview import find_patterns
from analyzer.patterns.pairs import Terms
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips
from analyzer.policy.cameras import sweep_cameras
from analyzer.policy.compare import compare_policies
from analyzer.policy.open_store import sweep_open_store
from analyzer.policy.policy import Policy
from analyzer.policy.recommend import recommend_policy
from analyzer.policy.rules import read_rules, rule_windows
from analyzer.report.brief import Brief, render_brief
from analyzer.report.texts import Texts
from analyzer.risk.adversary import Adversary
from analyzer.risk.anonymity import measure_anonymity
from analyzer.risk.grid import measure_unicity_grid
from analyzer.risk.inference import measure_inference
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.plateless import measure_plateless
from analyzer.risk.predictability import measure_predictability
from analyzer.risk.profile import profile_risk
from analyzer.risk.unicity import measure_unicity
from analyzer.risk.worst_case import measure_worst_case
from analyzer.sightings import Sightings

SAMPLE = 20_000
"""Vehicles that linkage and companions of policies look at, as issue and reports state."""


def _scan(sightings: Sightings, **_: Any) -> int:
    return sum(len(part.load()["vehicle"]) for part in sightings.parts())


def _sort(sightings: Sightings, **_: Any) -> int:
    found = 0
    for part in sightings.parts():
        rows = part.load()
        order = np.lexsort([rows["vehicle"], rows["seen_at"], rows["camera"]])
        found += int(rows["vehicle"][order][-1]) if len(order) else 0
    return found


def encounters(sightings: Sightings, **on: Any) -> int:
    """Count two vehicles at one camera within two minutes."""
    terms = Terms(120_000, 45 * 60_000, 2)
    engine = get_engine(on.get("engine", "local"), on.get("memory"))
    return int(CoTravel(sightings, terms, engine, 0).encounters)


def _commutes(sightings: Sightings, **on: Any) -> int:
    trips = find_trips(sightings, **on)
    places = find_places(trips, **on)
    return len(find_commutes(find_routines(trips, places, **on), places, **on))


def _meetings(sightings: Sightings, **on: Any) -> Any:
    trips = find_trips(sightings, **on)
    return find_meetings(trips, find_places(trips, **on), **on).summary()


KINDS = {"places": ("homes", "works", "commutes"), "companions": ("companions",),
         "linkage": ("linkage",)}  # fmt: skip
"""Risks that are measured together, as `analyzer.cost_asked.KINDS` has them."""

POLICIES = {"month": Policy("30D"), "two weeks": Policy("14D"), "one": Policy("7D")}


def _retention(
    data: Sightings, risks: tuple[str, ...] = ("unicity",), windows: tuple = WINDOWS, **on: Any
) -> str:
    found = sweep_open_store(data, windows=windows, risks=risks, sample=SAMPLE, **on)
    return found.published(10).summary()


def _compare(
    data: Sightings, risks: tuple[str, ...] = ("unicity",), policies: Any = None, **on: Any
) -> str:
    found = compare_policies(data, policies or POLICIES, risks=risks, sample=SAMPLE, **on)
    return found.published(10).summary()


def _brief(data: Sightings, windows: tuple = WINDOWS, **on: Any) -> str:
    rules = read_rules(None)
    first, last = data.span
    days = (last.normalize() - first.normalize()).days + 1
    opened = sweep_open_store(
        data, windows, also=rule_windows(rules, days),
        risks=("unicity", "homes", "works", "commutes"), **on,
    )  # fmt: skip
    return render_brief(Brief(opened, rules), texts=Texts("en"))


def _report(data: Sightings, **on: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assess(data, **on).write(Path(folder) / "out")


MEASURES: dict[str, Callable[..., Any]] = {
    "trips": lambda data, **on: len(find_trips(data, **on)),
    "places": lambda data, **on: len(find_places(find_trips(data, **on), **on)),
    "commutes": _commutes,
    "meetings": _meetings,
    "companions": lambda data, **on: find_companions(data, **on).summary(),
    "patterns": lambda data, **on: find_patterns(data, **on).summary(),
    "risk": lambda data, **on: measure_unicity(data, **on).share,
    "grid": lambda data, **on: measure_unicity_grid(data, **on).summary(),
    "anonymity": lambda data, **on: measure_anonymity(data, Adversary(), **on).summary(),
    "plateless": lambda data, **on: measure_plateless(data, ["make", "color"], **on).summary(),
    "worst-case": lambda data, **on: measure_worst_case(data, **on).summary(),
    "linkage": lambda data, **on: measure_linkage(data, "7D", sample=SAMPLE, **on).summary(),
    "inference": lambda data, **on: measure_inference(data, **on).summary(),
    "predictability": lambda data, **on: measure_predictability(data, **on).summary(),
    "profile": lambda data, **on: profile_risk(data, **on).summary(),
    "retention": _retention,
    "compare": _compare,
    **{f"retention: {kind}": partial(_retention, risks=risks) for kind, risks in KINDS.items()},
    **{f"compare: {kind}": partial(_compare, risks=risks) for kind, risks in KINDS.items()},
    "brief": _brief,
    "recommend": lambda data, **on: recommend_policy(data, {"unicity": 0.05}, **on).summary(),
    "camera-count": lambda data, **on: sweep_cameras(data, **on).summary(),
    "report": _report,
}
"""Names of verbs where there is one; of risks, what a verb takes that is asked for them alone."""

FLOORS: dict[str, Callable[..., Any]] = {
    "floor: scan": _scan,
    "floor: sort": _sort,
    "floor: count encounters": encounters,
}


def _sql(query: str) -> Callable[..., Any]:
    def run(sightings: Sightings, **_: Any) -> Any:
        import duckdb

        files = [str(path) for path in sightings.store.part_paths]
        with duckdb.connect(config={"threads": 2}) as connection:
            connection.execute(
                "CREATE VIEW s AS SELECT vehicle, camera, epoch_ms(seen_at) AS t "
                f"FROM read_parquet({files!r})"
            )
            return connection.execute(query).fetchall()

    return run


PEERS: dict[str, Callable[..., Any]] = {
    "peer: trips in DuckDB": _sql(
        "SELECT count(*) FROM (SELECT t - lag(t) OVER (PARTITION BY vehicle ORDER BY t, camera) d "
        "FROM s) WHERE d IS NULL OR d > 2700000"
    ),
    "peer: unicity of 4 points in DuckDB": _sql(
        "WITH p AS (SELECT DISTINCT vehicle, camera, t // 3600000 h FROM s), "
        "k AS (SELECT *, row_number() OVER (PARTITION BY vehicle ORDER BY hash(vehicle, camera, h))"
        " n FROM p), q AS (SELECT * FROM k WHERE n <= 4), "
        "m AS (SELECT q.vehicle v, p.vehicle w, count(*) c FROM q JOIN p USING (camera, h) "
        "GROUP BY v, w HAVING c = 4) "
        "SELECT count(*) FROM (SELECT v FROM m GROUP BY v HAVING count(*) = 1)"
    ),
}
"""Beside what they do the same work as; left out where DuckDB is not installed."""


def all_measures() -> dict[str, Callable[..., Any]]:
    """Give floors, peers that are installed, and measures."""
    try:
        import duckdb  # noqa: F401
    except ImportError:
        return {**FLOORS, **MEASURES}
    return {**FLOORS, **PEERS, **MEASURES}


def describe(sightings: Sightings, path: Path) -> dict[str, Any]:
    """Say how large a store is."""
    first, last = sightings.span_ms
    return {
        "rows": len(sightings),
        "vehicles": sightings.n_vehicles,
        "cameras": sightings.n_cameras_seen,
        "days": round((last - first) / 86_400_000, 1),
        "parts": len(sightings.parts()),
        "bytes": sum(file.stat().st_size for file in path.rglob("*.parquet")),
    }
