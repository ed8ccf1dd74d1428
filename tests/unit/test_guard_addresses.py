from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.errors import BadInput
from fetchers.guard import MAX_URL, is_public, web_address

PUBLIC_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,10}\.(com|io|example)", fullmatch=True)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_a_public_ipv4_address_is_public_for_the_standard_library_too(address):
    assert not is_public(address) or (address.is_global and not address.is_multicast)


@given(st.integers(0, 2**128 - 1).map(IPv6Address) | st.integers(2**125, 2**126 - 1).map(IPv6Address))
def test_a_public_ipv6_address_is_unicast_and_carries_no_other(address):
    assert not is_public(address) or (
        address.is_global
        and not address.is_multicast
        and address.ipv4_mapped is None
        and address.sixtofour is None
        and address.teredo is None
    )


@pytest.mark.parametrize("text", ["1.1.1.1", "93.184.215.14", "172.15.9.9", "172.32.0.1", "2606:4700::1111"])
def test_the_open_internet_is_public(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("https://Example.COM", "https://example.com/"),
        ("HTTPS://example.com:443/a?b=c#d", "https://example.com/a?b=c"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("http://example.com./", "http://example.com/"),
        ("http://example。com/", "http://example.com/"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/ü"),
        ("http://sub_domain.example.com/", "http://sub_domain.example.com/"),
        ("http://1.1.1.1/", "http://1.1.1.1/"),
        ("http://[2606:4700:0:0::1111]/", "http://[2606:4700::1111]/"),
        ("https://example.com/@name", "https://example.com/@name"),
        ("https://example.com/a%20b?x=%2F", "https://example.com/a%20b?x=%2F"),
    ],
)
def test_an_address_of_the_open_web_has_one_spelling(url, spelled):
    assert web_address(url) == spelled
    assert web_address(spelled) == spelled


@pytest.mark.parametrize("url", ["", "https://", "https://example.com/" + "a" * MAX_URL, "https://example.com/\ud800"])
def test_what_is_no_address_is_refused_with_its_field(url):
    with pytest.raises(BadInput) as caught:
        web_address(url)
    assert caught.value.field == "url"


@given(st.text(max_size=60))
def test_no_text_makes_it_fail_in_another_way(text):
    for url in (text, f"http://{text}", f"http://{text}/", f"https://example.com/{text}"):
        try:
            spelled = web_address(url)
        except BadInput:
            continue
        assert web_address(spelled) == spelled


@given(PUBLIC_NAMES, st.sampled_from(["http", "https"]), st.integers(0, 70_000))
def test_only_the_ports_of_the_web_are_asked(name, scheme, port):
    try:
        web_address(f"{scheme}://{name}:{port}/")
    except BadInput:
        assert port not in {80, 443}
    else:
        assert port in {80, 443}
