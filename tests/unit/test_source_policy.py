"""Which sources may be called, and the words for why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr

from benchmarks.faults.plain import POLICY, Plain
from creators.errors import SetupError
from creators.models import Platform
from creators.settings import Settings, SourceSettings
from creators.targets import Target, TaskKind
from fetchers.cadence import Bounds
from fetchers.policy import check_names, serves, standing
from fetchers.settlement import bounds_of

KEYED = SourceSettings(keys=SecretStr("a"))
OFFICIAL = Plain()
TERMS = Plain(policy=replace(POLICY, needs_acknowledgement=True))
BROWSER = Plain(policy=replace(POLICY, kind="browser"))
WEBSITE = Plain(policy=replace(POLICY, kind="website"))


@pytest.mark.parametrize(
    ("source", "settings", "switched", "allowed", "words"),
    [
        (OFFICIAL, KEYED, None, True, "may be called"),
        (OFFICIAL, SourceSettings(), None, False, "CREATORSCOPE_SOURCES__PLAIN__KEYS"),
        (OFFICIAL, SourceSettings(enabled=True), True, False, "CREATORSCOPE_SOURCES__PLAIN__KEYS"),
        (OFFICIAL, KEYED.model_copy(update={"enabled": False}), None, False, "disabled by"),
        (OFFICIAL, KEYED.model_copy(update={"enabled": False}), True, True, "may be called"),
        (OFFICIAL, KEYED, False, False, "creatorscope source enable plain"),
        (TERMS, KEYED, None, False, "ACKNOWLEDGED_BY"),
        (TERMS, KEYED, True, False, "https://example.org/terms"),
        (TERMS, KEYED.model_copy(update={"acknowledged_by": "Ada"}), None, True, "may be called"),
        (BROWSER, SourceSettings(), None, False, "off by default"),
        (BROWSER, SourceSettings(enabled=True), None, True, "may be called"),
        (BROWSER, SourceSettings(), True, True, "may be called"),
        (WEBSITE, SourceSettings(), None, True, "may be called"),
    ],
)
def test_standing(source, settings, switched, allowed, words):
    found = standing(source, settings, switched)
    assert found.allowed is allowed
    assert words in found.reason


def test_a_name_that_is_no_source_is_refused_with_the_nearest():
    settings = Settings(sources={"plian": KEYED})
    with pytest.raises(SetupError, match=r"SOURCES__PLIAN__… names no source: did you mean .*SOURCES__PLAIN__"):
        check_names(settings, {"plain": OFFICIAL, "other": WEBSITE})


def test_known_names_pass():
    check_names(Settings(sources={"plain": KEYED}), {"plain": OFFICIAL})


def test_a_source_serves_kinds_of_some_platforms():
    assert serves(OFFICIAL, Target(TaskKind.PROFILE, Platform.X, "1"))
    assert not serves(OFFICIAL, Target(TaskKind.PROFILE, Platform.GITHUB, "1"))
    assert not serves(OFFICIAL, Target(TaskKind.SEARCH, Platform.X, "art"))


def test_what_may_be_kept_for_some_days_is_fetched_again_before():
    rare = Settings(refresh_min_s=40 * 86_400, refresh_max_s=60 * 86_400)
    assert bounds_of(rare, "profile:youtube:UC1", "x_api_v2") == Bounds(40 * 86_400, 60 * 86_400)
    assert bounds_of(rare, "profile:youtube:UC1", "youtube_data_api") == Bounds(29 * 86_400, 29 * 86_400)
    usual = Settings()
    for source in (None, "dataset", "youtube_data_api"):
        assert bounds_of(usual, "profile:youtube:UC1", source) == Bounds(usual.refresh_min_s, usual.refresh_max_s)
