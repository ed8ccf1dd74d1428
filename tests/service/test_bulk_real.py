"""The bulk writer against the real OpenSearch: every item ends where the documentation of the writer says."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from creators.errors import ClusterUnavailable
from creators.stores import bulk
from creators.stores.bulk import Action, write
from creators.stores.cluster import Cluster
from tests.fixtures.forwarder import Forwarder

INDEX = "identities"
HALF_EMOJI = "\ud83d"
OTHER_HALF = "\ude00"


@pytest.fixture(scope="module")
def stores(new_installation):
    return new_installation()


@pytest.fixture(scope="module")
def cluster(stores):
    return stores.cluster


@pytest.fixture
def requests(cluster, monkeypatch):
    """How many actions each request carried that was really sent."""
    sent = []
    send = cluster.bulk

    def counted(lines, **options):
        sent.append(sum(line.startswith((b'{"index":', b'{"delete":')) for line in lines.splitlines()))
        return send(lines, **options)

    monkeypatch.setattr(cluster, "bulk", counted)
    return sent


def identity(doc_id, value, version=None):
    return Action(INDEX, doc_id, {"creator_id": value}, version)


def removal(doc_id, version=None):
    return Action(INDEX, doc_id, None, version)


def one(cluster, action):
    """Write one action and return where it ended."""
    outcome = write(cluster, [action])
    places = {"written": outcome.written, "stale": outcome.stale, "refused": {r.action.doc_id for r in outcome.refused}}
    (place,) = [name for name, ids in places.items() if ids == {action.doc_id}]
    return place


def stored(cluster, *doc_ids):
    return {doc_id: doc["creator_id"] for doc_id, doc in cluster.sources(INDEX, doc_ids).items()}


@pytest.mark.parametrize(
    ("version", "place", "value"), [(4, "stale", "before"), (5, "written", "after"), (6, "written", "after")]
)
def test_only_an_older_version_is_stale(cluster, version, place, value):
    doc_id = f"versioned-{version}"
    assert one(cluster, identity(doc_id, "before", 5)) == "written"
    assert one(cluster, identity(doc_id, "after", version)) == place
    assert stored(cluster, doc_id) == {doc_id: value}


def test_a_deletion_has_a_version_too(cluster):
    assert one(cluster, identity("leaver", "here", 5)) == "written"
    assert one(cluster, removal("leaver", 4)) == "stale"
    assert stored(cluster, "leaver") == {"leaver": "here"}
    assert one(cluster, removal("leaver", 6)) == "written"
    assert stored(cluster, "leaver") == {}
    # A write that was on its way while the document was deleted must not bring it back.
    assert one(cluster, identity("leaver", "back", 5)) == "stale"
    assert stored(cluster, "leaver") == {}
    assert one(cluster, identity("leaver", "back", 7)) == "written"
    assert stored(cluster, "leaver") == {"leaver": "back"}


def test_deleting_what_is_not_there_is_done_already(cluster):
    assert one(cluster, removal("nobody")) == "written"
    assert one(cluster, removal("nobody-either", 3)) == "written"


def test_versions_count_within_one_request_as_well(cluster):
    outcome = write(cluster, [identity("twice", "new", 2), identity("twice", "old", 1)])
    assert (outcome.written, outcome.stale, outcome.refused) == ({"twice"}, {"twice"}, [])
    assert stored(cluster, "twice") == {"twice": "new"}


def test_without_a_version_the_last_write_stands(cluster):
    write(cluster, [identity("plain", "first"), identity("plain", "second")])
    assert stored(cluster, "plain") == {"plain": "second"}


def test_a_refused_item_has_its_reason_and_its_neighbours_land(cluster):
    unknown = Action(INDEX, "unknown", {"creator_id": "x", "surprise": 1}, 1)
    no_number = Action("receipts", "no-number", {"kind": "slice", "rows": "many"})
    outcome = write(cluster, [identity("left", "l"), unknown, no_number, identity("right", "r")])
    assert outcome.written == {"left", "right"}
    assert outcome.stale == set()
    assert [refusal.action for refusal in outcome.refused] == [unknown, no_number]
    strict, parsing = (refusal.reason for refusal in outcome.refused)
    assert strict.startswith("strict_dynamic_mapping_exception: ")
    assert "surprise" in strict
    assert parsing.startswith("mapper_parsing_exception: ")
    assert "rows" in parsing
    assert stored(cluster, "left", "unknown", "right") == {"left": "l", "right": "r"}
    assert cluster.sources("receipts", ["no-number"]) == {}


def test_half_an_emoji_lands_as_the_replacement_character(cluster):
    actions = [
        identity("cut", f"a{HALF_EMOJI}b"),
        identity("cut-too", f"{OTHER_HALF}"),
        identity("whole", f"{HALF_EMOJI}{OTHER_HALF}"),
        identity(f"id-{HALF_EMOJI}", "id"),
        identity("plain-neighbour", "p"),
    ]
    outcome = write(cluster, actions)
    assert outcome.refused == []
    assert outcome.written == {action.doc_id for action in actions}
    found = stored(cluster, "cut", "cut-too", "whole", "id-\ufffd", "plain-neighbour")
    assert found == {
        "cut": "a\ufffdb",
        "cut-too": "\ufffd",
        "whole": "\U0001f600",
        "id-\ufffd": "id",
        "plain-neighbour": "p",
    }


def test_line_breaks_and_control_characters_do_not_break_the_request(cluster):
    odd = 'a\nb\r\nc\u2028d\x00e\x85f"g\\'
    assert write(cluster, [identity("odd", odd), identity("next", "n")]).refused == []
    assert stored(cluster, "odd", "next") == {"odd": odd, "next": "n"}


def test_more_than_500_items_are_two_requests(cluster, requests):
    doc_ids = [f"many-{number}" for number in range(bulk.MAX_REQUEST_ITEMS + 1)]
    outcome = write(cluster, (identity(doc_id, doc_id) for doc_id in doc_ids), refresh=True)
    assert requests == [bulk.MAX_REQUEST_ITEMS, 1]
    assert outcome.written == set(doc_ids)
    assert cluster.count(INDEX, {"prefix": {"creator_id": "many-"}}) == len(doc_ids)


def test_large_items_are_split_by_size(cluster, requests):
    text = "x" * (bulk.MAX_REQUEST_BYTES * 2 // 5)
    letters = [Action("dlq", f"large-{number}", {"excerpt": text}) for number in range(3)]
    # Larger than a whole request: it goes alone.
    letters.insert(1, Action("dlq", "larger", {"excerpt": text * 3}))
    assert write(cluster, letters).written == {letter.doc_id for letter in letters}
    assert requests == [1, 1, 2]
    assert len(cluster.sources("dlq", [letter.doc_id for letter in letters], fields=[])) == len(letters)


def test_refresh_makes_it_visible_at_once(cluster):
    write(cluster, [identity("seen", "only-after-refresh")], refresh=True)
    assert cluster.count(INDEX, {"term": {"creator_id": "only-after-refresh"}}) == 1


def test_nothing_to_write_is_no_request(cluster, requests):
    assert write(cluster, []) == bulk.BulkOutcome()
    assert requests == []


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(bulk, "ATTEMPTS", 3)
    monkeypatch.setattr(bulk, "FIRST_WAIT_S", 0.01)


def reached_at(stores, url, **changes):
    return closing(Cluster(stores.settings.model_copy(update={"opensearch_url": url, **changes})))


def test_a_cluster_that_is_down_is_unavailable(stores, impatient):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{holder.getsockname()[1]}"
        with reached_at(stores, url) as lonely, pytest.raises(ClusterUnavailable, match="does not answer"):
            write(lonely, [identity("a", "a")])


def test_a_cluster_that_hangs_is_unavailable_and_sending_again_is_harmless(stores, impatient):
    """What was sent into the silence is written later, or never: nobody can know."""
    actions = [identity(f"hanging-{number}", str(number), 1) for number in range(3)]
    with (
        closing(Forwarder(stores.settings.opensearch_url)) as forwarder,
        reached_at(stores, forwarder.url, bulk_timeout_s=0.3) as slow,
    ):
        with forwarder.held(), pytest.raises(ClusterUnavailable, match="does not answer"):
            write(slow, actions)
        again = write(slow, actions)
    assert again == bulk.BulkOutcome(written={action.doc_id for action in actions})
    assert stored(stores.cluster, *again.written) == {f"hanging-{number}": str(number) for number in range(3)}
