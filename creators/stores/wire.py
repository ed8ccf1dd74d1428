"""How requests reach OpenSearch: the client's options, JSON on the wire, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson
from opensearchpy import AsyncTransport, JSONSerializer, SerializationError, Transport, TransportError
from opensearchpy import ConnectionError as ClientConnectionError
from opensearchpy import NotFoundError as ClientNotFound

from creators.errors import ClusterRefused, ClusterUnavailable, CreatorscopeError, NotFound

if TYPE_CHECKING:
    from creators.settings import Settings

TRANSIENT = frozenset({429, 502, 503, 504})


def _translate(error: TransportError) -> CreatorscopeError:
    if isinstance(error, ClientNotFound):
        return NotFound(f"OpenSearch has no such thing: {error.error}")
    if isinstance(error, ClientConnectionError) or error.status_code in TRANSIENT:
        return ClusterUnavailable(f"OpenSearch does not answer: {error.error}")
    return ClusterRefused(f"OpenSearch refused the request ({error.status_code}): {error.error} {error.info}")


@contextmanager
def boundary() -> Iterator[None]:
    """Turn the client's errors inside the block into those of :mod:`creators.errors`."""
    try:
        yield
    except TransportError as error:
        raise _translate(error) from error
    except SerializationError as error:
        # The client raises it for what we send, too: then it holds the body, not a text, and the defect is ours.
        if not isinstance(error.args[0], str):
            raise
        detail = "OpenSearch, or a proxy before it, sent an answer that is not JSON"
        raise ClusterUnavailable(detail) from error


def _checked(answer: Any) -> Any:
    """Refuse an answer that was torn before its body began: the client takes it for an empty text."""
    if isinstance(answer, str):
        detail = "an answer without a body"
        raise SerializationError(detail)
    return answer


class Checking(Transport):
    """The blocking transport; an answer without a body is an error."""

    def perform_request(self, *args: Any, **kwargs: Any) -> Any:
        """Send one request and return its answer."""
        return _checked(super().perform_request(*args, **kwargs))


class AsyncChecking(AsyncTransport):
    """The same for the serving path."""

    async def perform_request(self, *args: Any, **kwargs: Any) -> Any:
        """Send one request and return its answer."""
        return _checked(await super().perform_request(*args, **kwargs))


class _Quick(JSONSerializer):
    """JSON several times faster than the standard library's: reading answers was a sixth of what a search computes."""

    def loads(self, s: str) -> Any:
        try:
            return orjson.loads(s)
        except orjson.JSONDecodeError:
            # What orjson refuses and the library takes: NaN, half a surrogate pair.
            return super().loads(s)

    def dumps(self, data: Any) -> Any:
        if isinstance(data, str | bytes):
            return data
        try:
            return orjson.dumps(data).decode()
        except orjson.JSONEncodeError:
            return super().dumps(data)


def options(settings: Settings) -> dict[str, Any]:
    """Return what both clients are made with."""
    # The client's own retries are off: retrying is done in one layer only, the bulk writer and the job.
    return {
        "hosts": [settings.opensearch_url],
        "timeout": settings.opensearch_timeout_s,
        "max_retries": 0,
        "retry_on_timeout": False,
        "serializer": _Quick(),
    }
