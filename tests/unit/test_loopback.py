"""Who is on this machine: the address, the way, the name and the page that a request comes from."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.testclient import TestClient
from starlette.datastructures import Headers

from api import errors
from api.loopback import local_only, why_not_local
from creators.settings import Settings


def _why(peer: str | None = "127.0.0.1", **headers: str) -> str | None:
    given = {"host": "127.0.0.1:8000"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return why_not_local(peer, Headers(given))


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "localhost:8000", "[::1]:8000", "LOCALHOST:1"])
def test_a_program_on_this_machine_is_let_through(peer, host):
    assert _why(peer, host=host) is None


@pytest.mark.parametrize("peer", [None, "", "10.0.0.1", "192.0.2.1", "::ffff:10.0.0.1", "fe80::1", "::", "name"])
def test_other_machines_are_not(peer):
    assert "same machine" in _why(peer)


@pytest.mark.parametrize("name", ["forwarded", "x_forwarded_for", "x_forwarded_host", "x_real_ip", "via"])
def test_a_proxy_makes_everybody_come_from_here_and_is_not_let_through(name):
    assert "proxy" in _why(**{name: "127.0.0.1"})


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example@localhost",
        "0.0.0.0:8000",
        "10.0.0.1",
        "127.0.0.1:port",
        "[::1",
        "localhost/evil.example",
        "2130706433",
    ],
)
def test_a_name_that_merely_points_here_is_not_ours(host):
    assert "Host" in _why(host=host)


def test_two_hosts_are_none():
    headers = Headers(raw=[(b"host", b"localhost"), (b"host", b"evil.example")])
    assert "Host" in why_not_local("127.0.0.1", headers)


@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://127.0.0.1:9000", "http://localhost:8000", "file://"]
)
def test_a_page_of_another_site_is_not_let_through(origin):
    assert "Origin" in _why(origin=origin)


def test_our_own_page_is():
    assert _why(origin="http://127.0.0.1:8000", sec_fetch_site="same-origin") is None
    assert _why(sec_fetch_site="none") is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_that_says_it_asks_for_another_page_is_believed(site):
    assert "Sec-Fetch-Site" in _why(sec_fetch_site=site)


def _client(settings: Settings, peer: str, base_url: str = "http://localhost") -> TestClient:
    router = APIRouter(dependencies=[Depends(local_only)])

    @router.get("/guarded")
    def guarded() -> str:
        return "in"

    app = FastAPI()
    app.state.settings = settings
    errors.install(app)
    app.include_router(router)
    return TestClient(app, base_url=base_url, client=(peer, 50_000))


def test_a_refusal_is_a_problem_with_a_code_and_says_what_to_do():
    answer = _client(Settings(), "192.0.2.1").get("/guarded")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_local")
    assert "--insecure" in answer.json()["detail"]
    assert _client(Settings(), "127.0.0.1").get("/guarded").json() == "in"


def test_insecure_lets_everybody_in():
    client = _client(Settings(api_insecure=True), "192.0.2.1", "http://creators.example")
    assert client.get("/guarded", headers={"X-Forwarded-For": "198.51.100.7"}).json() == "in"
