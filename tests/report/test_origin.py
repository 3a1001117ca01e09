"""What data claim to be is read from a file, shown on the page, and missed where it is missing."""

import json
import re

import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.assessing import assess
from analyzer.errors import InputError, UsageError
from analyzer.ingest.reader import read_sightings
from analyzer.report import write_report
from analyzer.report.origin import PROVENANCE_EXAMPLE, Provenance, origin_of, read_provenance
from analyzer.report.pages import OPTIONS, provenance_rows
from analyzer.report.texts import Texts
from analyzer.synthetic import make_region

from .samples import plain


def test_the_example_is_read(tmp_path):
    path = tmp_path / "provenance.toml"
    path.write_text(PROVENANCE_EXAMPLE, encoding="utf-8")
    stated = read_provenance(path)
    assert stated.claims.startswith("Reads of the city") and len(stated.disputed_by) == 1
    assert stated.reply.startswith("Asked on")


@pytest.mark.parametrize("text", ["claim = 'x'", "claims = 3", "disputed_by = [1]", "reply = {}"])
def test_other_fields_are_refused_with_an_example(tmp_path, text):
    path = tmp_path / "provenance.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="disputed_by = "):
        read_provenance(path)


@pytest.mark.parametrize("content", [None, "claims ="])
def test_what_cannot_be_read_is_said(tmp_path, content):
    path = tmp_path / "provenance.toml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"provenance\.toml"):
        read_provenance(path)


def written(tmp_path, synthetic, stated):
    sightings = from_arrays([0, 1], [0, 1], [0, 0])
    info = origin_of(sightings, {"seed": 0}, stated)
    write_report(plain(synthetic=synthetic, info=info), tmp_path / "out")
    return (
        (tmp_path / "out/report.html").read_text(encoding="utf-8"),
        json.loads((tmp_path / "out/info.json").read_text(encoding="utf-8")),
    )


def test_the_page_of_real_data_shows_what_is_stated_and_what_is_not(tmp_path):
    stated = Provenance("Reads <of> a city", ("The ministry", "Its supplier"))
    page, info = written(tmp_path, False, stated)
    assert "<dt>What the data claim to be</dt><dd>Reads &lt;of&gt; a city</dd>" in page
    assert "<dt>Who disputes it</dt><dd>The ministry; Its supplier</dd>" in page
    assert "<dt>Right of reply</dt><dd>not stated</dd>" in page
    assert info["disputed_by"] == ["The ministry", "Its supplier"] and info["reply"] is None


def test_synthetic_data_need_no_right_of_reply(tmp_path):
    page, _ = written(tmp_path, True, None)
    assert "Right of reply" not in page


def test_options_are_shown_as_a_user_writes_them():
    options = {"fix_clocks": False, "cameras": True, "columns": {}, "place_grid": "250m",
               "column": {"seen": "seen_at"}, "points": 4, "key": None}  # fmt: skip
    assert provenance_rows({"options": options}, Texts("en")) == [
        ("cameras", "yes"), ("column", "seen=seen_at"), ("place-grid", "250m"), ("points", "4"),
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["ru", "uz"])
def test_options_are_said_in_other_languages_beside_what_a_user_writes(language):
    options = {"fix_clocks": True, "max_gap": "45min", "points": 4, "k": 10, "of_tomorrow": "x"}
    rows = [name for name, _ in provenance_rows({"options": options}, Texts(language))]
    assert all(re.fullmatch(rf"\w.* \({name}\)", said) for name, said in zip(
        ["fix-clocks", "k", "max-gap"], rows[:3], strict=True))  # fmt: skip
    assert rows[3] == "of-tomorrow" and rows[4].endswith("(points)")


def test_every_option_of_a_run_has_a_name_in_the_catalogues():
    """What is read, assessed and told in a case."""
    read = read_sightings(pd.DataFrame(
        {"plate": ["a", "b"], "camera": "c", "seen_at": "2026-03-02 07:00:00"}
    ), timezone="Asia/Tashkent")  # fmt: skip
    made = assess(make_region(60, 4, seed=1).sightings, windows=["1D"])
    names = {*read.provenance["options"], *made.options, "k"}
    assert names <= OPTIONS
    assert all(Texts().has(f"provenance.option.{name}") for name in OPTIONS)
