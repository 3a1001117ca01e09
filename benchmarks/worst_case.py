"""Seconds, memory and agreement of the worst-case attacks, beside fastmob and scikit-mobility.

    python benchmarks/worst_case.py --fastmob PYTHON --scikit-mobility PYTHON

PYTHON is the interpreter of an environment in which the peer is installed; without one its columns
stay empty. A peer runs in a process of its own; the time of an import, of reading its file and of
our compilation is not counted, reading our store is. Ours runs on one core. fastmob was 0.3.2;
scikit-mobility 1.3.1 runs under Python 3.10 with numpy<1.25, scipy<1.12 and shapely<2.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.errors import TooMuchWorkError
from analyzer.risk.worst_case import WorstCase, measure_worst_case
from analyzer.risk.worst_case_plan import ATTACKS
from analyzer.sightings import Sightings

RESULTS = Path(__file__).parent / "results"
PEERS = Path(__file__).parent / "worst_case_peers.py"
DAY, START = 86_400_000, 1_767_225_600_000
TOLERANT = ("frequency", "probability", "proportion")
ONE_CORE = LocalEngine(threads=1)


class Visits(NamedTuple):
    """The same visits for us and for the peers."""

    sightings: Sightings
    frame: pd.DataFrame


class Run(NamedTuple):
    """What one measurement took."""

    seconds: float
    cpu: float
    peak_gb: float
    risk: np.ndarray | None
    said: str = ""


def random_visits(
    vehicles: int, each: int, places: int, *, days: int = 28, habits: bool = False, seed: int = 0
) -> Visits:
    """Draw visits: evenly over all places, or with four usual places a vehicle."""
    rng = np.random.default_rng(seed)
    n = vehicles * each
    vehicle = np.repeat(np.arange(vehicles, dtype=np.int32), each)
    place = rng.integers(0, places, n)
    if habits:
        busy = 1 / np.arange(1, places + 1) ** 0.7
        usual = rng.choice(places, size=(vehicles, 4), p=busy / busy.sum())
        often = rng.random(n) < 0.6
        place[often] = usual[vehicle, rng.integers(0, 4, n)][often]
    # Whole seconds, all different for one vehicle: a tie in time would be ordered by the file.
    second = rng.integers(0, days * 86_400 // each, n) + np.tile(
        np.arange(each) * (days * 86_400 // each), vehicles
    )
    return visits_of(vehicle, place, START + second * 1_000, places)


def stepped_visits(vehicles: int, places: int, seed: int = 0) -> Visits:
    """Give every vehicle one visit to a place, two to another, up to five: no equal counts."""
    rng = np.random.default_rng(seed)
    usual = np.array([rng.choice(places, 5, replace=False) for _ in range(vehicles)])
    place = np.repeat(usual.reshape(-1), np.tile(np.arange(1, 6), vehicles))
    vehicle = np.repeat(np.arange(vehicles, dtype=np.int32), 15)
    return visits_of(vehicle, place, START + np.arange(len(place)) * 60_000, places)


def visits_of(vehicle: np.ndarray, place: np.ndarray, seen_at: np.ndarray, places: int) -> Visits:
    cameras = pd.DataFrame(
        {
            "name": [f"c{code}" for code in range(places)],
            "lat": 41.0 + 0.02 * (np.arange(places) // 10),
            "lon": 69.0 + 0.02 * (np.arange(places) % 10),
        }
    )
    sightings = from_arrays(vehicle, seen_at, place, cameras=cameras)
    frame = pd.DataFrame(
        {
            "uid": vehicle,
            "lat": cameras["lat"].to_numpy()[place],
            "lng": cameras["lon"].to_numpy()[place],
            "datetime": seen_at.astype("datetime64[ms]"),
        }
    )
    return Visits(sightings, frame)


def ours(sightings: Sightings, attack: str, points: int, tolerance: float = 0.0,
         compatible_with: str | None = None) -> Run:  # fmt: skip
    wall, processor = time.perf_counter(), time.process_time()
    said, risk = "", None
    try:
        found: WorstCase = measure_worst_case(
            sightings, attack, points, "1h", tolerance, compatible_with, engine=ONE_CORE
        )
        risk = found.risk["risk"].to_numpy()
        said = f"mean {found.mean_risk.value:.4f}, alone {found.singled_out.value:.3f}"
    except TooMuchWorkError as refusal:
        said = f"refused: {refusal}"
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return Run(wall, processor, peak, risk, said)


def theirs(
    python: str | None, peer: str, frame: pd.DataFrame, attack: str, points: int,
    tolerance: float = 0.0, targets: int = 0, timeout: float = 600,
) -> Run | None:  # fmt: skip
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "visits.csv"
        frame.to_csv(path, index=False)
        call = [python, str(PEERS), peer, str(path), attack, str(points), str(tolerance),
                str(targets)]  # fmt: skip
        try:
            done = subprocess.run(call, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            return Run(timeout, timeout, 0, None, f"not ended after {timeout:.0f} s")
    if done.returncode:
        return Run(0, 0, 0, None, done.stderr.strip().splitlines()[-1][:60])
    found = json.loads(done.stdout.splitlines()[-1])
    risk = np.array(found.pop("risk"))
    return Run(risk=risk, **found)


def agreement(one: Run, other: Run | None) -> str:
    if other is None or one.risk is None or other.risk is None:
        return other.said if other is not None else ""
    # Of a peer, the first vehicles may be the only targets.
    same = np.isclose(one.risk[: len(other.risk)], other.risk, rtol=1e-12, atol=0)
    return f"{same.sum():,} of {len(same):,}"


def row(visits: Visits, label: str, points: int, run: Run, peer: Run | None = None) -> dict:
    timed = peer is not None and peer.seconds > 0 and run.risk is not None
    return {
        "attack": label,
        "vehicles": f"{visits.sightings.n_vehicles:,}",
        "rows": f"{len(visits.frame):,}",
        "points": points,
        "seconds": f"{run.seconds:.3f}",
        "cpu": f"{run.cpu:.3f}",
        "peak GB": f"{run.peak_gb:.2f}",
        "peer seconds": "" if peer is None else f"{peer.seconds:.2f}",
        "peer cpu": "" if peer is None else f"{peer.cpu:.2f}",
        "peer GB": "" if peer is None else f"{peer.peak_gb:.2f}",
        "ratio": f"{peer.cpu / run.cpu:.0f} ×" if timed else "",
        "equal risks": agreement(run, peer),
        "result": run.said,
    }


def labelled(attack: str, tolerance: float) -> str:
    return f"{attack}, tolerance {tolerance:g}" if tolerance else attack


def beside_fastmob(python: str | None) -> list[dict]:
    rows = []
    for vehicles, points in ((200, 2), (200, 3), (1_000, 2)):
        visits = random_visits(vehicles, 40, 100)
        run = ours(visits.sightings, "location", points)
        peer = theirs(python, "fastmob", visits.frame, "location", points)
        rows.append(row(visits, "location", points, run, peer))
    visits = random_visits(500, 20, 40, habits=True, seed=1)
    for attack in ATTACKS:
        for tolerance in (0.0, 0.25) if attack in TOLERANT else (0.0,):
            run = ours(visits.sightings, attack, 2, tolerance)
            peer = theirs(python, "fastmob", visits.frame, attack, 2, tolerance)
            rows.append(row(visits, labelled(attack, tolerance), 2, run, peer))
            if tolerance or attack == "home_work":
                # It has scikit-mobility's two least visited places, and compares in floats.
                again = ours(visits.sightings, attack, 2, tolerance, "scikit-mobility")
                label = labelled(attack, tolerance) + ", compatible"
                rows.append(row(visits, label, 2, again, peer))
    visits = stepped_visits(200, 8)
    run = ours(visits.sightings, "home_work", 2, 0.0, "scikit-mobility")
    peer = theirs(python, "fastmob", visits.frame, "home_work", 2)
    rows.append(row(visits, "home_work, no equal counts, compatible", 2, run, peer))
    return rows


def beside_scikit_mobility(python: str | None) -> list[dict]:
    """It takes minutes for a handful of targets, so it is given no more than that."""
    rows = []
    visits = random_visits(200, 5, 12, habits=True, seed=2)
    for attack in ATTACKS:
        targets = 20 if attack == "home_work" else 2
        for tolerance in (0.0, 0.1, 0.5) if attack in TOLERANT else (0.0,):
            run = ours(visits.sightings, attack, 2, tolerance, "scikit-mobility")
            peer = theirs(python, "scikit-mobility", visits.frame, attack, 2, tolerance, targets)
            rows.append(row(visits, labelled(attack, tolerance), 2, run, peer) | {"ratio": ""})
    return rows


def many_vehicles() -> list[dict]:
    rows = []
    for habits in (False, True):
        visits = random_visits(50_000, 40, 100, habits=habits)
        for points in (2, 3, 4):
            label = "location, " + ("four usual places" if habits else "evenly")
            rows.append(row(visits, label, points, ours(visits.sightings, "location", points)))
    return rows


def many_visits() -> list[dict]:
    visits = random_visits(1_000, 2_000, 100, days=180, habits=True)
    return [
        row(visits, labelled(attack, tolerance), points,
            ours(visits.sightings, attack, points, tolerance))
        for points in (2, 3)
        for attack in ATTACKS
        for tolerance in ((0.0, 0.1) if attack in TOLERANT else (0.0,))
        if attack != "home_work" or points == 2
    ]  # fmt: skip


def markdown(title: str, rows: list[dict]) -> str:
    columns = [name for name in rows[0] if any(each[name] != "" for each in rows)]
    lines = [f"## {title}\n", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(each[name]) for name in columns) + " |" for each in rows]
    return "\n".join(lines) + "\n"


HEAD = """\
Ours runs on one core, reads its store, and is compiled beforehand; a peer reads its file beforehand
and runs on all cores. "ratio" is one of processor seconds, which other work on the machine disturbs
less than the clock. "equal risks" counts the vehicles for which both give the same risk.

scikit-mobility is given two vehicles as targets, twenty for home and work; ours always does all.

fastmob, too, takes the two places visited least for home and work, and compares tolerances in
floating point: the rows marked "compatible" are ours in scikit-mobility's semantics. Where counts
are equal it has an order of its own.
"""
SECTIONS = {
    "fastmob": "Beside fastmob",
    "scikit-mobility": "Beside scikit-mobility, in the compatibility mode",
    "vehicles": "50,000 vehicles, 100 cameras, one core",
    "visits": "1,000 vehicles with 2,000 visits each, one core",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fastmob", metavar="PYTHON")
    parser.add_argument("--scikit-mobility", metavar="PYTHON")
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    options = parser.parse_args()
    began = time.perf_counter()
    small = random_visits(40, 30, 6, habits=True)
    for attack in ATTACKS:
        for points in (2, 3):
            for tolerance in (0.0, 0.1):
                ours(small.sightings, attack, points, tolerance)
    compiling = time.perf_counter() - began
    made = {
        "fastmob": lambda: beside_fastmob(options.fastmob),
        "scikit-mobility": lambda: beside_scikit_mobility(options.scikit_mobility),
        "vehicles": many_vehicles,
        "visits": many_visits,
    }
    print(f"compilation, or loading what was compiled before: {compiling:.1f} s, not counted")
    for name in options.sections:
        text = markdown(SECTIONS[name], made[name]())
        print(text, flush=True)
        keep(name, text)


def keep(name: str, text: str) -> None:
    """Put a section into the file of results; the others stay as they were measured."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "worst_case.md"
    command = "python benchmarks/worst_case.py --fastmob PYTHON --scikit-mobility PYTHON"
    kept = dict.fromkeys(SECTIONS, "")
    if path.exists():
        for section in path.read_text(encoding="utf-8").split("\n## ")[1:]:
            for known, title in SECTIONS.items():
                if section.startswith(title + "\n"):
                    kept[known] = "## " + section.strip() + "\n"
    kept[name] = text
    path.write_text(
        "\n".join([f"`{command}`\n", "# Worst-case attacks\n", HEAD, *filter(None, kept.values())]),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
