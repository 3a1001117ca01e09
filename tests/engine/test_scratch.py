"""Folders for what waits on disk: private, and gone without a word when nobody uses them."""

from __future__ import annotations

import gc
import os
import signal
import stat
import subprocess
import sys
import time
import warnings

import pytest

from analyzer.engine.scratch import NEW_SECONDS, ScratchFolder, remove_abandoned


@pytest.fixture
def folder(tmp_path):
    return ScratchFolder("here-", tmp_path)


def test_only_its_owner_may_enter(folder, tmp_path):
    assert folder.path.parent == tmp_path and folder.path.name.startswith("here-")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_it_goes_with_the_object_and_warns_of_nothing(tmp_path):
    folder = ScratchFolder("here-", tmp_path)
    (folder.path / "rows").write_text("1")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        del folder
        gc.collect()
    assert not list(tmp_path.iterdir()) and not said


def test_it_can_be_removed_before(folder):
    (folder.path / "rows").write_text("1")
    folder.remove()
    assert not folder.path.exists()
    folder.remove()


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from analyzer.engine.scratch import ScratchFolder\n"
        "folder = ScratchFolder('platerisk-', Path(sys.argv[1]))\n"
        "(folder.path / 'rows').write_text('12345')\n"
        "print(folder.path, flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    left = process.stdout.readline().strip()
    mine = ScratchFolder("platerisk-", tmp_path)
    others = [tmp_path / "platerisk-demo", tmp_path / "theirs.held"]
    for folder in others:
        folder.mkdir()

    def age():
        for path in tmp_path.iterdir():
            os.utime(path, (time.time() - 2 * NEW_SECONDS,) * 2)

    age()
    # Its process lives: it is not touched.
    assert remove_abandoned(tmp_path) == 0 and os.path.isdir(left)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    os.utime(left)
    assert remove_abandoned(tmp_path) == 0, "as new as this, it may not have been locked yet"
    age()
    (tmp_path / "platerisk-link.held").symlink_to(others[0])
    assert remove_abandoned(tmp_path) == 5 and not os.path.exists(left)
    assert mine.path.is_dir() and all(folder.is_dir() for folder in others)
