"""Run the examples of ``commands.md``: ``python notebooks/docs/examples.py`` writes their output.

A test runs them too, and holds what they print against what stands there.
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from analyzer.cli import main

PAGE = Path(__file__).with_name("commands.md")
BLOCK = re.compile(r"```console\n\$ platerisk (.*?)\n(.*?)```", re.S)
MOST_LINES = 14
LONGEST_LINE = 110


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
    finally:
        os.chdir(before)


def shortened(output: str) -> str:
    """Give an output as the page shows it: not all lines, no line too long, of any version."""
    output = re.sub(r"(by version) \S+:", r"\1 …:", output)
    lines = [
        line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 2].rstrip() + " …"
        for line in (line.rstrip() for line in output.splitlines())
        if line
    ]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], "…"]
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        outputs = dict(run_all(Path(place)))
    text = BLOCK.sub(
        lambda match: f"```console\n$ platerisk {match[1]}\n{outputs[match[1]]}```",
        PAGE.read_text(encoding="utf-8"),
    )
    PAGE.write_text(text, encoding="utf-8")
