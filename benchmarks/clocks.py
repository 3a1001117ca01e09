"""How often wrong clocks of cameras are found, and right ones left alone, on made data.

Prints a Markdown table and writes it to ``benchmarks/results/clocks.md``. Run
``python benchmarks/clocks.py``; with ``--quick`` one seed of each, to the screen only.

Two worlds: the project's synthetic region (two thirds of its cameras stand in pairs, each of which
sees one direction of its road only), and a grid of 40 cameras 3 km apart, on which vehicles walk
at random. One clock of a busy camera is wrong, or three clocks are at once.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from score_tables import Figures, Section, markdown, write_results

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

COLUMNS = {
    "found": "found",
    "fixed": "set right",
    "left": "mean error left then, s (median; greatest)",
    "worse": "made worse",
    "others": "right clocks called wrong",
    "judged": "clocks judged",
    "seconds": "s",
}

TITLES = {
    "grid": (
        "A grid",
        "40 cameras 3 km apart, 300 vehicles that walk over 12 of them at random once a day, 14 "
        "days; 4 to 8 minutes from one camera to the next. The wrong clock is one of the 20 "
        "busiest.",
    ),
    "region": (
        "Synthetic regions",
        "1,500 vehicles, 21 days, about 150 cameras, most of which see one direction of their road "
        "only; such a clock is judged by distances, and called wrong from ten minutes on. The "
        "wrong clock is one of the busier half.",
    ),
}

Rows = dict[str, np.ndarray]


@cache
def grid(seed: int, vehicles: int = 300, days: int = 14) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Make the grid: rows, and where its cameras stand."""
    random = np.random.default_rng(seed)
    lat = 41 + 0.03 * (np.arange(40) % 8)
    lon = 69 + 0.04 * (np.arange(40) // 8)
    count = vehicles * days
    camera = random.integers(0, 40, count)
    start = np.tile(np.arange(days) * DAY, vehicles) + random.integers(0, 600, count) * MINUTE
    at, columns = start + 1_772_400_000_000, []
    for _ in range(12):
        columns.append((camera, at))
        steps = np.stack([camera - 1, camera + 1, camera - 8, camera + 8])
        allowed = (steps >= 0) & (steps < 40)
        allowed[0] &= camera % 8 > 0
        allowed[1] &= camera % 8 < 7
        choice = (random.random((4, count)) * allowed).argmax(axis=0)
        camera = steps[choice, np.arange(count)]
        at = at + random.integers(240, 480, count) * 1_000
    rows = {
        "vehicle": np.tile(np.repeat(np.arange(vehicles), days), 12).astype(np.int32),
        "seen_at": np.concatenate([at for _, at in columns]),
        "camera": np.concatenate([camera for camera, _ in columns]).astype(np.int32),
    }
    return rows, lat, lon


@cache
def region(
    seed: int, vehicles: int = 1_500, days: int = 21, **settings: Any
) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Make a region without a drifting clock: rows, and where its cameras stand."""
    from analyzer.synthetic import make_region

    made = make_region(vehicles=vehicles, days=days, seed=seed, drift_ppm=0, **settings)
    parts = [dict(part.load()) for part in made.sightings.parts()]
    names = ("vehicle", "seen_at", "camera")
    rows = {name: np.concatenate([part[name] for part in parts]) for name in names}
    cameras = made.sightings.camera_table
    return rows, cameras["lat"].to_numpy(), cameras["lon"].to_numpy()


WORLDS: dict[str, Callable[[int], tuple[Rows, np.ndarray, np.ndarray]]] = {
    "grid": grid,
    "region": region,
}

Fault = Callable[[np.ndarray, int, int], np.ndarray]
"""From true times, first and last instant, to how far the clock is ahead."""


def offset(milliseconds: float) -> Fault:
    return lambda at, first, last: np.full(len(at), round(milliseconds))


def drift(ppm: float) -> Fault:
    return lambda at, first, last: ((at - first) * ppm / 1e6).astype(np.int64)


def jump(milliseconds: float) -> Fault:
    return lambda at, first, last: np.where(at > (first + last) / 2, round(milliseconds), 0)


FAULTS: dict[str, Fault] = {
    "+10 s": offset(10_000),
    "-30 s": offset(-30_000),
    "+90 s": offset(90_000),
    "-3 min": offset(-3 * MINUTE),
    "+5 min": offset(5 * MINUTE),
    "+10 min": offset(10 * MINUTE),
    "-20 min": offset(-20 * MINUTE),
    "+37 min": offset(37 * MINUTE),
    "+1 h": offset(HOUR),
    "-1 h": offset(-HOUR),
    "-5 h": offset(-5 * HOUR),
    "+5 h": offset(5 * HOUR),
    "+3 days": offset(3 * DAY),
    "+365 days": offset(365 * DAY),
    "-20 years": offset(-7_305 * DAY),
    "drift 8 s a day": drift(90),
    "drift 60 s a day": drift(60e6 / 86_400),
    "drift -86 s a day": drift(-1_000),
    "jump of 4 min": jump(4 * MINUTE),
    "jump of 20 min": jump(20 * MINUTE),
    "jump of -1 h": jump(-HOUR),
    "reset to 2010": jump(-5_900 * DAY),
}


def wrong(rows: Rows, faults: Mapping[int, Fault]) -> np.ndarray:
    """Give times as the clocks show them."""
    first, last = int(rows["seen_at"].min()), int(rows["seen_at"].max())
    shown = rows["seen_at"].copy()
    for camera, fault in faults.items():
        there = rows["camera"] == camera
        shown[there] += fault(rows["seen_at"][there], first, last)
    return shown


def try_out(world: tuple[Rows, np.ndarray, np.ndarray], faults: Mapping[int, Fault]) -> dict:
    """Find faults and set them right; say what is left."""
    from analyzer.ingest.clock_faults import correct_times
    from analyzer.ingest.clocks import ClockSample, find_clock_faults

    rows, lat, lon = world
    shown = wrong(rows, faults)
    begun = time.perf_counter()
    sample = ClockSample(len(shown))
    sample.add({**rows, "seen_at": shown})
    report = find_clock_faults(sample, lat, lon)
    seconds = time.perf_counter() - begun
    confirmed = [fault for fault in report.faults if fault.confirmed]
    fixed = correct_times({**rows, "seen_at": shown}, confirmed)["seen_at"]
    cases = []
    for camera in faults:
        there = rows["camera"] == camera
        before = np.abs(shown - rows["seen_at"])[there] / 1_000
        after = np.abs(fixed - rows["seen_at"])[there] / 1_000
        mine = [fault for fault in report.faults if fault.camera == camera]
        cases.append(
            {
                "found": bool(mine),
                "fixed": any(fault.confirmed for fault in mine),
                "before": before.mean(),
                "after": after.mean(),
                "most": np.quantile(after, 0.99),
                "faults": mine,
            }
        )
    others = [fault for fault in report.faults if fault.camera not in faults]
    return {
        "cases": cases,
        "others": others,
        "judged": report.judged,
        "cameras": len(lat),
        "seconds": seconds,
    }


def chosen(world: tuple[Rows, np.ndarray, np.ndarray], seed: int, number: int) -> list[int]:
    """Choose cameras among the busier half."""
    rows, lat, _ = world
    counts = np.bincount(rows["camera"], minlength=len(lat))
    busy = np.argsort(-counts, kind="stable")[: max(number, len(lat) // 2)]
    return np.random.default_rng(seed).choice(busy, number, replace=False).tolist()


def measure(
    worlds: list[tuple[Rows, np.ndarray, np.ndarray]], faults: list[Fault], seeds: int
) -> Figures:
    """Try a fault on some cameras of each world."""
    from analyzer.estimate import wilson

    cases, others, runs, judged, seconds = [], 0, 0, [], []
    for number, world in enumerate(worlds):
        for seed in range(seeds if faults else 1):
            cameras = chosen(world, 100 * number + seed, len(faults))
            found = try_out(world, dict(zip(cameras, faults, strict=True)))
            cases += found["cases"]
            others += len(found["others"])
            runs += 1
            judged.append(found["judged"] / found["cameras"])
            seconds.append(found["seconds"])
    figures: dict[str, Any] = {
        "others": f"{others} in {runs} runs",
        "judged": f"{np.mean(judged):.0%}",
        "seconds": f"{np.median(seconds):.1f}",
    }
    if not faults:
        cameras = sum(len(world[1]) for world in worlds)
        figures["others"] = wilson(others, cameras, method="of all cameras")
        return figures
    left = [case["after"] for case in cases if case["fixed"]]
    figures["found"] = wilson(sum(case["found"] for case in cases), len(cases))
    figures["fixed"] = wilson(sum(case["fixed"] for case in cases), len(cases))
    figures["worse"] = sum(case["after"] > case["before"] for case in cases)
    if left:
        figures["left"] = f"{np.median(left):.0f}; {np.max(left):.0f}"
    return figures


def sections(seeds: int, vehicles: int) -> list[Section]:
    """Try all faults in both worlds."""
    made = []
    for title, world in WORLDS.items():
        worlds = [world(seed) for seed in range(5, 5 + seeds)]
        more = [world(seed) for seed in range(50, 50 + 4 * seeds)]
        rows: dict[str, Figures] = {"all right": measure(worlds + more, [], 1)}
        begun = time.perf_counter()
        for name, fault in FAULTS.items():
            rows[name] = measure(worlds, [fault], vehicles)
            print(f"{title}, {name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        three = [FAULTS[name] for name in ("+10 min", "-5 h", "drift 60 s a day")]
        rows["three at once"] = measure(worlds, three, vehicles)
        made.append(Section(TITLES[title][0], TITLES[title][1], COLUMNS, rows))
    return made


def main() -> None:
    """Try all faults, print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    found = sections(1 if quick else 2, 1 if quick else 4)
    print("\n".join(markdown(section) for section in found))
    if not quick:
        write_results("clocks", "Wrong clocks", "python benchmarks/clocks.py", found)


if __name__ == "__main__":
    main()
