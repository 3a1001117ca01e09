"""What every verb prints by default is attacked: no group of fewer than ten can be worked out."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from analyzer.cli import VERBS, main
from analyzer.report.publication import check_publication
from analyzer.synthetic import make_region

POLICIES = '[now]\nretention = "14D"\n[short]\nretention = "1D"\n[coarse]\ntime = "1D"\n'

OUTPUTS = {
    "check": [],
    "info": [],
    "risk": [],
    "risk --gain": ["--attribute", "make", "--attribute", "color"],
    "grid": [],
    "anonymity": [],
    "plateless": ["--attribute", "make"],
    "linkage": [],
    "worst-case": [],
    "retention": ["--window", "1D", "--window", "3D", "--window", "7D"],
    "compare": ["POLICIES"],
    "recommend": ["--target", "unicity=0.5"],
    "camera-count": [],
    "sharing": ["OTHER"],
    "patterns": [],
    "inference": [],
    "profile": [],
    "predictability": [],
}

WRITES_FILES = {"report", "demo", "ingest", "export", "synthesize", "case", "brief"}
NOT_OF_VEHICLES = {"profiles", "verify", "disclosure"}


@pytest.fixture(scope="module", params=[(60, 10, 4), (300, 14, 1)], ids=["60", "300"])
def stores(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked")
    vehicles, days, seed = request.param
    region = make_region(vehicles=vehicles, days=days, seed=seed)
    region.sightings.save(folder / "store")
    region.sightings.between(*_half(region.sightings)).save(folder / "other")
    (folder / "policies.toml").write_text(POLICIES, encoding="utf-8")
    return folder


def _half(sightings):
    first, last = sightings.span
    return first, first + (last - first) / 2


def test_every_verb_is_attacked_or_writes_no_figures():
    attacked = {name.partition(" ")[0] for name in OUTPUTS}
    assert attacked | WRITES_FILES | NOT_OF_VEHICLES == set(VERBS)


@pytest.mark.parametrize("output_format", ["table", "json", "csv"])
@pytest.mark.parametrize("name", OUTPUTS)
def test_what_a_verb_prints_gives_no_small_group_away(stores, tmp_path, name, output_format):
    replaced = {"POLICIES": stores / "policies.toml", "OTHER": stores / "other"}
    verb, *flags = name.split()
    arguments = [verb, stores / "store", *(replaced.get(each, each) for each in OUTPUTS[name]),
                 *flags, "--format", output_format]  # fmt: skip
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    ending = {"table": "txt"}.get(output_format, output_format)
    path = tmp_path / f"{verb}-output.{ending}"
    path.write_text(done.stdout, encoding="utf-8")
    check = check_publication(path)
    assert check.holds, check.summary()
    assert not check.contradictory


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_pages_in_every_language_give_no_small_group_away(stores, tmp_path, language):
    for verb, more in (("brief", []), ("case", ["--typical"])):
        path = tmp_path / f"{verb}.html"
        done = CliRunner().invoke(
            main,
            [verb, str(stores / "store"), *more, "--language", language, "-o", str(path)],
        )
        assert done.exit_code == 0, done.output
    check = check_publication(tmp_path)
    assert check.holds, check.summary()
    assert len(check.files) == 2
