from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.errors import SchemaDrift
from creators.models import Lead, Platform, RawRecord
from enrich.normalise.leads import MAX_LEADS
from enrich.normalise.website import normalise

OWNER = "instagram:42"


def record(kind: str = "page", **body: Any) -> RawRecord:
    return RawRecord(
        platform=Platform.INSTAGRAM,
        source="website",
        kind=kind,
        native_id="42",
        fetched_at=datetime(2026, 5, 1, tzinfo=UTC),
        tier=2,
        target="page:instagram:42 https://ada.example/",
        body={"url": "https://ada.example/", "title": "Ada", "links": [], "rel_me": [], "has_email": False, **body},
    )


def led(platform: Platform, value: str) -> Lead:
    return Lead(kind="profile", platform=platform, value=value, found_on=OWNER, reason="page")


def test_profiles_that_a_page_leads_to_are_leads_the_authors_own_first():
    found = normalise(
        record(
            links=[
                "https://x.com/grace",
                "https://www.youtube.com/channel/UC" + "a" * 22,
                "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
                "https://twitch.tv/ada",
                "https://shop.example/",
                "https://github.com/ada",
                "https://x.com/grace?ref=page",
            ],
            rel_me=["https://github.com/ada", "https://mastodon.example/@ada"],
        )
    )
    assert found.leads == (
        led(Platform.GITHUB, "@ada"),
        led(Platform.X, "@grace"),
        led(Platform.YOUTUBE, "UC" + "a" * 22),
    )
    assert (found.accounts, found.posts, found.missing) == ((), (), ())


def test_no_more_is_followed_than_one_page_is_worth():
    links = [f"https://github.com/user{n}" for n in range(500)]
    found = normalise(record(links=links, rel_me=["https://x.com/ada"]))
    assert len(found.leads) == MAX_LEADS
    assert found.leads[0] == led(Platform.X, "@ada")


def test_a_page_without_a_title_is_counted():
    assert normalise(record(title=None)).missing == ("title",)
    assert normalise(record()).missing == ()


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        (record("profile"), "kind"),
        (record(links="https://github.com/ada"), "links"),
        (record(links=[{"href": "https://github.com/ada"}]), "links.0"),
        (record(rel_me=None), "rel_me"),
    ],
)
def test_another_form_is_drift_and_names_the_field(changed, where):
    with pytest.raises(SchemaDrift) as caught:
        normalise(changed)
    assert caught.value.field == where


@given(
    st.lists(st.text(max_size=60) | st.text(max_size=40).map(lambda text: f"https://github.com/{text}"), max_size=20)
)
def test_no_address_makes_it_fail_and_the_same_page_gives_the_same_leads(links):
    page = record(links=links)
    assert normalise(page) == normalise(page)
