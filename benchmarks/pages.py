"""What pages promise, measured in a browser: weight, requests, errors, barriers, paper, seconds.

    python benchmarks/pages.py -o benchmarks/results/pages.md
    python benchmarks/pages.py --vehicles 500 --days 60 --pictures pictures/

The report and the brief are those of the demonstration (5,000 vehicles, 28 days); the case is six
months of one vehicle of a region of 1,000, as it may be published and as it is (the busiest
vehicle); the maps are of the demonstration. Every page is opened offline in headless Chromium at
1280 and 390 pixels, light and dark, with all tables unfolded, and printed on A4 and Letter.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import analyzer as az
from analyzer.report.brief import Brief, render_brief
from analyzer.report.case import build_case
from analyzer.report.texts import LANGUAGES, Texts

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
WIDTHS, SCHEMES, PAPERS = (1280, 390), ("light", "dark"), ("A4", "Letter")
WINDOWS = ("1D", "3D", "7D", "14D", "21D")
OPENINGS = 5


@dataclass
class Measured:
    """What was found about one page."""

    name: str
    bytes: int
    requests: int = 0
    problems: int = 0
    barriers: int = 0
    scrolls: int = 0
    sheets: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def write_pages(folder: Path, vehicles: int, days: int, seed: int) -> Iterator[tuple[str, Path]]:
    """Write every kind of page; give its name and path."""
    from analyzer.policy.open_store import sweep_open_store
    from analyzer.policy.rules import read_rules

    region = az.synthetic.make_region(vehicles=vehicles, days=28, seed=1)
    assessment = az.assess(region.sightings)
    opened = sweep_open_store(
        region.sightings, WINDOWS, az.Adversary(), risks=("unicity", "homes", "works", "commutes")
    )
    for language in LANGUAGES:
        assessment.write(folder / language, language=language)
        yield f"report, {language}", folder / language / "report.html"
        path = folder / f"brief-{language}.html"
        page = render_brief(Brief(opened, read_rules(None)), texts=Texts(language))
        path.write_text(page, encoding="utf-8")
        yield f"brief, {language}", path
    long = az.synthetic.make_region(vehicles=vehicles // 5, days=days, seed=seed).sightings
    typical = build_case(long)
    busiest = build_case(long, long.to_pandas()["vehicle"].value_counts().index[0])
    for language in LANGUAGES:
        path = folder / f"case-{language}.html"
        yield f"case, {language}", typical.to_html(path, language=language)
    yield "case, precise", busiest.to_html(folder / "precise.html", internal=True)
    trips = az.find_trips(region.sightings)
    for name, result, more in (
        ("camera load", region.sightings, {}),
        ("a day", region.sightings, {"hours": True}),
        ("ways", trips, {}),
        ("companions", az.find_companions(region.sightings), {}),
    ):
        path = folder / f"map-{name.replace(' ', '-')}.html"
        yield f"map: {name}", az.draw_map(result, **more).save(path)


def measure(browser: Any, name: str, path: Path, pictures: Path | None) -> Measured:
    """Open a page in every way and count what is wrong."""
    from axe_playwright_python.sync_playwright import Axe

    found = Measured(name, path.stat().st_size)
    label = re.sub(r"\W+", "-", name)
    for width in WIDTHS:
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = context.new_page()
            requests: list[str] = []
            problems: list[str] = []
            page.on("request", _into(requests))
            page.on("pageerror", _into(problems))
            page.on("console", _into(problems))
            page.goto(path.as_uri())
            page.wait_for_timeout(250)
            if pictures:
                shot = pictures / f"{label}-{width}-{scheme}.png"
                page.screenshot(path=shot, full_page=True)
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            seen = Axe().run(page).response["violations"]
            found.barriers += sum(
                len(each["nodes"]) for each in seen if each["impact"] in ("serious", "critical")
            )
            found.requests += len(requests) - 1
            found.problems += len(problems)
            found.scrolls += page.evaluate("document.documentElement.scrollWidth > innerWidth")
            context.close()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    times = []
    for _ in range(OPENINGS):
        begun = time.perf_counter()
        page.goto(path.as_uri())
        # The next frame after loading shows the page with its map.
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
        times.append(time.perf_counter() - begun)
    found.seconds = statistics.median(times)
    for paper in PAPERS:
        printed = page.pdf(format=paper)
        if pictures:
            (pictures / f"{label}-{paper}.pdf").write_bytes(printed)
        found.sheets[paper] = len(re.findall(rb"/Type\s*/Page\b", printed))
    page.close()
    return found


def _into(where: list[str]) -> Callable[[Any], None]:
    return lambda event: where.append(str(event))


def table(found: list[Measured]) -> list[str]:
    """Write what was found as a table."""
    lines = [
        "| page | kB | other requests | errors and warnings | serious barriers | "
        "scrolls sideways | A4 pages | Letter pages | drawn in |",
        "|---|" + "---:|" * 8,
    ]
    for each in found:
        cells = [
            each.name, f"{each.bytes / 1_000:,.0f}", each.requests, each.problems, each.barriers,
            each.scrolls, *(each.sheets[paper] for paper in PAPERS), f"{each.seconds:.2f} s",
        ]  # fmt: skip
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def main() -> None:
    """Write the pages, measure them, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--vehicles", type=int, default=5_000)
    parser.add_argument("--days", type=int, default=180, help="of the case")
    parser.add_argument("--seed", type=int, default=2, help="of the region of the case")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--pictures", type=Path, help="a folder for screenshots and PDFs")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    found = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=options.chromium, args=FLAGS)
        for name, path in write_pages(Path(folder), options.vehicles, options.days, options.seed):
            found.append(measure(browser, name, path, options.pictures))
            print(found[-1], file=sys.stderr)
        version = browser.version
        browser.close()
    given = f"--vehicles {options.vehicles} --days {options.days} --seed {options.seed}"
    text = "\n".join(
        [
            "# What pages promise",
            "",
            f"`python benchmarks/pages.py {given}`, Chromium {version}",
            "",
            f"Report, brief and maps: a synthetic region of {options.vehicles:,} vehicles and 28 "
            f"days (the demonstration); case: {options.days} days of one vehicle of a region of "
            f"{options.vehicles // 5:,}, typical, and precise for the busiest one. Requests, "
            "errors, barriers (what axe-core calls serious or critical) and sideways scrolling are "
            "sums over 1280 and 390 pixels, light and dark, all tables unfolded. Drawn: from the "
            f"call to the first frame after loading, the map in it, median of {OPENINGS}, on a "
            "shared core.",
            "",
            *table(found),
            "",
        ]
    )
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
