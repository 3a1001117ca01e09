import json
import math

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.risk.adversary import Adversary
from analyzer.risk.grid import measure_unicity_grid
from analyzer.risk.law import fit_law
from analyzer.risk.published import PUBLISHED, published
from analyzer.risk.unicity import measure_unicity
from tests.risk.regions import random_rows, sightings_of

POINTS, TIMES, SPACES = (1, 4, 2), ("1h", "1D", "7D"), ("camera", "zone", "2km")


@pytest.fixture(scope="module")
def sightings():
    return sightings_of(random_rows(np.random.default_rng(1), vehicles=60, busy=0.5))


@pytest.fixture(scope="module")
def grid(sightings):
    return measure_unicity_grid(sightings, POINTS, TIMES, SPACES, seed=3)


@pytest.mark.parametrize("sample", [None, 15])
def test_each_cell_is_the_unicity_of_its_adversary(sightings, sample):
    grid = measure_unicity_grid(sightings, POINTS, TIMES, SPACES, sample=sample, seed=3)
    assert len(grid.cells) == 27
    asked = {(a.points, a.time, a.space) for a in (cell.adversary for cell in grid.cells)}
    assert asked == {(p, t, s) for p in POINTS for t in TIMES for s in SPACES}
    values = set()
    for cell in grid.cells:
        alone = measure_unicity(sightings, cell.adversary, sample=sample, seed=3)
        assert cell.share == alone.share
        assert cell.excluded == alone.excluded
        assert grid.vehicles == alone.vehicles
        values.add(alone.share.value)
    assert len(values) > 6


def test_parts_change_no_digit(sightings, grid):
    assert measure_unicity_grid(sightings.with_parts(5), POINTS, TIMES, SPACES, seed=3) == grid


def test_a_grid_tells_itself(grid):
    table = grid.to_pandas()
    assert len(table) == 27
    assert {"points", "time", "space", "value", "low", "high", "n", "excluded"} <= set(table)
    row = table[(table["time"] == "1D") & (table["space"] == "zone")].iloc[0]
    # Six cameras in three zones, 24 hours.
    assert (row["cameras_per_place"], row["coarseness"]) == (2, 48)
    figures = json.loads(json.dumps(grid.to_dict()))
    assert set(figures["cells"][0]) >= {"value", "low", "high", "n", "method", "baseline"}
    assert {figure["measure"] for figure in figures["published"]} == {"unicity", "law"}
    said = grid.summary()
    assert "from memory" in said and "de Montjoye et al. 2013" in said
    assert "β" in said or "No law" in said
    axes = grid.plot()
    assert [panel.get_title() for panel in axes.figure.axes] == list(SPACES)
    assert len(axes.lines) == len(POINTS) + len(published("unicity"))


def test_what_cannot_be_measured_is_said():
    grid = measure_unicity_grid(from_arrays([0, 1], [0, 0], [0, 1]), [3], ["1h"], ["camera"])
    assert math.isnan(grid.cells[0].share.value)
    assert "No cell" in grid.summary()
    assert grid.to_dict()["cells"][0]["value"] is None
    assert "No law" in grid.law.caution()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (((), ["1h"], ["camera"]), "points"),
        ((3, ["1h"], ["camera"]), r"points=\[3\]"),
        (([3], "1h", ["camera"]), r"times=\['1h'\]"),
        (([3], ["1h"], []), "spaces"),
        (([3], ["soon"], ["camera"]), "soon"),
        (([0], ["1h"], ["camera"]), "whole number"),
    ],
)
def test_refuses_what_is_no_grid(options, told):
    with pytest.raises(UsageError, match=told):
        measure_unicity_grid(from_arrays([0], [0], [0]), *options)


def test_generators_are_listed_once(sightings, grid):
    again = measure_unicity_grid(
        sightings, np.array(POINTS), (time for time in TIMES), iter(SPACES), seed=3
    )
    assert again == grid


# The law


def test_the_law_is_found_again():
    x = np.array([1, 2, 5, 10, 50, 200.0])
    rows = [(p, at, 1.9 - at ** (0.15 - 0.01 * p)) for p in (2, 3, 4, 5) for at in x]
    law = fit_law(*zip(*rows, strict=True))
    for curve in law.curves:
        assert curve.beta == pytest.approx(0.15 - 0.01 * curve.points, abs=1e-6)
        assert curve.alpha == pytest.approx(1.9, abs=1e-6)
        assert curve.r2 == pytest.approx(1)
        assert curve.at(10.0) == pytest.approx(1.9 - 10 ** (0.15 - 0.01 * curve.points))
    assert (law.intercept, law.slope) == pytest.approx((0.15, -0.01), abs=1e-6)
    assert law.line_r2 == pytest.approx(1)
    assert law.is_good and law.caution() == ""


def test_the_fit_is_the_least_of_squares():
    rng = np.random.default_rng(5)
    x = np.exp(rng.uniform(0, 6, 20))
    share = np.clip(1.8 - x**0.1 + rng.normal(0, 0.1, 20), 0, 1)
    (curve,) = fit_law([3] * 20, x, share).curves

    def squares(alpha, beta):
        return ((alpha - x**beta - share) ** 2).sum()

    best = squares(curve.alpha, curve.beta)
    assert curve.r2 == pytest.approx(1 - best / ((share - share.mean()) ** 2).sum())
    for alpha in np.linspace(0, 4, 81):
        for beta in np.linspace(0, 1, 101):
            assert squares(alpha, beta) >= best - 1e-9


def test_a_poor_fit_is_said():
    x = [1, 2, 4, 8, 16, 32]
    law = fit_law([1] * 6 + [2] * 6, x * 2, [0.5, 0.1, 0.9, 0.2, 0.8, 0.4] + [1.0] * 6)
    assert not law.is_good
    assert "poorly for p = 1" in law.caution()
    assert math.isnan(law.curves[1].r2)
    assert law.to_dict()["curves"][1]["beta"] is None
    assert "No law" in fit_law([1, 1], [1, 2], [0.5, 0.4]).caution()


def test_what_is_from_memory_says_so():
    marked = [figure for figure in PUBLISHED if figure.from_memory]
    assert [figure.source.split(" et")[0] for figure in marked] == ["Gao"]
    assert all("not checked" in figure.cite() for figure in marked)
    assert Adversary(4).points in {figure.points for figure in published("unicity")}
