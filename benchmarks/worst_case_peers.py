"""One attack by another program, in that program's own Python: seconds, memory and risks as JSON.

    PYTHON benchmarks/worst_case_peers.py fastmob visits.csv location 2 0.0 0

The last number is how many individuals are targets (0: all); all are candidates.
Nothing of platerisk is imported here. Visits are a CSV of uid, lat, lng, datetime.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import pandas as pd


def fastmob(
    visits: pd.DataFrame, attack: str, points: int, tolerance: float, targets: list | None
) -> pd.DataFrame:
    from fastmob import privacy

    if attack == "home_work":
        return privacy.home_work_risk(visits, targets=targets)
    if attack == "unique_location":
        return privacy.unique_location_risk(visits, points, targets=targets)
    run = getattr(privacy, f"location_{attack}_risk" if attack != "location" else "location_risk")
    if attack in ("frequency", "probability", "proportion"):
        return run(visits, points, tolerance=tolerance, targets=targets)
    return run(visits, points, targets=targets)


def scikit_mobility(
    visits: pd.DataFrame, attack: str, points: int, tolerance: float, targets: list | None
) -> pd.DataFrame:
    import skmob
    from skmob.privacy import attacks

    names = {
        "location": "LocationAttack",
        "sequence": "LocationSequenceAttack",
        "time": "LocationTimeAttack",
        "unique_location": "UniqueLocationAttack",
        "frequency": "LocationFrequencyAttack",
        "probability": "LocationProbabilityAttack",
        "proportion": "LocationProportionAttack",
        "home_work": "HomeWorkAttack",
    }
    options = {} if attack == "home_work" else {"knowledge_length": points}
    if attack in ("frequency", "probability", "proportion"):
        options["tolerance"] = tolerance
    trajectories = skmob.TrajDataFrame(
        visits, latitude="lat", longitude="lng", datetime="datetime", user_id="uid"
    )
    return getattr(attacks, names[attack])(**options).assess_risk(trajectories, targets=targets)


def peak_gb() -> float:
    """Peak of this program: what the system reports of usage may be its parent's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1e6
    return float("nan")


def main() -> None:
    warnings.simplefilter("ignore")
    peer, path, attack, points, tolerance, n_targets = sys.argv[1:]
    visits = pd.read_csv(path, parse_dates=["datetime"])
    run = {"fastmob": fastmob, "scikit-mobility": scikit_mobility}[peer]
    targets = sorted(visits["uid"].unique())[: int(n_targets)] if int(n_targets) else None
    wall, processor = time.perf_counter(), time.process_time()
    risks = run(visits, attack, int(points), float(tolerance), targets)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    risks = risks.sort_values("uid")
    print(json.dumps({
        "seconds": wall,
        "cpu": processor,
        "peak_gb": peak_gb(),
        "risk": risks["risk"].tolist(),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
