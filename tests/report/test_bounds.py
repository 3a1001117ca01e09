"""Shares of all but few are bounds in charts, their files and what is read aloud of them."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pandas as pd
import pytest

from analyzer.report.chart_files import chart_files
from analyzer.report.sections import retention_section, unicity_section
from analyzer.report.texts import LANGUAGES, Texts
from tests.report.samples import plain


def with_bound(frame, by):
    frame = frame[frame["value"].notna()].sort_values(by, ignore_index=True)
    frame = frame.assign(method="Wilson, 95 %")
    last = frame.index[-1]
    frame.loc[last, ["value", "low", "high"]] = [0.75, 0.75, 1.0]
    frame.loc[last, "method"] = "all but fewer than 10: more than this; Wilson, 95 %"
    return frame


@pytest.fixture(scope="module")
def shown():
    given = plain()
    return SimpleNamespace(
        unicity_curve=with_bound(given.unicity_curve, "points"),
        retention=with_bound(given.retention, "days"),
        quality=pd.DataFrame({"kind": [], "name": [], "rows": []}),
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_alternative_texts_and_end_labels_say_over(shown, language):
    texts = Texts(language)
    over = texts("figure.bound", share="75")
    for section in (unicity_section(shown, texts), retention_section({}, shown, texts)):
        for picture in (str(section.wide), str(section.narrow)):
            said = picture.partition("<desc")[2].partition("</desc>")[0]
            assert over in said
            assert f">{over}</text>" in picture


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_of_charts_mark_bounds(shown, language):
    texts = Texts(language)
    files = chart_files(shown, texts, synthetic=False)
    over = texts("figure.bound", share="75")
    for name in ("unicity", "retention"):
        assert f">{over}</text>" in files[f"charts/{name}.svg"]
        marks = pd.read_csv(io.StringIO(files[f"charts/{name}.csv"]))[texts("tidy.bound")]
        assert marks.isna().tolist() == [True] * (len(marks) - 1) + [False]


def test_without_a_bound_there_is_no_such_column():
    given = plain()
    plainly = SimpleNamespace(
        unicity_curve=given.unicity_curve, retention=given.retention,
        quality=pd.DataFrame({"kind": [], "name": [], "rows": []}),
    )  # fmt: skip
    files = chart_files(plainly, Texts(), synthetic=False)
    assert Texts()("tidy.bound") not in files["charts/retention.csv"]
