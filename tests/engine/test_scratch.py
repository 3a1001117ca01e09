"""Folders for what waits on disk: private, and gone without a word when nobody uses them."""

from __future__ import annotations

import gc
import stat
import warnings

import pytest

from analyzer.engine.scratch import ScratchFolder


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
