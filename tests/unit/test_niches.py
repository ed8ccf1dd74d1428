"""The dictionaries that search, enrich and indexers share: niches, countries, languages."""

import csv
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.countries import country_code, country_names
from mappings.languages import LANGUAGES, language_code
from mappings.niches import NICHES, category_key, niche_for_category, niche_ids, says_nothing


def test_taxonomy_is_well_formed():
    assert 30 <= len(NICHES) <= 60
    assert len(niche_ids()) == len(NICHES)
    for niche in NICHES:
        assert re.fullmatch(r"[a-z][a-z_]*[a-z]", niche.id)
        assert niche.label
        assert niche.prompts
        assert niche.aliases


def test_every_name_leads_to_its_niche_and_is_not_dropped():
    for niche in NICHES:
        for name in (niche.id, niche.label, *niche.aliases):
            assert niche_for_category(name) == niche.id, name
            assert not says_nothing(name), name


@pytest.mark.parametrize(
    ("name", "niche"),
    [
        ("Music & Dance", "music"),
        ("Film & Animation", "film_tv"),
        ("Howto & Style", "diy_crafts"),
        ("HOWTO AND STYLE", "diy_crafts"),
        ("Video games", "gaming"),
        ("Sports with a ball", "sports"),
        ("Cinema & Actors/actresses", "film_tv"),
        ("Nonprofits & Activism", "nonprofit"),
        ("React.js", "web_development"),
        ("NextJS", "web_development"),
        ("C++", "programming"),
        ("C#", "programming"),
        (".NET", "programming"),
        ("Machine Learning", "data_ai"),
        ("Republican", "politics"),
        ("street_food", "food"),
        ("https://en.wikipedia.org/wiki/Hip_hop_music", "music"),
        ("https://en.wikipedia.org/wiki/Lifestyle_(sociology)", "lifestyle"),
        ("Underwater basket weaving", None),
        ("", None),
    ],
)
def test_source_categories(name, niche):
    assert niche_for_category(name) == niche


@pytest.mark.parametrize("name", ["Digital creator", "Public figure", "", " - ", "N/A", "nan"])
def test_categories_that_say_nothing(name):
    assert says_nothing(name)


@given(st.text(max_size=60))
def test_category_key_is_idempotent_for_any_text(name):
    key = category_key(name)
    assert category_key(key) == key


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("España", "ES"),
        ("Spagna", "ES"),
        ("espana", "ES"),
        ("spanish", "ES"),
        ("United States", "US"),
        ("USA", "US"),
        ("U.S.", "US"),
        ("UK", "GB"),
        ("TW", "TW"),
        ("台灣", "TW"),
        ("South Korea", "KR"),
        ("Côte d'Ivoire", "CI"),
        ("🇪🇸", "ES"),
        ("Madrid, Spain", "ES"),
        ("San Jose, CA", None),
        ("Atlanta, Georgia", None),
        ("Georgia", "GE"),
        ("in", None),
        ("IN", "IN"),
        ("-", None),
        ("N/A", None),
        ("", None),
        ("Narnia", None),
    ],
)
def test_country_code(text, code):
    assert country_code(text) == code


def test_every_country_is_found_by_its_code_and_its_name():
    assert len(country_names()) >= 249
    for code, name in country_names().items():
        assert re.fullmatch("[A-Z]{2}", code)
        assert country_code(code) == code
        assert country_code(name) == code
        assert country_code(name.upper()) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("es", "es"),
        ("es-MX", "es"),
        ("pt_BR", "pt"),
        ("English", "en"),
        ("español", "es"),
        ("Klingon", None),
        ("", None),
    ],
)
def test_language_code(text, code):
    assert language_code(text) == code


def test_every_language_is_found_by_code_and_name():
    for code, name in LANGUAGES.items():
        assert language_code(code) == language_code(name) == code


@pytest.mark.skipif("CREATORSCOPE_TEST_DATA" not in os.environ, reason="CREATORSCOPE_TEST_DATA is not set")
def test_every_real_category_has_a_niche():
    names = set()
    folder = Path(os.environ["CREATORSCOPE_TEST_DATA"]) / "creators"
    for path in [*folder.glob("top1000/*.csv"), folder / "youtube_channels_described.csv"]:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        columns = [i for i, name in enumerate(header) if name.lower().startswith("category")]
        names |= {row[i].strip() for row in rows for i in columns if i < len(row)}
    unknown = {name for name in names if not says_nothing(name) and niche_for_category(name) is None}
    assert len(names) > 50
    assert not unknown
