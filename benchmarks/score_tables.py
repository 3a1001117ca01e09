"""Tables and curves of scores: how the benchmarks that score patterns say what they measured.

Each benchmark gives `Section`s; `write_results` puts them into ``benchmarks/results/NAME.md``, with
a picture for each curve beside it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"

Figures = Mapping[str, Any]
"""Named figures (`analyzer.estimate.Estimate`) of one setting."""


@dataclass(frozen=True)
class Curve:
    """Figures over one setting, drawn with their intervals.

    Attributes
    ----------
    name : str
        Name of the picture's file, without its ending.
    x_label, y_label : str
        What the axes say.
    points : dict of str to list of (float, Estimate)
        Lines by label.
    log_x : bool
        Whether the horizontal axis is logarithmic.
    levels : tuple of float
        Values that were asked for, drawn as thin lines.
    """

    name: str
    x_label: str
    y_label: str
    points: Mapping[str, Sequence[tuple[float, Any]]]
    log_x: bool = False
    levels: tuple[float, ...] = ()


@dataclass(frozen=True)
class Section:
    """One table with what is to be said about it.

    Attributes
    ----------
    title, text : str
        Heading, and what stands under it.
    columns : dict of str to str
        Names of figures, and how the table calls them.
    rows : dict of str to Figures
        Figures by setting.
    curves : list of Curve
    """

    title: str
    text: str
    columns: Mapping[str, str]
    rows: Mapping[str, Figures]
    curves: Sequence[Curve] = field(default=())


def score_settings(
    settings: Mapping[str, Mapping[str, Any]], score_of: Callable[[Mapping[str, Any]], Figures],
    only: str = "",
) -> dict[str, Figures]:  # fmt: skip
    """Score each setting whose label holds a text, and say on stderr how long it took."""
    rows = {}
    for label, of_label in settings.items():
        if only not in label:
            continue
        begun = time.perf_counter()
        rows[label] = score_of(of_label)
        print(f"{label}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    return rows


def cell(name: str, figure: Any) -> str:
    """Write a figure with its interval as the cell of a table; plain values as they are."""
    if not hasattr(figure, "is_measured"):
        return "–" if figure is None else str(figure)
    if not figure.is_measured:
        return "–"
    if name.endswith(("_km", "_min", "_ratio")):
        return f"{figure.value:.1f} ({figure.low:.1f}–{figure.high:.1f})"
    return figure.percent()


def markdown(section: Section) -> str:
    """Write a section as Markdown: heading, text, table, pictures."""
    lines = [f"## {section.title}", "", section.text, ""] if section.title else []
    lines.append("| setting | " + " | ".join(section.columns.values()) + " |")
    lines.append("|---" * (len(section.columns) + 1) + "|")
    for label, figures in section.rows.items():
        cells = (cell(name, figures[name]) if name in figures else "–" for name in section.columns)
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    lines.append("")
    for curve in section.curves:
        lines += [f"![{curve.y_label} by {curve.x_label}]({curve.name}.svg)", ""]
    return "\n".join(lines)


def draw(curve: Curve, folder: Path) -> None:
    """Write a curve as an SVG picture whose bytes depend on nothing but the figures."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = curve.name
    picture = Figure(figsize=(6, 3.6), layout="constrained")
    axes = picture.subplots()
    for level in curve.levels:
        axes.axhline(level, color="0.8", linewidth=0.8)
    for label, points in curve.points.items():
        measured = [(x, figure) for x, figure in points if figure.is_measured]
        if not measured:
            continue
        at = [x for x, _ in measured]
        low, value, high = zip(*[(f.low, f.value, f.high) for _, f in measured], strict=True)
        below = [max(0.0, v - w) for v, w in zip(value, low, strict=True)]
        above = [max(0.0, h - v) for v, h in zip(value, high, strict=True)]
        axes.errorbar(at, value, (below, above), marker="o", markersize=3, capsize=2, label=label)
    if curve.log_x:
        axes.set_xscale("log")
    axes.set(xlabel=curve.x_label, ylabel=curve.y_label)
    if axes.get_ylim()[1] <= 1.1:
        axes.set_ylim(0, 1.02)
    axes.legend(fontsize="small")
    picture.savefig(folder / f"{curve.name}.svg", metadata={"Date": None})


def write_results(
    name: str, title: str, command: str, sections: Sequence[Section], folder: Path = RESULTS
) -> Path:
    """Write sections to ``NAME.md``, beginning with the command that made them, and draw curves."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.md"
    body = "\n".join(markdown(section) for section in sections)
    path.write_text(f"# {title}\n\nMade by `{command}`.\n\n{body}", encoding="utf-8")
    for section in sections:
        for curve in section.curves:
            draw(curve, folder)
    return path


def run(
    description: str | None,
    name: str,
    title: str,
    command: str,
    sections_of: Callable[[int, str], Sequence[Section]],
) -> None:
    """Be the program of a benchmark: score, print the tables, and write them.

    Parameters
    ----------
    description : str
        For ``--help``.
    name, title : str
        Of the file of results.
    command : str
        What the file says it was made by.
    sections_of : callable
        From the number of vehicles and a text that labels must hold, to the sections.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--vehicles", type=int, default=4_000)
    parser.add_argument("--quick", action="store_true", help="500 vehicles, to the screen only")
    parser.add_argument("--only", default="", help="only settings whose name holds this text")
    options = parser.parse_args()
    found = sections_of(500 if options.quick else options.vehicles, options.only)
    print("\n".join(markdown(section) for section in found))
    if not (options.quick or options.only):
        used = "" if options.vehicles == 4_000 else f" --vehicles {options.vehicles}"
        write_results(name, title, command + used, found)
