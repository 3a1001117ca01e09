import os
import subprocess
import sys
import textwrap

import pytest

from analyzer.kernel_cache import STAMP, discard_stale

CALLER = """
import numba
from kernels.callee import double

@numba.njit(cache=True)
def twice(x):
    return double(x)
"""
CALLEE = """
import numba

@numba.njit(cache=True)
def double(x):
    return x * {factor}
"""


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "caller.py").write_text(textwrap.dedent(CALLER))
    (folder / "callee.py").write_text(textwrap.dedent(CALLEE.format(factor=2)))
    return folder


def run(package):
    command = "from kernels.caller import twice; print(twice(21))"
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    environment.pop("NUMBA_CACHE_DIR", None)
    return int(
        subprocess.run(
            [sys.executable, "-c", command], env=environment, capture_output=True, check=True
        ).stdout
    )


def test_kernels_are_compiled_again_when_what_they_call_has_changed(package):
    discard_stale(package)
    assert run(package) == 42
    (package / "callee.py").write_text(textwrap.dedent(CALLEE.format(factor=10)))
    # numba alone does not see it; if it ever does, this module can go.
    assert run(package) == 42
    assert discard_stale(package)
    assert run(package) == 210


def test_the_cache_stays_as_long_as_the_sources_do(package):
    discard_stale(package)
    run(package)
    kept = sorted(package.rglob("*.nb[ic]"))
    assert kept and not discard_stale(package)
    assert sorted(package.rglob("*.nb[ic]")) == kept


def test_a_new_or_lost_source_counts_as_a_change(package):
    discard_stale(package)
    (package / "more.py").write_text("")
    assert discard_stale(package)
    (package / "more.py").unlink()
    assert discard_stale(package)
    assert not discard_stale(package)


def test_a_package_that_cannot_be_written_is_left_alone(package, monkeypatch):
    (package / "__pycache__").mkdir(exist_ok=True)

    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    assert not discard_stale(package)
    assert not (package / "__pycache__" / STAMP).exists()
