"""Words of several meanings, what negation reaches, and lists: each case is one that a simpler reading gets wrong."""

import pytest

from search.parse.parser import parse


def filters(query):
    return parse(query).filters.model_dump(mode="json", exclude_defaults=True)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("not for kids", {"niches": ["kids"]}),
        ("anti crypto", {"niches": ["crypto"]}),
        ("crypto-free", {"niches": ["crypto"]}),
        ("no bitcoin", {"keywords": ["bitcoin"]}),
        ("no gambling or betting", {"keywords": ["betting", "gambling"]}),
        ("excluding india, pakistan and bangladesh", {"countries": ["BD", "IN", "PK"]}),
        ("people who do not live in the Netherlands", {"countries": ["NL"]}),
        ("not us based", {"countries": ["US"]}),
        ("don't show me tiktokers", {"platforms": ["tiktok"]}),
        ("non-english content", {"languages": ["en"]}),
        ("no contact info", {"has": ["email"]}),
        ("without youtube or tiktok", {"platforms": ["tiktok", "youtube"]}),
        ("not @mrbeast", {"handles": ["mrbeast"]}),
        ("no #ad", {"keywords": ["ad"]}),
    ],
)
def test_what_is_excluded(query, wanted):
    assert filters(query) == {"exclude": wanted}


def test_a_negation_ends_where_something_else_is_asked_for():
    assert filters("no crypto, gaming in spain") == {
        "niches": ["gaming"],
        "countries": ["ES"],
        "exclude": {"niches": ["crypto"]},
    }


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("with youtube and github", {"has": ["github", "youtube"]}),
        ("with youtube or github", {"platforms": ["github", "youtube"]}),
        ("on both instagram and tiktok", {"has": ["instagram", "tiktok"]}),
        ("on instagram and tiktok", {"platforms": ["instagram", "tiktok"]}),
        ("on x", {"platforms": ["x"]}),
        ("twitter/x", {"platforms": ["x"]}),
        ("multi-platform", {"account_count": {"min": 2}}),
        ("encontre no instagram, no brasil", {"platforms": ["instagram"], "countries": ["BR"]}),
        ("in the EU, not germany", {"exclude": {"countries": ["DE"]}}),
        ("US, CA and BR", {"countries": ["US"]}),
        ("Polish painters", {"countries": ["PL"], "niches": ["art"]}),
        ("in turkey", {"countries": ["TR"]}),
        ("german", {"countries": ["DE"]}),
        ("in german", {"languages": ["de"]}),
        ("english creators", {"languages": ["en"]}),
    ],
)
def test_what_is_asked_for(query, wanted):
    found = filters(query)
    assert {name: found.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    "query",
    [
        "x",
        "gen x",
        "us",
        "tell us",
        "it",
        "may",
        "Eu",
        "turkey",
        "polish",
        "nail polish",
        "english",
        "jordan peterson",
        "made in china",
        "believe in us",
        "trip to italy",
        "los angeles",
        "biggest loser",
        "macro lens",
        "the who",
        "no-bake",
    ],
)
def test_what_says_nothing_filters_nothing(query):
    assert filters(query) == {}
    assert parse(query).text


def test_people_are_compared_and_not_dogs():
    assert parse("biggest gaming channels").sort.field == "followers"
    assert parse("smallest dogs").sort is None


def test_articles_of_spanish_are_dropped_in_spanish_only():
    assert parse("chefs en los andes").text == "chefs andes"
    assert parse("tacos los angeles").text == "tacos los angeles"


def test_words_for_people_are_no_niche():
    assert filters("people and hosts") == {}
