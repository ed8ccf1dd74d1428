"""What a person means who tries a source, and what is printed about it."""

from __future__ import annotations

import pytest

from api.commands.source import target_of
from creators.errors import BadInput
from creators.models import Platform
from fetchers.sources.github_rest import SOURCE as GITHUB
from fetchers.sources.socialdata import SOURCE as SOCIALDATA
from fetchers.sources.youtube_data_api import SOURCE as YOUTUBE

CHANNEL = "UCaaaaaaaaaaaaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("source", "what", "target"),
    [
        (GITHUB, "@Octocat", "profile:github:@octocat"),
        (GITHUB, "583231", "profile:github:583231"),
        (GITHUB, "https://github.com/Octocat/hello", "profile:github:@octocat"),
        (GITHUB, "search:github:parsers", "search:github:parsers"),
        (YOUTUBE, CHANNEL, f"profile:youtube:{CHANNEL}"),
        (YOUTUBE, f"https://www.youtube.com/channel/{CHANNEL}", f"profile:youtube:{CHANNEL}"),
        (YOUTUBE, f"profile:youtube:{CHANNEL}", f"profile:youtube:{CHANNEL}"),
        (SOCIALDATA, "@otto", "profile:x:@otto"),
    ],
)
def test_a_handle_an_id_an_address_or_a_target(source, what, target):
    assert target_of(what, source, None).target_id == target


def test_a_platform_that_is_said_counts():
    assert target_of("@otto", GITHUB, Platform.X).target_id == "profile:x:@otto"


@pytest.mark.parametrize("what", ["@", "profile:github", "profile:nowhere:@x"])
def test_what_names_nobody_is_refused(what):
    with pytest.raises(BadInput):
        target_of(what, GITHUB, None)
