"""Seconds and memory of a whole report, step by step, on stores of any size.

    python benchmarks/assess.py STORE --memory 2GB --sample 20000
    python benchmarks/assess.py STORE --sites SITES.csv

The steps are timed inside one run of `analyzer.assess`, as `platerisk report` makes it, and the
report is written. Processor seconds are those of all threads; compilation is done before, on a
small region; the peak is that of the whole process until the step ends. What was measured is added
to ``benchmarks/results/assess.json``, of which ``assess.md`` shows all.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kept import read_points

from analyzer import assessing
from analyzer.cost import count_encounters
from analyzer.engine.freed import give_back
from analyzer.patterns import overview
from analyzer.sightings import Sightings
from analyzer.store import open_store
from analyzer.synthetic import make_region

RESULTS = Path(__file__).parent / "results" / "assess"
STEPS = {
    "singling out": (assessing, "measure_unicity"),
    "retention, eight windows": (assessing, "sweep_retention"),
    "linkage of 2,000 at each change": (assessing, "measure_linkage"),
    "how often vehicles are seen": (assessing, "measure_sighting_counts"),
    "load of cameras": (assessing, "measure_camera_load"),
    "anonymity, worst case, predictability, attributes, sites": (assessing, "measure_further"),
    "trips, places, routines, commutes, companions": (assessing, "find_patterns"),
    "of these, companions": (overview, "find_companions"),
}


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def timed(work: Callable[..., Any], took: dict[str, Any]) -> Callable[..., Any]:
    """Give the same function, which also writes down what a call took, done or refused."""

    @functools.wraps(work)
    def run(*args: Any, **kwargs: Any) -> Any:
        wall, processor = time.perf_counter(), time.process_time()
        try:
            return work(*args, **kwargs)
        except Exception as error:
            took["refused"] = type(error).__name__
            raise
        finally:
            took["wall"] = time.perf_counter() - wall
            took["processor"] = time.process_time() - processor
            took["peak_gb"] = peak_gb()
            print(json.dumps(took), flush=True)

    return run


def measure(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    small = make_region(300, 15, seed=2).sightings
    with tempfile.TemporaryDirectory() as folder:
        assessing.assess(small, sites=options.sites).write(Path(folder) / "out")
    give_back()
    sightings = Sightings(open_store(path))
    found: dict[str, Any] = {
        "rows": len(sightings), "vehicles": sightings.n_vehicles,
        "cameras": sightings.n_cameras_seen, "encounters": count_encounters(sightings),
        "memory": options.memory, "sample": options.sample, "sites": options.sites is not None,
        "program_gb": peak_gb(), "load": os.getloadavg()[0], "steps": [],
    }  # fmt: skip
    for name, (module, function) in STEPS.items():
        took = {"step": name}
        found["steps"].append(took)
        setattr(module, function, timed(getattr(module, function), took))
    whole: dict[str, Any] = {"step": "all of it"}
    written: dict[str, Any] = {"step": "writing the report"}
    assess = timed(assessing.assess, whole)
    made = assess(sightings, memory=options.memory, sample=options.sample, sites=options.sites)
    with tempfile.TemporaryDirectory() as folder:
        timed(made.write, written)(Path(folder) / "out")
    found["steps"] += [whole, written]
    return found


def write_table(every: list[dict[str, Any]]) -> None:
    lines = [
        "# A whole report, step by step",
        "",
        "Made by `benchmarks/assess.py`, which says what is measured; two cores. The load is that "
        "of the machine before the run: with much of it, seconds on the clock mean little.",
    ]
    for one in sorted(every, key=lambda one: one["rows"]):
        drawn = f"--sample {one['sample']}" if one["sample"] else "all vehicles are targets"
        lines += [
            "",
            f"## {one['rows']:,} sightings",
            "",
            f"{one['vehicles']:,} vehicles, {one['cameras']:,} cameras, about "
            f"{one['encounters']:,} encounters within two minutes; `--memory {one['memory']}`, "
            f"{drawn}{', with sites' if one['sites'] else ''}; load {one['load']:.1f}; the peak "
            f"was {one['program_gb']:.2f} GB before the first step, with the program warmed up and "
            "the encounters counted.",
            "",
            "| step | seconds | processor seconds | peak GB until then |",
            "|---|---|---|---|",
        ]
        for took in one["steps"]:
            if "wall" not in took:
                continue
            refused = ", refused: too much work" if "refused" in took else ""
            lines.append(
                f"| {took['step']}{refused} | {took['wall']:.1f} | {took['processor']:.1f} | "
                f"{took['peak_gb']:.2f} |"
            )
    RESULTS.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--sites")
    options = parser.parse_args()
    kept = RESULTS.with_suffix(".json")
    every = read_points(kept)
    new = measure(options.store, options)
    same = ("rows", "memory", "sample", "sites")
    every = [one for one in every if any(one[name] != new[name] for name in same)] + [new]
    kept.write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")
    write_table(every)
    print(f"wrote {RESULTS.with_suffix('.md')}")


if __name__ == "__main__":
    main()
