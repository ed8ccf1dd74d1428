"""What the client raises becomes an error of ours that says how to react; nothing is sent."""

import pytest
from opensearchpy import ConflictError, ConnectionTimeout, NotFoundError, RequestError, Transport, TransportError
from opensearchpy import ConnectionError as ClientConnectionError

from creators.errors import ClusterRefused, ClusterUnavailable, NotFound, Reaction
from creators.settings import Settings
from creators.stores.cluster import Cluster
from creators.stores.wire import _translate, boundary


@pytest.mark.parametrize(
    ("raised", "expected", "reaction"),
    [
        (NotFoundError(404, "index_not_found_exception", {}), NotFound, Reaction.REJECT),
        (ClientConnectionError("N/A", "refused", OSError("refused")), ClusterUnavailable, Reaction.RETRY),
        (ConnectionTimeout("TIMEOUT", "read timed out", OSError("late")), ClusterUnavailable, Reaction.RETRY),
        (TransportError(429, "too many", {}), ClusterUnavailable, Reaction.RETRY),
        (TransportError(502, "bad gateway", {}), ClusterUnavailable, Reaction.RETRY),
        (TransportError(503, "no shard", {}), ClusterUnavailable, Reaction.RETRY),
        (TransportError(504, "late", {}), ClusterUnavailable, Reaction.RETRY),
        (RequestError(400, "parsing_exception", {"error": "x"}), ClusterRefused, Reaction.STOP),
        (ConflictError(409, "conflict", {}), ClusterRefused, Reaction.STOP),
        (TransportError(500, "crash", {}), ClusterRefused, Reaction.STOP),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_of_the_client(raised, expected, reaction):
    ours = _translate(raised)
    assert type(ours) is expected
    assert ours.reaction is reaction
    assert str(raised.error) in ours.detail
    with pytest.raises(expected) as caught, boundary():
        raise raised
    assert caught.value.__cause__ is raised


def test_a_refusal_keeps_the_reason():
    assert "unknown field" in _translate(RequestError(400, "parsing_exception", {"reason": "unknown field"})).detail


def test_errors_that_are_not_the_clients_pass():
    with pytest.raises(KeyError), boundary():
        raise KeyError


def test_an_answer_that_was_torn_before_its_body_is_no_answer(monkeypatch):
    monkeypatch.setattr(Transport, "perform_request", lambda *_arguments, **_more: "")
    cluster = Cluster(Settings(opensearch_url="http://nowhere:9200"))
    with pytest.raises(ClusterUnavailable, match="not JSON"):
        cluster.search("creators", {})
    cluster.close()


@pytest.mark.parametrize(
    ("prefix", "logical", "name"),
    [("", "creators", "creators"), ("t1-", "creators", "t1-creators"), ("t1-", "a,b", "t1-a,t1-b")],
)
def test_names_carry_the_prefix(prefix, logical, name):
    cluster = Cluster(Settings(index_prefix=prefix, opensearch_url="http://nowhere:9200"))
    assert cluster.name(logical) == name
    cluster.close()
