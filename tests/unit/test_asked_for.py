"""What a person asks for by name: lists of accounts, topics, and the commands that say what is wrong with them."""

import sys

import pytest

from api import cli
from api.commands.backfill import target_named, targets_in
from creators.errors import BadInput
from creators.models import Platform
from creators.stores.tasks import Task
from fetchers import frontier
from fetchers.known import claim_of
from tests.fixtures.scripted import NOW

CHANNEL = "UC" + "a" * 22


@pytest.mark.parametrize(
    ("words", "platform", "target"),
    [
        ("@Ann", Platform.X, "profile:x:@ann"),
        ("ann", Platform.TIKTOK, "profile:tiktok:@ann"),
        ("id:42", Platform.GITHUB, "profile:github:42"),
        ("https://github.com/Ann", Platform.GITHUB, "profile:github:@ann"),
        ("youtube.com/@Ann", Platform.YOUTUBE, "profile:youtube:@ann"),
        (f"https://www.youtube.com/channel/{CHANNEL}", Platform.YOUTUBE, f"profile:youtube:{CHANNEL}"),
        (CHANNEL, Platform.YOUTUBE, f"profile:youtube:{CHANNEL}"),
    ],
)
def test_an_account_is_named_by_handle_id_or_address(words, platform, target):
    assert str(target_named(words, platform)) == target


@pytest.mark.parametrize("words", ["https://x.com/ann", "https://github.com/topics/x", "@", "id:"])
def test_what_names_nobody_is_refused(words):
    with pytest.raises(BadInput):
        target_named(words, Platform.GITHUB)


def test_a_list_says_which_line_is_wrong(tmp_path):
    file = tmp_path / "handles.txt"
    file.write_text("\ufeffann\n\n  @bob \nhttps://example.org/x\n", encoding="utf-8")
    found = targets_in(file, Platform.X)
    assert [str(next(found)), str(next(found))] == ["profile:x:@ann", "profile:x:@bob"]
    with pytest.raises(BadInput, match="line 4 of"):
        next(found)
    with pytest.raises(BadInput, match="cannot be read"):
        next(targets_in(tmp_path / "none.txt", Platform.X))


def test_a_topic_is_one_search_for_each_platform():
    found = frontier.searches("  Street \n food ", [Platform.X, Platform.YOUTUBE])
    assert [str(target) for target in found] == ["search:x:Street food", "search:youtube:Street food"]
    with pytest.raises(BadInput):
        frontier.searches("x" * 600, [Platform.X])


def test_a_page_has_one_claim_however_its_address_is_written():
    written = ["https://a.example/x", "http://www.a.example/x/", "https://A.example/x#top", "https://a.example/x"]
    claims = {claim_of(Task(f"page:{platform}:1 {url}", NOW)) for url in written for platform in ("x", "tiktok")}
    assert len(claims) == 1
    assert claim_of(Task("page:x:1 https://a.example/y", NOW)) not in claims
    assert claim_of(Task("profile:x:1", NOW)) is None
    assert len(claim_of(Task(f"page:x:1 https://a.example/{'ü' * 230}", NOW)).encode()) <= 512


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("backfill", "start", "-p", "x"), "error (backfill): say which accounts"),
        (("backfill", "start", "-p", "x", "--missing", "posts", "--stale-days", "3"), "error (backfill): say which"),
        (("backfill", "start", "-p", "x", "--file", "no/such/file"), "error (file): no/such/file cannot be read"),
        (("discover",), "error (discover): say what to begin with"),
        (("discover", "--account", "@ann"), "error (account): on which platform is '@ann'?"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_started(monkeypatch, capsys, words, said):
    monkeypatch.setattr(sys, "argv", ["creatorscope", *words])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("api.installation.installation", lambda *_: pytest.fail("an engine was started"))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(said)
