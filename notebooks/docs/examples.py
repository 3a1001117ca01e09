"""Run the examples of ``commands.md``: ``python notebooks/docs/examples.py`` writes their output.

A test runs them too, and holds what they print against what stands there.
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from click.testing import CliRunner

from analyzer.cli import main

PAGE = Path(__file__).with_name("commands.md")
BLOCK = re.compile(r"```console\n\$ platerisk (.*?)\n(.*?)```", re.S)
MOST_LINES = 14
LONGEST_LINE = 92


def run_all(folder: Path) -> Iterator[tuple[str, str]]:
    """Run each example in a folder, in the order of the page; give the command and its output.

    Raises
    ------
    RuntimeError
        If a command fails.
    """
    page = PAGE.read_text(encoding="utf-8")
    policies = re.search(r"```toml\n(.*?)```", page, re.S).group(1)
    (folder / "policies.toml").write_text(policies, encoding="utf-8")
    before = Path.cwd()
    os.chdir(folder)
    try:
        for command, _ in BLOCK.findall(page):
            result = CliRunner().invoke(main, shlex.split(command))
            if result.exit_code != 0:
                raise RuntimeError(f"platerisk {command}: {result.exit_code}\n{result.output}")
            yield command, shortened(result.stdout)
            if command.startswith("synthesize region "):
                _split(Path("region"))
    finally:
        os.chdir(before)


def _split(region: Path) -> None:
    """Write the sightings of a region as two operators would have them: by town and country."""
    cameras = pd.read_csv(region / "cameras.csv").set_index("camera")
    sightings = pd.read_csv(region / "sightings.csv", dtype=str)
    sightings = sightings.join(cameras[["lat", "lon"]], on="camera")
    town = sightings["camera"].map(cameras["name"]).str.startswith("Tashkent")
    sightings[town].to_csv("town.csv", index=False)
    sightings[~town].to_csv("county.csv", index=False)


def shortened(output: str) -> str:
    """Give an output as the page shows it, of any version: sentences whole, tables cut."""
    output = re.sub(r"(by version) \S+:", r"\1 …:", output)
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], "…"]
    return "".join(f"{row}\n" for line in lines for row in _rows(line))


def _rows(line: str) -> list[str]:
    if len(line) <= LONGEST_LINE:
        return [line]
    if "  " in line.strip():
        return [line[: LONGEST_LINE - 2].rstrip() + " …"]
    # A number stays beside its sign.
    rows = textwrap.wrap(
        line.replace(" %", "\u00a0%"), LONGEST_LINE, subsequent_indent="  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [row.replace("\u00a0%", " %") for row in rows]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        outputs = dict(run_all(Path(place)))
    text = BLOCK.sub(
        lambda match: f"```console\n$ platerisk {match[1]}\n{outputs[match[1]]}```",
        PAGE.read_text(encoding="utf-8"),
    )
    PAGE.write_text(text, encoding="utf-8")
