"""What a certificate is good for: the name that was asked for, whichever address it was found at."""

from __future__ import annotations

import httpx2
import pytest

from creators.errors import SourceUnavailable
from fetchers.guard import guarded_transport
from fetchers.http import Http
from tests.fixtures.answering import answering
from tests.fixtures.certificates import certificate, shown_by, trusting

PUBLIC = "93.184.215.14"


class Web(httpx2.AsyncBaseTransport):
    """The public address is the server of the test; nothing else is changed, the name to check least of all."""

    def __init__(self, port: int, trusted) -> None:
        self._port = port
        self._plain = httpx2.AsyncHTTPTransport(trust_env=False, verify=trusted)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == PUBLIC
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return await self._plain.handle_async_request(request)

    async def aclose(self) -> None:
        await self._plain.aclose()


async def resolve(host: str, port: int) -> list[str]:
    return [PUBLIC]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("certificates"), "pages.example")


@pytest.mark.parametrize(("name", "good"), [("pages.example", True), ("other.example", False)])
async def test_a_certificate_is_checked_for_the_name_through_the_guard(shown, name, good):
    async with answering(lambda exchange: exchange.answer(b"page"), tls=shown_by(shown)) as server:
        guard = guarded_transport(resolve=resolve, inner=Web(server.port, trusting(shown)))
        async with Http(timeout_s=5, max_bytes=1_000, transport=guard) as http:
            if good:
                assert (await http.send("GET", f"https://{name}/")).content == b"page"
            else:
                with pytest.raises(SourceUnavailable):
                    await http.send("GET", f"https://{name}/")
    assert len(server.seen) == good


async def test_a_certificate_that_nobody_vouches_for_is_refused(shown):
    async with (
        answering(lambda exchange: exchange.answer(b"page"), tls=shown_by(shown)) as server,
        Http(timeout_s=5, max_bytes=1_000) as http,
    ):
        with pytest.raises(SourceUnavailable):
            await http.send("GET", f"https://127.0.0.1:{server.port}/", params={"key": "hush"})
    assert server.seen == []
