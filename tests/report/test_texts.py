"""Every language says everything: the same keys, the same fields, its own numbers and plurals."""

from __future__ import annotations

import re
from importlib.resources import files
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from analyzer.charts import ENGLISH as CHART_WORDS
from analyzer.errors import UsageError
from analyzer.estimate import Estimate, wilson
from analyzer.ingest.chunks import REPEATED_HEADER, STRAY_PLATE, TEXT_UNREADABLE
from analyzer.ingest.records import FAULT_REASONS
from analyzer.ingest.times import REASONS
from analyzer.report.sentences import inference_findings, known_text, share_text, unicity_finding
from analyzer.report.texts import LANGUAGES, Texts
from analyzer.risk.adversary import Adversary


def messages(language):
    path = files("analyzer.report").joinpath(f"catalogues/{language}.po")
    with path.open("rb") as file:
        return [each for each in read_po(file, locale=language) if each.id]


def fields(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def key_of(message):
    return message.id[0] if message.pluralizable else message.id


def forms(message):
    return message.string if message.pluralizable else (message.string,)


ENGLISH = {key_of(message): message for message in messages("en")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_is_there_once_with_the_same_fields_and_no_gap(language):
    read = messages(language)
    keys = [key_of(message) for message in read]
    assert len(keys) == len(set(keys))
    assert set(keys) == set(ENGLISH)
    for message in read:
        english = ENGLISH[key_of(message)]
        assert message.pluralizable == english.pluralizable, key_of(message)
        assert not message.fuzzy
        wanted = set().union(*map(fields, forms(english)))
        for form in forms(message):
            assert form.strip() or key_of(message) == "missing", key_of(message)
            # “one day” needs no number, in any language.
            assert fields(form) | {"n"} == wanted | {"n"}, key_of(message)


@pytest.mark.parametrize("language", ["ru", "uz"])
def test_nothing_is_left_in_english(language):
    for message in messages(language):
        for form, english in zip(forms(message), forms(ENGLISH[key_of(message)]), strict=False):
            if re.search(r"[a-z]{4}", re.sub(r"\{.*?\}", "", english)):
                same = form == english and key_of(message) not in SAME[language]
                assert not same, key_of(message)


SAME = {"ru": set(), "uz": {"attribute.model"} | {f"rule.{name}" for name in (
    "minnesota", "montana", "nebraska", "vermont", "alabama")}}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_on_a_chart_is_there(language):
    assert set(Texts(language).labels()) >= set(CHART_WORDS)


def test_plurals_numbers_and_dates_are_those_of_the_language():
    ru, uz, en = Texts("ru"), Texts("uz"), Texts("en")
    said = [ru.count("days", n) for n in (1, 2, 5, 11, 21, 112, 1234)]
    assert [re.sub(r"\s", " ", text) for text in said] == [
        "1 день", "2 дня", "5 дней", "11 дней", "21 день", "112 дней", "1 234 дня",
    ]  # fmt: skip
    assert uz.count("vehicles", 1) == "1 ta avtomobil"
    assert [re.sub(r"\s", " ", texts.number(1234.5, 1)) for texts in (en, ru, uz)] == [
        "1,234.5", "1 234,5", "1 234,5",
    ]  # fmt: skip
    dates = [texts.date("2026-03-04T10:00:00+05:00") for texts in (en, ru, uz)]
    # Which narrow space stands before the letter depends on the release of the locale data.
    assert [re.sub(r"\s", " ", date) for date in dates] == [
        "4 March 2026", "4 марта 2026 г.", "4-mart, 2026",
    ]  # fmt: skip
    assert [texts.percent(0.0512) for texts in (en, ru, uz)] == ["5.1 %", "5,1 %", "5,1 %"]
    assert ru.percent(0.00001) == "< 0,01 %"


def test_a_share_is_written_as_estimates_write_it():
    for estimate in (
        wilson(467, 500), wilson(1, 100_000), wilson(500, 500), wilson(0, 7),
        Estimate(0.5, 0.4999, 0.5001, 10, "m"), wilson(0, 0), wilson(3, 1000).withheld(10),
    ):  # fmt: skip
        assert Texts().figure(estimate) == estimate.percent()
        assert share_text(wilson(467, 500)) == wilson(467, 500).percent("vehicles")
    assert Texts("ru").figure(wilson(1, 100_000)) == "0,00 % (0,00–0,01 %)"


@pytest.mark.parametrize("adversary", [
    Adversary(), Adversary(1), Adversary(2, "1D", "zone"), Adversary(3, "7D", "2km", ("make",)),
    Adversary(choose="home_work"), Adversary(choose="busiest", missed=1, space="500m"),
])  # fmt: skip
def test_what_is_known_is_said_as_the_adversary_says_it(adversary):
    assert known_text(adversary) == adversary.describe()
    for language in LANGUAGES:
        assert "{" not in known_text(adversary, Texts(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_hold_the_figures_in_every_language(language):
    texts = Texts(language)
    share = wilson(467, 500, baseline=1 / 5000)
    found = unicity_finding(
        share, wilson(10, 5000), points=4, resolution="x", vehicles=5000, texts=texts
    )
    assert "93 %" in found.sentence and "4" in found.sentence
    few = inference_findings({"homes": wilson(3, 700)}, max_fdr=0.05, texts=texts)[0]
    assert " 3 " not in few.sentence and "10" in few.sentence
    assert few.estimate is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_the_reader_is_told(language):
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in files("analyzer.ingest").iterdir()
        if path.name.endswith(".py")
    )  # fmt: skip
    codes = {*FAULT_REASONS.values(), *REASONS.values()}
    codes |= {TEXT_UNREADABLE, REPEATED_HEADER, STRAY_PLATE}
    codes |= set(re.findall(r'verdicts\.reject\([^"\n]*"([a-z_]+)", "', source))
    assert len(codes) > 15
    for code in codes:
        assert Texts(language).has(f"reason.{code}"), code


def test_an_unknown_language_is_told_which_there_are():
    with pytest.raises(UsageError, match=r"'xx'.*en \(English\), ru \(русский\)"):
        Texts("xx")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_that_comes_along_has_a_name(language):
    from analyzer.policy.rules import read_rules

    texts = Texts(language)
    for rule in read_rules(None):
        name = texts.rule(rule.jurisdiction)
        assert name == rule.jurisdiction if language == "en" else name
        assert language != "ru" or re.search("[а-я]", name) or "Flock" in name


def test_countries_of_the_map_have_names_in_every_language():
    from analyzer.report.basemap import outlines

    names = [outline.name for outline in outlines((26.0, 35.0, 75.0, 45.0))]
    assert len(names) >= 12 and "Turkey" in names
    # Parts of countries that Unicode has no names for keep the outlines' own.
    names = set(names) - {"N. Cyprus", "Cyprus U.N. Buffer Zone", "Siachen Glacier", "Baikonur",
                          "Dhekelia", "Akrotiri"}  # fmt: skip
    for name in names:
        assert re.search("[А-я]", Texts("ru").country(name)), name
    assert Texts("uz").country("Uzbekistan") == "Oʻzbekiston"
    assert Texts("uz").zone("zone 12") == "12-hudud"
