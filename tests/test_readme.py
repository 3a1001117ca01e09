"""What README tells a reader to type works as it stands."""

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from analyzer.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def reads(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    n = 600
    frame = pd.DataFrame(
        {
            "plate": [f"01 A {v:03d} BC" for v in rng.integers(0, 40, n)],
            "camera": [f"cam {c}" for c in rng.integers(0, 9, n)],
            "seen_at": pd.Timestamp("2026-03-02")
            + pd.to_timedelta(rng.integers(0, 15 * 1440, n), "min"),
        }
    )
    frame["lat"] = 41.2 + frame["camera"].str[-1:].astype(int) * 0.02
    frame["lon"] = 69.2
    frame.to_csv(tmp_path / "reads.csv", index=False)
    frame.to_csv(tmp_path / "reads-1.csv", index=False)
    monkeypatch.chdir(tmp_path)


def test_commands_on_your_own_data(reads):
    block = re.search(r"## Your own data\n.*?```\n(.*?)```", README, re.S).group(1)
    commands = [line.split("  #")[0] for line in block.splitlines() if line.strip()]
    assert len(commands) >= 6
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "platerisk"
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, (command, result.output)


def test_python_example(reads):
    example = re.search(r"```python\n(.*?)```", README, re.S).group(1)
    exec(compile(example, "README.md", "exec"), {})
    assert Path("out/report.html").exists()


def test_ci_calls_the_test_command_of_readme():
    command = re.search(r"<!-- test -->\n```\n(.*?)\n```", README, re.S).group(1)
    assert "\n" not in command
    assert "pytest" in command
    assert "<!-- test -->" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_verb_is_in_readme_or_the_changelog():
    from analyzer.cli import VERBS

    text = README + (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for verb in VERBS:
        assert verb in text


def test_scores_are_those_of_the_results():
    """Each share with its interval stands in a file that a benchmark wrote."""
    found = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks/results").glob("*.md")
    )
    found = re.sub(r"(\([\d.]+–[\d.]+) %\)", r"\1)", found)
    scores = re.search(r"<!-- scores -->(.*?)<!-- /scores -->", README, re.S).group(1)
    shares = re.findall(r"[\d.]+ % \([\d.]+–[\d.]+\)", scores)
    assert len(shares) > 80
    assert not [share for share in shares if share not in found]


def test_results_that_readme_links_are_there():
    linked = re.findall(r"\]\(((?!http)[^)#]+)\)", README)
    assert len(linked) > 8
    assert not [path for path in linked if not (ROOT / path).exists()]
