"""The command's help: quick, complete, and with an example for every verb."""

import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from analyzer.cli import VERBS, main


def test_help_needs_no_heavy_import():
    code = (
        "import sys; from analyzer.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'numba', 'pyarrow', 'matplotlib', 'sklearn', 'geopandas'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout


def test_help_answers_in_under_a_second():
    # The fastest of three: the machine may be busy, the program may not be slow.
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "analyzer", "--help"], capture_output=True, check=True
        )
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 1.0


def test_every_verb_is_listed():
    text = CliRunner().invoke(main, ["--help"]).output
    for verb, (_, line) in VERBS.items():
        assert verb in text
        assert line.split(",")[0] in text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_an_example(verb):
    result = CliRunner().invoke(main, [verb, "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert f"platerisk {verb}" in result.output.split("Examples:")[1]


def test_unknown_verb_and_unknown_option_are_wrong_calls():
    assert CliRunner().invoke(main, ["lookup"]).exit_code == 2
    assert CliRunner().invoke(main, ["check", "--plate", "x"]).exit_code == 2


def test_help_keeps_its_examples_line_by_line():
    lines = CliRunner().invoke(main, ["--help"]).output.splitlines()
    assert any(line.strip() == "Try it:             platerisk demo" for line in lines)
    assert not any("\\b" in line for line in lines)


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_says_what_it_is(verb):
    command = main.get_command(None, verb)
    silent = [
        option.opts[0] for option in command.params if option.opts[0].startswith("-")
        and not option.help
    ]  # fmt: skip
    assert not silent


@pytest.mark.parametrize("compiled", [False, True])
def test_the_first_demo_says_that_it_compiles(compiled, tmp_path, monkeypatch):
    import analyzer.synthetic

    # Before anything is replaced: a module that is imported meanwhile would keep what it found.
    from analyzer.assessing import assess  # noqa: F401
    from analyzer.risk import draw

    def stop(**options):
        raise SystemExit(0)

    if compiled:
        (tmp_path / "draw.mix-1.py311.nbi").touch()
    kept = SimpleNamespace(stats=SimpleNamespace(cache_path=str(tmp_path)))
    monkeypatch.setattr(draw, "mix", kept)
    monkeypatch.setattr(analyzer.synthetic, "make_region", stop)
    result = CliRunner().invoke(main, ["demo", "-o", str(tmp_path / "out")])
    assert ("compiles" in result.output) is not compiled
