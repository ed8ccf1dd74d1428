from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.html import MAX_FEEDS, MAX_ITEMS, MAX_LINKS, MAX_PROPERTIES, MAX_TEXT, read_page, to_text

URL = "https://pages.example/ada/"

PAGE = """<!DOCTYPE html>
<html lang="en"><head>
<meta charset="utf-8"><title> Ada &amp;
  friends </title>
<link rel="canonical" href="/ada"><link rel="me" href="https://mastodon.example/@ada">
<link rel="alternate" type="application/rss+xml" href="feed.xml">
<link rel="alternate" hreflang="de" href="/de/ada">
<meta property="og:title" content="Ada"><meta property="og:title" content="Second">
<meta name="description" content='Chess &amp; "code"'><meta name="viewport" content="width=device-width">
<script type="application/ld+json">{"@type": "Person", "name": "Ada", "email": "ada@example.org",
 "sameAs": ["https://github.com/ada"]}</script>
<script>var a = '<a href="https://no.example/script">';</script>
<style>a::after { content: '<a href="https://no.example/style">' }</style>
</head><body>
<!-- <a href="https://no.example/comment">old</a> -->
<A HREF=https://www.youtube.com/@ada rel="me noopener">YouTube</A>
<a class=x href='../about?x=1&amp;y=2#part'>About</a><a href="/ada#top">Top</a>
<a href="mailto:ada@example.org">Mail</a><a href="tel:+123">Call</a><a href="javascript:void(0)">Menu</a>
<a href="https://github.com/ada">GitHub</a><a href="https://github.com/ada">again</a>
<textarea><a href="https://no.example/textarea"></textarea><template><a href="https://no.example/t"></template>
<a href="http://[broken">broken</a><a>no address</a><a href>empty</a>
</body></html>"""


def test_a_page_tells_where_it_leads():
    page = read_page(PAGE, URL)
    assert page.title == "Ada & friends"
    assert page.canonical == "https://pages.example/ada"
    assert page.rel_me == ["https://mastodon.example/@ada", "https://www.youtube.com/@ada"]
    assert page.feeds == ["https://pages.example/ada/feed.xml"]
    assert page.links == [
        "https://www.youtube.com/@ada",
        "https://pages.example/about?x=1&y=2",
        "https://pages.example/ada",
        "https://github.com/ada",
    ]
    assert page.has_email
    assert page.properties == {"og:title": "Ada", "description": 'Chess & "code"'}
    assert page.json_ld == [{"@type": "Person", "name": "Ada", "sameAs": ["https://github.com/ada"]}]


def test_no_address_of_a_mailbox_is_taken_out_of_a_page():
    assert "ada@example.org" not in repr(read_page(PAGE, URL))


def test_addresses_are_relative_to_the_base_of_the_page():
    page = read_page('<base href="https://other.example/x/"><a href="y">y</a>', URL)
    assert page.links == ["https://other.example/x/y"]


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("é".encode(), "", "é"),
        ("é".encode("latin-1"), "text/html; charset=ISO-8859-1", "é"),
        ("“é”".encode("cp1252"), "text/html; charset=latin1", "“é”"),
        ('<meta charset="windows-1251">Жук'.encode("cp1251"), "text/html", '<meta charset="windows-1251">Жук'),
        ("\ufeffé".encode("utf-16"), "text/html", "\ufeffé"),
        ("棋".encode("gb18030"), "text/html;charset=gb2312", "棋"),
        (b"\xff\xfea", "text/html", "\ufffd"),
        ("é".encode(), "text/html; charset=base64", "é"),
        ("é".encode(), "text/html; charset=punycode", "é"),
        (b"\xc3", "text/html; charset=no-such", "\ufffd"),
    ],
)
def test_bytes_become_text_by_what_the_page_says_of_itself(content, content_type, text):
    assert to_text(content, content_type) == text


MANY = 100_000
BOMBS = {
    "deep": "<div>" * 200_000 + "<a href=/x>",
    "links": "".join(f'<a href="/{n}">' for n in range(MANY)),
    "one link": '<a href="/x">' * MANY,
    "unclosed quotes": "<a href='" * MANY,
    "unclosed tags": "<a href=x " * MANY,
    "open comments": "<!--" * MANY,
    "open scripts": "<script>" * MANY,
    "spaces": "<a" + " " * 1_000_000,
    "one attribute": "<a href=" + "x" * 1_000_000 + ">",
    "attributes": "<a " + "x=y " * MANY + ">",
    "equals": "<a x" + " =" * MANY + ">",
    "slashes": "<a" + "/" * 1_000_000 + ">",
    "references": '<a href="' + "&amp;" * MANY + '">',
    "metas": "".join(f'<meta property="og:{n}" content="{"x" * 90}">' for n in range(MANY // 10)),
    "deep json": '<script type="application/ld+json">' + "[" * MANY + "</script>",
    "long json": '<script type="application/ld+json">[' + "0," * MANY + "0]</script>",
    "wide json": '<script type="application/ld+json">[' + "0," * 10_000 + "0]</script>",
    "many json": '<script type="application/ld+json">{"a": "b"}</script>' * 10_000,
    "feeds": "".join(f'<link rel=alternate type="application/rss+xml" href="/{n}">' for n in range(10_000)),
    "less than": "<" * 1_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_page_made_to_take_for_ever_does_not(name):
    text = BOMBS[name]
    tracemalloc.start()
    page = read_page(text, URL)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(page.links) <= MAX_LINKS
    assert len(page.feeds) <= MAX_FEEDS
    assert len(page.properties) <= MAX_PROPERTIES
    assert all(len(link) <= MAX_TEXT for link in page.links)
    assert all(len(body) <= MAX_ITEMS for body in page.json_ld)
    assert peak < 20_000_000


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=60,
)


@given(st.text(alphabet=st.sampled_from("<>/=\"'! -ahrefscriptlinkmeta&;#x"), max_size=120), NESTED)
def test_no_text_makes_it_fail_and_what_it_finds_can_be_stored(text, nested):
    page = read_page(f"<a href={text}>{text}<script type=application/ld+json>{json.dumps(nested)}</script>", text)
    assert all(link.startswith(("http://", "https://")) for link in page.links)
    json.dumps(page.json_ld)
