"""Charts draw what the frame says, leave out what cannot be measured, and write clean SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analyzer import chart_shares, chart_style, chart_writing, charts
from tests.report.samples import plain

DRAWN = [
    (charts.unicity_curve, plain().unicity_curve),
    (charts.retention_curve, plain().retention),
    (charts.row_account, pd.DataFrame({"name": ["kept", "lost $x$ <b>"], "rows": [90, 3]})),
]


def seen_with(colour, cone):
    """A colour in CIE Lab, as somebody without a kind of cone sees it (Machado et al. 2009)."""
    of = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(of <= 0.04045, of / 12.92, ((of + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(CONES[cone]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = xyz @ linear / np.array([0.9505, 1, 1.089])
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array(
        [116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])]
    )


CONES = {
    "all": np.eye(3),
    "no long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998]],
    "no middle": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                  [-0.011820, 0.042940, 0.968881]],
    "no short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                 [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


@pytest.mark.parametrize("cone", CONES)
def test_series_are_told_apart_with_any_colour_vision(cone):
    seen = [seen_with(colour, cone) for colour in chart_style.SERIES]
    for one, other in combinations(seen, 2):
        assert np.linalg.norm(one - other) > 15


def test_results_draw_in_the_one_style():
    """No result makes a figure of its own, but for a row of panels."""
    package = Path(charts.__file__).parent
    own = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "matplotlib.figure import Figure\n" in re.sub(
            r"if TYPE_CHECKING:\n(    .*\n|\n)+", "", path.read_text(encoding="utf-8")
        )
    ]
    assert set(own) <= {"charts.py", "risk/grid.py"}


def test_files_of_a_chart_are_the_same_bytes_again():
    for draw, frame in DRAWN:
        assert chart_writing.svg_file(draw(frame)) == chart_writing.svg_file(draw(frame))
        assert chart_writing.png_file(draw(frame)) == chart_writing.png_file(draw(frame))


def test_unicity_line_has_the_values_of_the_frame():
    frame = plain().unicity_curve.sample(frac=1, random_state=3)
    axes = charts.unicity_curve(frame).axes[0]
    measured = next(line for line in axes.lines if line.get_label() == "measured")
    ordered = frame.sort_values("points")
    assert measured.get_xdata().tolist() == ordered["points"].tolist()
    assert measured.get_ydata().tolist() == ordered["value"].tolist()


def test_retention_leaves_out_windows_that_are_not_measurable():
    axes = charts.retention_curve(plain().retention).axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "7", "21"]
    few = "fewer than three separate leak days"
    hollow = next(line for line in axes.lines if line.get_label() == few)
    assert hollow.get_ydata().tolist() == [0.88]


def test_a_value_given_for_an_unmeasurable_window_is_still_not_drawn():
    frame = plain().retention.assign(value=0.99, low=0.98, high=1.0)
    axes = charts.retention_curve(frame).axes[0]
    measured = next(line for line in axes.lines if line.get_label() == "measured")
    assert len(measured.get_xdata()) == 3


def test_baseline_is_drawn_only_where_there_is_one():
    frame = plain().unicity_curve.assign(baseline=None)
    labels = [line.get_label() for line in charts.unicity_curve(frame).axes[0].lines]
    assert "by chance alone" not in labels
    assert "by chance alone" in [
        line.get_label() for line in charts.unicity_curve(plain().unicity_curve).axes[0].lines
    ]


def test_a_chart_can_be_drawn_into_given_axes():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    assert charts.unicity_curve(plain().unicity_curve, axes=axes) is axes.figure
    assert axes.lines


def test_a_frame_without_a_column_is_refused():
    with pytest.raises(ValueError, match="low"):
        charts.unicity_curve(plain().unicity_curve.drop(columns="low"))


@pytest.mark.parametrize("frame", [plain().unicity_curve.head(0), plain().unicity_curve.head(1)])
def test_few_rows_draw_without_error(frame):
    charts.unicity_curve(frame)


@pytest.mark.parametrize(("draw", "frame"), DRAWN)
@pytest.mark.parametrize("narrow", [False, True])
def test_svg_is_clean_and_repeatable(draw, frame, narrow):
    given = {"name": "it", "title": "A <title>", "description": "says & does"}
    text = chart_writing.svg(draw(frame, narrow=narrow), **given)
    assert text == chart_writing.svg(draw(frame, narrow=narrow), **given)
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    assert root.find("title").text == "A <title>"
    assert root.find("desc").text == "says & does"
    tags = {element.tag for element in root.iter()}
    assert not tags & {"style", "script", "metadata", "image", "foreignObject"}
    for element in root.iter():
        assert "style" not in element.attrib
        assert not [name for name in element.attrib if name.startswith("on")]
        assert element.get("id", "it-").startswith("it-")
        assert element.get("href", "#it-").startswith("#it-")
    assert "http" not in text
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for wanted in re.findall(r"url\(#([^)]+)\)", text):
        assert wanted in ids


def test_every_colour_of_the_style_carries_its_class():
    text = chart_writing.svg(charts.unicity_curve(plain().unicity_curve), name="u", title="t",
                      description="d")
    for element in ElementTree.fromstring(text).iter():
        for attribute, prefix in (("fill", "f"), ("stroke", "s")):
            colour = element.get(attribute)
            if colour and colour != "none" and not colour.startswith("url"):
                wanted = f"{prefix}-{chart_writing.CLASS_OF_COLOUR[colour]}"
                assert wanted in element.get("class", "").split(), (attribute, colour)


def test_the_palette_has_contrast_on_paper():
    def luminance(colour):
        parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
        linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    for colour in (chart_style.ACCENT, chart_style.INK, chart_style.MUTED):
        assert (1 + 0.05) / (luminance(colour) + 0.05) >= 4.5


@pytest.mark.parametrize("draw", [charts.unicity_curve, charts.retention_curve])
def test_a_bound_is_drawn_as_one_and_never_as_an_interval(draw):
    frame = plain().unicity_curve if draw is charts.unicity_curve else plain().retention
    frame = frame[frame["value"].notna()].assign(method="Wilson, 95 %").reset_index(drop=True)
    last = frame.index[-1]
    frame.loc[last, ["value", "low", "high"]] = [0.75, 0.75, 1.0]
    plain_axes = draw(frame).axes[0]
    frame.loc[last, "method"] = "all but fewer than 10: more than this; Wilson, 95 %"
    axes = draw(frame).axes[0]

    def highest(axes):
        shapes = [each for each in axes.collections if len(each.get_paths())]
        at = max(line.get_xdata().max() for line in axes.lines if line.get_label() == "measured")
        points = np.concatenate([path.vertices for each in shapes for path in each.get_paths()])
        # The arrow of a bound is short, and says nothing of an end.
        return points[np.isclose(points[:, 0], at), 1].max(initial=0)

    assert highest(plain_axes) == 1.0
    assert highest(axes) < 0.83
    assert [text.get_text() for text in plain_axes.texts] == ["75 %"]
    assert [text.get_text() for text in axes.texts] == ["over 75 %"]
    assert "more than this" in axes.get_legend_handles_labels()[1]
    assert chart_shares.are_bounds(frame).tolist() == [False] * last + [True]


def test_each_risk_has_its_line_and_windows_of_one_leak_day_are_hollow():
    frame = plain().retention
    both = pd.concat([frame.assign(risk="unicity"), frame.assign(risk="homes", value=0.1)])
    axes = charts.risk_curves(both, {"unicity": "singled out", "homes": "home inferred"}).axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    shown = frame[frame["status"] != charts.NOT_MEASURABLE].sort_values("days")
    assert lines["singled out"].get_ydata().tolist() == shown["value"].tolist()
    assert set(lines["home inferred"].get_ydata()) == {0.1}
    assert "fewer than three separate leak days" in lines
    assert lines["singled out"].get_linestyle() != lines["home inferred"].get_linestyle()


@pytest.fixture
def shell(monkeypatch):
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    made = interactive.InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: made)
    return made


def test_a_notebook_draws_the_axes_that_a_cell_ends_with(shell):
    axes = charts.unicity_curve(plain().unicity_curve).axes[0]
    shown, about = shell.display_formatter.format(axes)
    assert shown["image/png"][:4] == b"\x89PNG"
    assert about["image/png"]["width"] == 700


def test_a_notebook_draws_axes_of_pyplot_once_only(shell, monkeypatch):
    charts.unicity_curve(plain().unicity_curve)
    axes = charts.new_axes()
    monkeypatch.setattr(axes.figure.canvas, "manager", object())
    assert "image/png" not in shell.display_formatter.format(axes)[0]
