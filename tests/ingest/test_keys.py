"""Key files: made for their owner alone, refused when they are not safe."""

from __future__ import annotations

import os
import stat

import pytest

from analyzer.errors import InputError, KeyFileError
from analyzer.ingest.keys import make_key, read_key_file, use_key_file
from analyzer.ingest.reader import read_sightings


def test_a_key_file_is_made_once_and_private(tmp_path):
    path = tmp_path / "my.key"
    old = os.umask(0)
    try:
        secret = use_key_file(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert use_key_file(path) == secret and len(secret) == 32
    assert "ENUMERATE EVERY PLATE" in path.read_text()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    path = tmp_path / "my.key"
    use_key_file(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        use_key_file(path)


@pytest.mark.parametrize("text", ["", "secret", "platerisk-key-1 abc", "# only words\n", "\0\1\2"])
def test_what_is_no_key_file_is_refused_and_not_shown(tmp_path, text):
    path = tmp_path / "my.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError) as caught:
        read_key_file(path)
    assert "abc" not in str(caught.value).removeprefix(str(path))


def test_a_key_beside_the_data_is_refused(tmp_path):
    out = tmp_path / "out"
    (out / "deep").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(out)
    around = out / ".." / "out" / "my.key"
    for place in (out / "my.key", out / "deep" / "my.key", link / "my.key", around):
        with pytest.raises(KeyFileError, match="must not lie"):
            use_key_file(place, apart_from=[out])
    assert not any(entry.is_file() for entry in out.rglob("*"))


def test_a_folder_or_nothing_writable_is_a_clear_error(tmp_path):
    with pytest.raises(KeyFileError):
        use_key_file(tmp_path)
    with pytest.raises(KeyFileError):
        use_key_file(tmp_path / "no" / "such" / "my.key")


def test_keys_are_told_apart_without_being_shown():
    a, b = make_key("raw", b"a" * 32), make_key("raw", b"b" * 32)
    assert a.check != b.check and "61616161" not in a.check + repr(a) + str(a.to_dict())
    assert make_key("raw", None).secret != make_key("raw", None).secret
    assert make_key("pseudonymous", None).to_dict() == {"kind": "pseudonymous", "check": ""}


@pytest.mark.parametrize("option", ["key", "encrypt"])
def test_a_key_made_for_a_read_that_fails_does_not_stay(tmp_path, option):
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text("plate,camera,time\nA1,c1,nonsense\n")
    good.write_text("plate,camera,time\nA1,c1,2026-03-01 10:00:00\n")
    options = {"timezone": "UTC", "store": tmp_path / "store", option: tmp_path / "my.key"}
    with pytest.raises(InputError):
        read_sightings(bad, **options)
    assert not (tmp_path / "my.key").exists()
    read_sightings(good, **options)
    secret = read_key_file(tmp_path / "my.key")
    # One that was there before stays.
    with pytest.raises(InputError):
        read_sightings(bad, **{**options, "store": tmp_path / "other"})
    assert read_key_file(tmp_path / "my.key") == secret
