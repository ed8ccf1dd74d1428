"""The country of a creator: from evidence that agrees, never from one weak hint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Platform
from enrich.signals.location import LocationSignal, weigh
from enrich.signals.location_evidence import Seen, domain_country, places_in
from mappings.location_weights import location_weights
from mappings.places import place_table
from tests.fixtures.said import account, facts, one


@pytest.mark.parametrize(
    ("bio", "country"),
    [
        ("Photographer based in Berlin", "DE"),
        ("📍 Paris", "FR"),
        ("🇪🇸 Madrid | comida", "ES"),
        ("from lagos, nigeria", "NG"),
        ("Potter | Chicago, IL", "US"),
        ("hola, soy de argentina", "AR"),
        ("東京在住のカメラマンです", "JP"),
        ("Фотограф, живу в Москве. Москва", "RU"),
        ("Booking [phone IN]", "IN"),
        ("CDMX\nmúsica", "MX"),
        ("Ceramics. São Paulo", "BR"),
    ],
)
def test_where_a_bio_says_that_somebody_is(bio, country):
    value = one(LocationSignal(), account(bio))
    assert value.country == country
    assert value.confidence >= 0.5
    assert {seen.country for seen in value.evidence} >= {country}


@pytest.mark.parametrize(
    ("place", "country"),
    [
        ("Berlin, Germany", "DE"),
        ("São Paulo", "BR"),
        ("东京", "JP"),
        ("Bengaluru, India", "IN"),
        ("lagos / nigeria", "NG"),
        ("Earth", None),
        ("between two worlds", None),
        ("she/her", None),
        (None, None),
    ],
)
def test_where_a_profile_says_that_somebody_is(place, country):
    found = one(LocationSignal(), account("I paint", location=place))
    assert (found and found.country) == country
    assert LocationSignal().inputs(facts(account("I paint", location=place))) != LocationSignal().inputs(
        facts(account("I paint", location="elsewhere"))
    )


@pytest.mark.parametrize(
    "bio",
    [
        "Ich male jeden Tag Bilder am Meer",  # a language is spoken in more than one country
        "Indian food lover",
        "Italian recipes for everybody",
        "travel: Tokyo, Osaka, Seoul",
        "Paris Hilton fan and Austin Powers",
        "Wife of a Vietnam vet",
        "Reading nice books in a mobile home",
        "🇫🇷🇩🇪🇪🇸🇮🇹🇵🇹🇯🇵",
        "ships to Canada",
        "@dallas @paris",
    ],
)
def test_no_country_from_weak_or_foreign_hints(bio):
    assert one(LocationSignal(), account(bio)) is None


def test_a_declared_country_wins_over_the_language_and_agreement_makes_surer():
    bio = "Ich male jeden Tag Bilder am Meer"
    declared = one(LocationSignal(), account(bio, country="AT"))
    assert declared.country == "AT"
    both = one(LocationSignal(), account("Wien 🇦🇹", country="AT"))
    assert both.confidence > declared.confidence
    against = one(LocationSignal(), account("📍Lima, Peru", country="AT"))
    assert against.confidence < declared.confidence
    assert {seen.kind for seen in against.evidence} == {"declared", "place"}


def test_evidence_of_several_accounts_is_joined():
    value = one(LocationSignal(), account("Potter 🇵🇱"), account("x", "2", Platform.X, website="https://a.pl"))
    assert (value.country, {seen.kind for seen in value.evidence}) == ("PL", {"flag", "domain"})
    assert {seen.account_id for seen in value.evidence} == {"instagram:1", "x:2"}


@pytest.mark.parametrize(
    ("url", "country"),
    [
        ("https://www.ovens.co.uk/x", "GB"),
        ("ovens.de", "DE"),
        ("https://linktr.ee/ada", None),
        ("https://ada.io", None),
        ("https://youtu.be/x", None),
        ("https://[broken", None),
        ("https://ovens.com", None),
        ("", None),
    ],
)
def test_endings_of_domains(url, country):
    assert domain_country(url) == country


def test_names_of_places_are_unambiguous_and_large():
    table = place_table()
    assert len(table.countries) > 5_000
    assert (table.countries["birmingham"], table.countries["münchen"], table.countries["texas"]) == ("GB", "DE", "US")
    # Two large cities in two countries: neither.
    assert "valencia" not in table.countries
    assert not {"love", "home", "never"} & table.countries.keys()


SORTS = sorted(location_weights().by_sort)
EVIDENCE = st.lists(
    st.builds(
        lambda sort, country: Seen(sort, "place", country, "x:1", "d"),
        st.sampled_from(SORTS),
        st.sampled_from(["DE", "FR", "JP"]),
    ),
    max_size=8,
)


@given(EVIDENCE, st.randoms())
def test_order_and_repetition_change_nothing(evidence, random):
    shuffled = [*evidence, *evidence]
    random.shuffle(shuffled)
    assert weigh(evidence) == weigh(shuffled)


@given(EVIDENCE)
def test_a_probability_is_one_and_weak_hints_alone_are_nothing(evidence):
    best = weigh(evidence)
    assert best is None or 0 < best.probability < 1
    if {seen.sort for seen in evidence} in ({"language"}, {"people_named"}):
        assert best is None


@given(st.sampled_from(["flag", "declared", "phone", "place_stated", "domain"]), EVIDENCE)
def test_more_evidence_for_the_best_makes_it_no_less_likely(sort, evidence):
    best = weigh(evidence)
    if best is not None and sort not in {seen.sort for seen in evidence}:
        assert weigh([*evidence, Seen(sort, "place", best.country, "x:1", "d")]).probability >= best.probability


@given(st.text(max_size=120))
def test_any_text_can_be_read(text):
    for name, country, sort in places_in(text):
        assert place_table().countries[name] == country
        assert sort in SORTS
