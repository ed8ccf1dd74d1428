from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from creators.errors import SourceUnavailable
from fetchers.robots import KEEP_S, KEEP_UNREACHABLE_S, MAX_BYTES, Robots, parse_robots

SITE = "https://pages.example"


def allowed(content: str, path: str) -> bool:
    return parse_robots(content.encode()).allow(SITE + path)


@pytest.mark.parametrize(
    ("content", "path", "expected"),
    [
        ("", "/", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow: /a", "/b", True),
        # the longest match decides, of two equally long ones the one that allows
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/c", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        # own group before that of everyone, several groups of one product together, names in any case
        ("User-agent: *\nDisallow: /\n\nUser-agent: CreatorScope/2\nDisallow: /private", "/a", True),
        ("User-agent: creatorscope\nDisallow: /a\nUser-agent: *\nAllow: /b\n\nUser-agent: creatorscope\nDisallow: /b",
         "/b", False),
        ("User-agent: creatorscopebot\nDisallow: /", "/a", True),
        ("User-agent: other\nUser-agent: creatorscope\nSitemap: x\nCrawl-delay: 5\nDisallow: /", "/a", False),
        ("User-agent: other\nDisallow: /\nUser-agent: creatorscope\nAllow: /", "/a", True),
        ("User-agent: creatorscope\n\nUser-agent: *\nDisallow: /", "/a", False),
        # wildcards
        ("User-agent: *\nDisallow: /*.php$", "/x.php", False),
        ("User-agent: *\nDisallow: /*.php$", "/x.php?a=b", True),
        ("User-agent: *\nDisallow: /*.php", "/x.php?a=b", False),
        ("User-agent: *\nDisallow: /a*b*c", "/axxbyyc", False),
        ("User-agent: *\nDisallow: /a*b*c", "/axxcyyb", True),
        ("User-agent: *\nDisallow: /a*a$", "/a", True),
        ("User-agent: *\nDisallow: /$", "/", False),
        ("User-agent: *\nDisallow: /$", "/a", True),
        ("User-agent: *\nDisallow: *", "/a", False),
        ("User-agent: *\nDisallow: /*?", "/a?b=c", False),
        # one spelling of escapes
        ("User-agent: *\nDisallow: /%7Ejoe", "/~joe", False),
        ("User-agent: *\nDisallow: /ü", "/%c3%bc", False),
        ("User-agent: *\nDisallow: /a%2fb", "/a%2Fb", False),
        ("User-agent: *\nDisallow: /a%2fb", "/a/b", True),
        # what people write
        ("\ufeffuser-AGENT : * # all\r\n  DISALLOW:/a # no\r\n", "/a", False),
        ("Disallow: /\nUser-agent: *\nDisallow: /a", "/b", True),
        ("<html><body>User-agent: *</body></html>", "/a", True),
        ("User-agent: *\rDisallow: /a\r", "/a", False),
    ],
)  # fmt: skip
def test_the_file_is_read_as_the_standard_says(content, path, expected):
    assert allowed(content, path) is expected


PATH = st.text(alphabet="/ab.", max_size=8).map(lambda text: "/" + text)
PATTERN = st.lists(st.sampled_from(["a", "b", "/", ".", "*"]), max_size=7).map(lambda parts: "/" + "".join(parts))
RULE = st.tuples(st.sampled_from(["Allow", "Disallow"]), PATTERN)


@given(st.lists(RULE, max_size=6), PATH)
def test_it_agrees_with_another_reader(rules, path):
    content = "User-agent: *\n" + "\n".join(f"{field}: {pattern}" for field, pattern in rules)
    path = path.replace("//", "/")
    assert allowed(content, path) is Protego.parse(content).can_fetch(SITE + path, "creatorscope")


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(content):
    parse_robots(content).allow(SITE + "/a?b")


def test_patterns_made_to_take_for_ever_do_not():
    # A regular expression would try more ways than there are atoms.
    content = "User-agent: *\n" + "\n".join(f"Disallow: /{'*a' * 200}{n}" for n in range(500))
    assert allowed(content, "/" + "a" * 1_900)


def test_of_a_file_without_end_the_beginning_counts():
    head = b"User-agent: *\nDisallow: /a\n"
    rules = parse_robots(head + b"Disallow: /bbbbbbbb\n" * 50_000)
    assert rules.size < 100 * MAX_BYTES
    assert not rules.allow(SITE + "/a")
    cut = head + b"Disallow: /c\n" + b"#" * (MAX_BYTES - len(head) - 13 - 10) + b"\nDisallow: /dangerous"
    assert parse_robots(cut).allow(SITE + "/d"), "the last line is half a line"


@dataclass
class Told:
    status: int
    content: bytes = b""


class Asked:
    def __init__(self, *answers: Told | Exception) -> None:
        self.answers = list(answers)
        self.addresses: list[str] = []

    async def __call__(self, address: str) -> Told:
        self.addresses.append(address)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_file_is_asked_for_once_a_day_and_site():
    now = [0.0]
    robots = Robots(clock=lambda: now[0])
    closed = Told(200, b"User-agent: *\nDisallow: /a")
    asked = Asked(closed, Told(404), Told(404))
    assert not await robots.allows(f"{SITE}/a", asked)
    now[0] = KEEP_S - 1
    assert not await robots.allows(f"{SITE}/a?b", asked)
    assert await robots.allows("http://pages.example/a", asked)
    now[0] = KEEP_S + 1
    assert await robots.allows(f"{SITE}/a", asked)
    assert asked.addresses == [f"{SITE}/robots.txt", "http://pages.example/robots.txt", f"{SITE}/robots.txt"]


@pytest.mark.parametrize("answer", [Told(500), Told(503), Told(429), SourceUnavailable("no answer")])
async def test_a_site_that_cannot_say_allows_nothing_until_it_can(answer):
    now = [0.0]
    robots = Robots(clock=lambda: now[0])
    asked = Asked(answer, Told(200))
    for _ in range(2):
        with pytest.raises(SourceUnavailable, match=r"pages\.example"):
            await robots.allows(f"{SITE}/a", asked)
    now[0] = KEEP_UNREACHABLE_S
    assert await robots.allows(f"{SITE}/a", asked)
    assert len(asked.addresses) == 2


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
async def test_a_site_without_the_file_allows_everything(status):
    assert await Robots().allows(f"{SITE}/a", Asked(Told(status)))


async def test_what_is_kept_of_large_files_is_bounded(monkeypatch):
    monkeypatch.setattr("fetchers.robots._MAX_KEPT", 500_000)
    robots = Robots()
    large = b"User-agent: *\n" + b"".join(b"Disallow: /%d\n" % n for n in range(1_000))
    for n in range(20):
        await robots.allows(f"https://site{n}.example/", Asked(Told(200, large)))
    again = Asked(Told(404))
    assert await robots.allows("https://site19.example/x", again)
    assert again.addresses == [], "the newest is still known"
    assert await robots.allows("https://site0.example/x", again)
    assert len(again.addresses) == 1
