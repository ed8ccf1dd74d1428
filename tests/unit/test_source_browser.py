"""Which pages the browser opens, and what it makes of what machines are told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from creators.errors import SchemaDrift, SourceLimited, SourceRefused, SourceUnavailable, TargetGone
from creators.models import RawRecord
from creators.settings import SourceSettings
from creators.targets import parse_target
from enrich.normalise.browser import normalise
from fetchers.chromium_process import ARGUMENTS
from fetchers.sources.browser import SOURCE, address_of, leads_astray
from tests.fixtures.scripted import Reply, ScriptedCall, answer_of

PAGE = {
    "url": "https://a.example/",
    "landed": "https://a.example/",
    "text": "",
    "properties": {},
    "json_ld": [],
    "rel_me": [],
}


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("profile:instagram:@clay.and.kiln", "https://www.instagram.com/clay.and.kiln/"),
        ("profile:tiktok:@clay", "https://www.tiktok.com/@clay"),
        ("profile:youtube:@clay", "https://www.youtube.com/@clay/about"),
        ("profile:youtube:UCaaaaaaaaaaaaaaaaaaaaaa", "https://www.youtube.com/channel/UCaaaaaaaaaaaaaaaaaaaaaa/about"),
        ("profile:x:44", "https://x.com/i/user/44"),
        ("profile:github:@../settings?x", "https://github.com/..%2Fsettings%3Fx"),
    ],
)
def test_a_target_has_one_address(target, address):
    assert address_of(parse_target(target)) == address


@pytest.mark.parametrize(
    ("landed", "astray"),
    [
        ("https://x.com/Clay_And_Kiln", False),
        ("https://x.com/i/flow/login?redirect=1", True),
        ("https://x.com/account/suspended", True),
        ("https://x.com/home", True),
        ("https://consent.example/m", True),
        ("https://www.instagram.com/clay_and_kiln/", True),
    ],
)
def test_a_redirect_leads_to_the_profile_or_astray(landed, astray):
    assert leads_astray(parse_target("profile:x:44"), landed, is_gateway=False) is astray


@pytest.mark.parametrize("target", ["profile:instagram:17841", "profile:tiktok:68", "profile:github:583231"])
async def test_an_account_without_an_address_is_refused_before_anything_is_asked(target):
    call = ScriptedCall(SOURCE, [])
    with pytest.raises(SourceRefused, match="handle"):
        await SOURCE.fetch(parse_target(target), call)
    assert call.asked == []


async def test_robots_txt_decides_before_a_page_is_opened():
    call = ScriptedCall(SOURCE, [Reply(raw=b"User-agent: *\nDisallow: /\n")])
    with pytest.raises(SourceRefused, match=r"robots\.txt of x\.com"):
        await SOURCE.fetch(parse_target("profile:x:@clay"), call)
    assert [ask.path for ask in call.asked] == ["https://x.com/robots.txt"]


async def test_robots_txt_that_leads_inside_is_no_permission():
    call = ScriptedCall(SOURCE, [Reply(raw=b"", status=301, headers={"location": "http://169.254.169.254/"})])
    with pytest.raises(SourceUnavailable):
        await SOURCE.fetch(parse_target("profile:tiktok:@clay"), call)
    assert len(call.asked) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, TargetGone), (410, TargetGone), (429, SourceLimited), (401, SourceUnavailable), (403, SourceUnavailable)],
)
def test_the_status_of_a_page_means_what_it_says(status, error):
    with pytest.raises(error):
        SOURCE.judge(answer_of(Reply(raw=b"", status=status), "page"))
    SOURCE.judge(answer_of(Reply(raw=b"", status=status), "robots"))


def test_the_browser_needs_an_acknowledgement_and_constant_arguments():
    assert SOURCE.policy.needs_acknowledgement
    assert SOURCE.tier == 3
    assert not [argument for argument in ARGUMENTS if "{" in argument or "no-sandbox" in argument]
    assert [one.endpoint for one in SOURCE.allowances(SourceSettings())] == ["page"]


def _record(**page) -> RawRecord:
    return RawRecord(
        platform="tiktok",
        source="browser",
        kind="profile_page",
        native_id="@clay",
        fetched_at=datetime(2026, 3, 1, tzinfo=UTC),
        tier=3,
        body={**PAGE, **page},
    )


def test_a_page_about_nobody_is_drift():
    with pytest.raises(SchemaDrift, match="says nothing of an account"):
        normalise(_record(text="Sorry, this page isn't available."))


def test_the_platform_itself_is_not_taken_for_the_account():
    platform = {"@type": "Organization", "name": "TikTok", "description": "videos"}
    with pytest.raises(SchemaDrift):
        normalise(_record(json_ld=[platform]))
    person = {"@type": ["Person"], "name": "Marta"}
    (account,) = normalise(_record(json_ld=[{"@graph": [platform, person]}])).accounts
    assert account.name == "Marta"


@pytest.mark.parametrize("count", [-1, True, 1.5, "12.3K", None, 10**15, {"a": 1}])
def test_a_count_for_machines_that_is_none_is_unknown(count):
    statistic = {"interactionType": "https://schema.org/FollowAction", "userInteractionCount": count}
    (account,) = normalise(
        _record(json_ld=[{"@type": "Person", "name": "M", "interactionStatistic": statistic}])
    ).accounts
    assert account.followers is None


def test_json_ld_that_holds_itself_deep_is_read_in_bounded_time():
    nested: dict = {"@type": "Person", "name": "deep"}
    for _ in range(50):
        nested = {"@graph": [nested], "mainEntity": nested}
    (account,) = normalise(_record(json_ld=[nested], properties={"og:title": "Marta (@clay) | TikTok"})).accounts
    assert account.name == "Marta"


async def test_a_machine_without_a_browser_refuses_and_says_why(monkeypatch):
    monkeypatch.setenv("PATH", "")
    call = ScriptedCall(SOURCE, [Reply(raw=b"", status=404)])
    with pytest.raises(SourceRefused, match="no browser"):
        await SOURCE.fetch(parse_target("profile:github:@clay"), call)
