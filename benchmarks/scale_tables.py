"""Tables and curves from what `scale.py` and `files.py` measured."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from pathlib import Path

from kept import Point, add_point, read_points
from scale_rates import FILES, REFERENCE_PACE, measured_of_files, write_rates, write_rates_of_files

from analyzer.cost import machine_pace

RESULTS = Path(__file__).parent / "results" / "scale.json"
_KEY = ("series", "sites", "memory", "rows", "measure", "what")
LARGE = 900_000
"""Exponents are of so many sightings or more: below, what a measure begins with takes its time."""

SCAN, SORT, MEET = "floor: scan", "floor: sort", "floor: count encounters"
FLOOR_OF = {
    **dict.fromkeys(("companions", "meetings", "patterns", "profile", "report"), MEET),
    **dict.fromkeys(("risk", "grid", "anonymity", "plateless", "linkage"), SORT),
    **dict.fromkeys(("retention", "compare", "brief", "recommend", "camera-count"), SORT),
}
"""The least that a measure's work can take: to meet, to sort by place and time, else to read."""

PEER_OF = {
    "trips": "peer: trips in DuckDB",
    "risk": "peer: unicity of 4 points in DuckDB",
}

def points() -> list[Point]:
    """Give what was measured so far."""
    return read_points(RESULTS)


def keep(point: Point) -> None:
    """Add what was measured; the same measurement made again replaces the old one."""
    add_point(RESULTS, {**point, "stable_pace": machine_pace()}, _KEY)


def exponent(sizes: list[float], seconds: list[float]) -> float | None:
    """Fit the power of the size with which the seconds grow (least squares of the logarithms)."""
    pairs = [
        (math.log(size), math.log(took))
        for size, took in zip(sizes, seconds, strict=True)
        if size > 0 and took > 0
    ]
    if len({x for x, _ in pairs}) < 2:
        return None
    mean_x = sum(x for x, _ in pairs) / len(pairs)
    mean_y = sum(y for _, y in pairs) / len(pairs)
    return sum((x - mean_x) * (y - mean_y) for x, y in pairs) / sum(
        (x - mean_x) ** 2 for x, _ in pairs
    )


def log_linear(sizes: list[float]) -> float:
    """Give the exponent that n log n has between the least and the greatest of some sizes."""
    least, greatest = min(sizes), max(sizes)
    return 1 + math.log(math.log(greatest) / math.log(least)) / math.log(greatest / least)


def write_tables(*, rates: bool) -> None:
    """Write the page with its tables and curves, and if asked for the rates of `--dry-run`."""
    measured = points()
    cold = [point for point in measured if point["series"] == "cold start"]
    grown: dict[tuple, list[Point]] = defaultdict(list)
    for point in measured:
        if point["series"] != "cold start":
            grown[point["series"], point["sites"], point["memory"]].append(point)
    lines = [
        "# How the work grows", "",
        "Made by `benchmarks/scale.py`; its help says what is measured. Processor seconds of two "
        "threads (tests ran beside most of it, which costs up to a third more), compilation apart, "
        "and in brackets the peak in GB of the whole process, the "
        "program's own (about 0.4, with every measure loaded) included. The exponent is the power "
        "of the number of sightings, or of sightings and encounters together, with which the "
        "seconds grow over the sizes of a million and more. A floor is the least that the work can "
        "take: reading all parts (scan), sorting them by place and time (sort), finding all that "
        "meet within two minutes (count encounters); a peer is DuckDB with the same work on the "
        "same files. Data that grow by days begin with few: more days give more vehicles the 100 "
        "destinations that predictability asks for, and the nights and working days that places "
        "do, and their work grows with these too. The worst case compares vehicles that were ever "
        "at one place, whenever that was: pairs that are no encounters. Whole reports on 20 and "
        "200 million stand in `assess.md`.", "",
    ]  # fmt: skip
    for (series, sites, memory), group in sorted(grown.items()):
        lines += _series_lines(series, sites, memory, group)
        local = series.partition(", on Spark")[0]
        if local != series:
            lines += _overhead_lines(group, grown.get((local, sites, memory), []))
    lines += _cold_lines(cold)
    RESULTS.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if rates:
        # They come with the program: a trial run somewhere must not mix its own into them.
        write_rates([point for group in grown.values() for point in group], cold)


def _machines(group: list[Point]) -> list[str]:
    """Warn where points of a series were measured on machines of different pace."""
    paces = [point["stable_pace"] for point in group if "stable_pace" in point] or [REFERENCE_PACE]
    if max(paces) < 1.5 * min(paces):
        return []
    return [
        "", f"**Not all was measured on one machine**: sorting a million numbers took "
        f"{min(paces) * 1e3:.1f} to {max(paces) * 1e3:.1f} ms when these figures were made, so the "
        "exponents mean little; measure the smaller sizes again. `--dry-run` allows for it.",
    ]  # fmt: skip


def _series_lines(series: str, sites: int, memory: str, group: list[Point]) -> list[str]:
    sizes = sorted({point["rows"] for point in group})
    one = {point["rows"]: point for point in group}
    shapes = "; ".join(
        f"{rows:,} sightings of {one[rows]['vehicles']:,} vehicles in {one[rows]['days']:.0f} days,"
        f" {one[rows]['encounters']:,} encounters" for rows in sizes
    )  # fmt: skip
    title = f"{series[0].upper()}{series[1:]}, {sites:,} camera sites, `--memory {memory}`"
    head = [f"{rows / 1e6:.{0 if rows > 1e7 else 1}f} million" for rows in sizes]
    lines = [
        f"## {title}", "", shapes + ".", "",
        f"| work | {' | '.join(head)} | exponent of sightings | of sightings + encounters "
        "| times its floor | times its peer |",
        "|---" * (len(head) + 5) + "|",
    ]  # fmt: skip
    curves, above = {}, []
    for name in dict.fromkeys(point["measure"] for point in group):
        by_rows = {p["rows"]: p for p in group if p["measure"] == name}
        done = {rows: p for rows, p in by_rows.items() if "processor" in p}
        large = [point for rows, point in done.items() if rows >= LARGE]
        took = [point["processor"] for point in large]
        works = [point["rows"] + point["encounters"] for point in large]
        of_rows = exponent([point["rows"] for point in large], took)
        of_work = exponent(works, took)
        cells = [_cell(by_rows.get(rows)) for rows in sizes]
        against = _against(name, done, group)
        row = [name, *cells, _number(of_rows, 2), _number(of_work, 2), *against]
        lines.append(f"| {' | '.join(row)} |")
        if of_work is not None and of_work > round(log_linear(works), 2) + 0.005:
            above.append(f"{name} ({of_work:.2f}; n log n would be {log_linear(works):.2f})")
        if len(done) > 1:
            curves[name] = sorted((rows, point["processor"]) for rows, point in done.items())
    if curves:
        steep = ", ".join(above) or "nothing"
        lines += ["", f"Steeper than n log n of sightings and encounters: {steep}."]
        words = re.findall(r"\w+", f"{series} {sites} {memory}")
        file = f"scale_{'_'.join(words)}.svg"
        _draw(curves, RESULTS.parent / file, title.replace("`", ""))
        lines += ["", f"![{title.replace('`', '')}]({file})"]
    started = [p["started"] for p in group if p.get("started")]
    if started:
        took = f"{min(started):.0f} to {max(started):.0f} processor seconds"
        said = "Starting Spark, loading the kernels in its workers and a first run took"
        lines += ["", f"{said} {took} before."]
    lines += _machines(group)
    failed = [p for p in group if "failed" in p]
    lines += ["", *(f"- {p['measure']} at {p['rows']:,}: {p['failed']}" for p in failed)]
    return [*lines, ""] if failed else lines


def _overhead_lines(group: list[Point], local: list[Point]) -> list[str]:
    """Tell how many times the processor seconds of this process Spark takes, by size."""
    took = {(p["rows"], p["measure"]): p["processor"] for p in local if p.get("processor")}
    lines = []
    for rows in sorted({point["rows"] for point in group}):
        times = ", ".join(
            f"{p['measure']} {p['processor'] / took[rows, p['measure']]:.1f}"
            for p in group
            if p["rows"] == rows and "processor" in p and (rows, p["measure"]) in took
        )
        if times:
            lines += [
                f"Times the processor seconds of the local engine on {rows / 1e6:.1f} million "
                f"sightings, with the kernels loaded: {times}.", "",
            ]  # fmt: skip
    return lines


def _against(name: str, done: dict[int, Point], group: list[Point]) -> tuple[str, str]:
    """Give how many times its floor and its peer a measure took, at the largest size of both."""

    def times(other: str | None) -> float | None:
        took = {p["rows"]: p["processor"] for p in group if p["measure"] == other}
        sizes = [rows for rows in done if took.get(rows)]
        return done[max(sizes)]["processor"] / took[max(sizes)] if sizes else None

    if name.startswith(("floor", "peer")):
        return "", ""
    floor = FLOOR_OF.get(name.partition(":")[0], SCAN)
    said = _number(times(floor), 1)
    peer = PEER_OF.get(name)
    beside = times(peer)
    return (
        said if said == "–" else f"{said} ({floor.removeprefix('floor: ')})",
        "" if peer is None or beside is None else f"{beside:.2f}",
    )


def _cell(point: Point | None) -> str:
    if point is None:
        return "–"
    if "processor" not in point:
        return "refused"
    peak = f" ({point['peak_gb']:.2f})" if "peak_gb" in point else ""
    return f"{point['processor']:.2f}{peak}"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _cold_lines(cold: list[Point]) -> list[str]:
    if not cold:
        return []
    lines = [
        "## Cold start", "",
        "Processor seconds from the shell, kernels in their cache: the help of a verb, and the "
        "verb on 60 vehicles of a week (demo: 200 vehicles; ingest and check: from CSV).", "",
        "| verb | help | tiny store |", "|---|---|---|",
    ]  # fmt: skip
    for verb in dict.fromkeys(point["measure"] for point in cold):
        took = {p["what"]: p["processor"] for p in cold if p["measure"] == verb}
        failed = {p["what"] for p in cold if p["measure"] == verb and p.get("status")}
        cells = [
            _number(took.get(what), 2) + (" (ended with an error)" if what in failed else "")
            for what in ("help", "tiny store")
        ]
        lines.append(f"| {verb} | {' | '.join(cells)} |")
    return [*lines, ""]


def _draw(curves: dict[str, list[tuple[float, float]]], path: Path, title: str) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "scale"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 6), layout="constrained")
    for number, (name, curve) in enumerate(curves.items()):
        style = ("-", "--", ":", "-.")[number // 10 % 4]
        axes.loglog(*zip(*curve, strict=True), style, marker=".", label=name)
    axes.set(xlabel="sightings", ylabel="processor seconds", title=title)
    axes.legend(fontsize=7, ncols=2, loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def write_files() -> None:
    """Write the page of what `files.py` measured, and the rates, beside those of the measures."""
    measured = sorted(measured_of_files(), key=lambda point: (point["measure"], point["rows"]))
    program = next((p["program"] for p in measured if p["measure"] == "program"), None)
    measured = [point for point in measured if point["measure"] != "program"]
    lines = [
        "# Reading, exporting, making", "",
        "Made by `benchmarks/files.py`; its help says what is measured. Processor seconds of all "
        "threads, compilation apart. Each process is forked from one that has read and made files "
        "before: what it held then is given beside its peak. A process that reads a thousand rows "
        f"and nothing else holds {_number(program, 2)} GB. "
        "`ingest into`: rows of the store to which 999 rows are added, which are sorted anew. The "
        "rates of `--dry-run` come from here.", "",
        "| work | rows | file (MB) | days of vehicles | CPU seconds | microseconds a row | peak GB "
        "| of it held before | on disk (MB) | share of the time for reading |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for point in measured:
        cells = [
            point["measure"], f"{point['rows']:,}", _mega(point, "bytes"),
            f"{point['vehicle_days']:,}" if "vehicle_days" in point else "",
            f"{point['processor']:.2f}", f"{point['processor'] / point['rows'] * 1e6:.2f}",
            f"{point['peak_gb']:.2f}", f"{point['program_gb']:.2f}", _mega(point, "disk_bytes"),
            f"{point['reading_share']:.0%}" if "reading_share" in point else "",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    FILES.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_rates_of_files()


def _mega(point: Point, name: str) -> str:
    return f"{point[name] / 1e6:.1f}" if name in point else ""
