"""A profile of the data is published by the rules of the verbs that it gathers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from analyzer.estimate import wilson
from analyzer.report.linkage import published_linkage
from analyzer.report.profile import published_profile
from analyzer.report.publication import check_contents
from analyzer.risk.dataset_profile import LINKABILITY, SINGLING_OUT, linkable, singled_out
from analyzer.risk.linkage_result import share_of_cases
from analyzer.risk.profile import profile_risk
from analyzer.survival import kaplan_meier
from analyzer.synthetic import make_region


@pytest.fixture(scope="module")
def measured():
    return profile_risk(make_region(vehicles=60, days=15, seed=4).sightings)


def cases(found, n=300, vehicles=100):
    return share_of_cases(np.arange(n) % vehicles, np.arange(n) < found, method="cases")


def linked_by(measured, *found):
    linkage = replace(
        measured[LINKABILITY].source, success=dict(zip((1, 5, 10), map(cases, found), strict=True))
    )
    criteria = {each.name: each for each in measured.criteria} | {LINKABILITY: linkable(linkage)}
    return replace(measured, criteria=tuple(criteria.values())), linkage


def printed(figures):
    return json.dumps({name: figure and figure.to_dict() for name, figure in figures.items()})


def test_ranks_that_are_few_cases_apart_are_held_back_as_linkage_holds_them(measured):
    found, linkage = linked_by(measured, 150, 202, 204)
    figures, said = published_profile(found)
    shown = published_linkage(linkage).success
    assert not shown[10].is_measured
    assert figures["linkability_share"] == shown[1] and figures["linkability_success_5"] == shown[5]
    assert figures["linkability_success_10"] is None
    assert cases(204).percent() not in "\n".join(said) and cases(202).percent() in "\n".join(said)
    assert check_contents({"profile.json": printed(figures)}).holds


def test_ranks_that_are_far_apart_stay(measured):
    found, _ = linked_by(measured, 120, 180, 240)
    figures, said = published_profile(found)
    assert figures["linkability_success_10"].value == 0.8
    assert len(said) == len(set(said)) >= 4


def test_targets_that_are_all_vehicles_but_a_few_are_counted_among_all(measured):
    """Else their number beside that of all would tell how many have too few sightings."""
    n, few = measured.vehicles, 4
    source = measured[SINGLING_OUT].source
    shares = tuple(wilson(n - few - more, n - few) for more in (40, 30, 20, 20))
    unicity = replace(source, share=shares[-1], curve=shares, excluded=wilson(few, n),
                      targets=n - few)  # fmt: skip
    days = np.repeat([1.0, 3.0, 15.0], [20, n - few - 40, 20])
    curve = kaplan_meier(days, days < 15)
    until = replace(measured.until_singled_out, curve=curve, targets=n - few)
    criteria = (singled_out(unicity), *measured.criteria[1:])
    figures, said = published_profile(
        replace(measured, criteria=criteria, until_singled_out=until)
    )
    for name in ("singling_out_share", "singled_out_after_all_days", "days_until_half_singled_out"):
        assert figures[name].n == n, name
    assert figures["singled_out_after_all_days"].value == pytest.approx((n - few - 20) / n)
    assert f'"n": {n - few}' not in printed(figures)
    assert not any(f"{n - few} vehicles" in each for each in said)


def test_what_was_not_measured_is_not_called_held_back(measured):
    linkage = measured[LINKABILITY].source
    nothing = share_of_cases(np.empty(0, int), np.empty(0, bool), method="cases")
    unmeasured = linkable(replace(linkage, success=dict.fromkeys((1, 5, 10), nothing), pairs=0))
    criteria = (measured.criteria[0], unmeasured, measured.criteria[2])
    figures, said = published_profile(replace(measured, criteria=criteria))
    assert figures["linkability_share"] is not None
    assert any("cannot be measured" in each for each in said)
