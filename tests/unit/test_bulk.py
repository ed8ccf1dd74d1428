"""The bulk writer: every item ends in exactly one place, whatever the cluster answers.

The answers are scripted, because a real cluster cannot be made to refuse one item of many for lack of room on demand;
the request lines are the real ones.
"""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from creators.errors import ClusterUnavailable, IndexNotReady
from creators.models import Platform
from creators.stores import bulk
from creators.stores.bulk import Action, write

NO_ROOM = {"type": "rejected_execution_exception", "reason": "queue is full"}
OLD = {"type": "version_conflict_engine_exception", "reason": "newer"}
STRICT = {"type": "strict_dynamic_mapping_exception", "reason": "no field x"}


class ScriptedCluster:
    """Answers each request from a script, then writes everything; keeps what it was sent."""

    def __init__(self, *script):
        self.script = list(script)
        self.requests = []
        self.bytes = []
        self.refreshes = []

    def name(self, logical):
        return f"p-{logical}"

    def bulk(self, lines, *, refresh=False):
        self.bytes.append(len(lines))
        self.refreshes.append(refresh)
        parsed = [json.loads(line) for line in lines.decode().split("\n") if line]
        metas = [
            line
            for line in parsed
            if isinstance(target := next(iter(line.values()), None), dict) and "_index" in target
        ]
        self.requests.append(parsed)
        answer = self.script.pop(0) if self.script else {}
        if isinstance(answer, Exception):
            raise answer
        return {"items": [self._item(meta, answer) for meta in metas]}

    @staticmethod
    def _item(meta, answer):
        ((verb, target),) = meta.items()
        status, error = answer.get(target["_id"], (200, None))
        return {verb: {"_id": target["_id"], "status": status} | ({"error": error} if error else {})}

    def ids_sent(self):
        return [[next(iter(line.values()))["_id"] for line in sent if "index" in line] for sent in self.requests]


@pytest.fixture
def waits(monkeypatch):
    waited = []
    monkeypatch.setattr(bulk.time, "sleep", waited.append)
    return waited


def action(doc_id, doc=None, **more):
    return Action("things", doc_id, {"v": doc_id} if doc is None else doc, **more)


def test_the_lines_of_a_request():
    cluster = ScriptedCluster()
    outcome = write(cluster, [action("a", {"t": "ñ\n\u2028"}, version=7), Action("things", "b", None), action("c")])
    assert cluster.requests == [
        [
            {"index": {"_index": "p-things", "_id": "a", "version": 7, "version_type": "external_gte"}},
            {"t": "ñ\n\u2028"},
            {"delete": {"_index": "p-things", "_id": "b"}},
            {"index": {"_index": "p-things", "_id": "c"}},
            {"v": "c"},
        ]
    ]
    assert (outcome.written, outcome.stale, outcome.refused) == ({"a", "b", "c"}, set(), [])
    assert cluster.refreshes == [False]


def test_a_document_is_made_where_there_is_none_and_fields_are_changed_of_one_that_is_there(waits):
    old = {"type": "version_conflict_engine_exception", "reason": "it is there"}
    cluster = ScriptedCluster({"a": (409, old), "b": (409, OLD)})
    outcome = write(cluster, [action("a", how="create"), action("b", how="update")])
    assert cluster.requests[0] == [
        {"create": {"_index": "p-things", "_id": "a"}},
        {"v": "a"},
        {"update": {"_index": "p-things", "_id": "b", "retry_on_conflict": bulk.ATTEMPTS}},
        {"doc": {"v": "b"}},
    ]
    # One that is there stays; two who change one at the same time wait for each other.
    assert (outcome.stale, outcome.written) == ({"a"}, {"b"})
    assert cluster.requests[1] == cluster.requests[0][2:]
    assert len(waits) == 1


def test_nothing_to_write_is_no_request():
    cluster = ScriptedCluster()
    assert write(cluster, []).written == set()
    assert cluster.requests == []


def test_refresh_is_passed_on():
    cluster = ScriptedCluster()
    write(cluster, [action("a")], refresh=True)
    assert cluster.refreshes == [True]


@pytest.mark.parametrize(("count", "requests"), [(500, [500]), (501, [500, 1]), (1100, [500, 500, 100])])
def test_a_request_has_at_most_500_items(count, requests):
    cluster = ScriptedCluster()
    outcome = write(cluster, (action(str(number)) for number in range(count)))
    assert [len(ids) for ids in cluster.ids_sent()] == requests
    assert len(outcome.written) == count


def test_a_request_has_at_most_5_mb():
    cluster = ScriptedCluster()
    write(cluster, [action(str(number), {"t": "é" * 500_000}) for number in range(9)])
    assert [len(ids) for ids in cluster.ids_sent()] == [4, 4, 1]
    assert max(cluster.bytes) <= bulk.MAX_REQUEST_BYTES


def test_an_item_larger_than_a_request_goes_alone():
    cluster = ScriptedCluster()
    outcome = write(cluster, [action("small"), action("large", {"t": "x" * 6_000_000}), action("last")])
    assert cluster.ids_sent() == [["small"], ["large"], ["last"]]
    assert outcome.written == {"small", "large", "last"}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_items_refused_for_lack_of_room_are_sent_again_and_only_they(status, waits):
    first = {"b": (status, NO_ROOM), "d": (status, NO_ROOM)}
    cluster = ScriptedCluster(first, {"d": (status, NO_ROOM)})
    outcome = write(cluster, [action(one) for one in "abcd"])
    assert cluster.ids_sent() == [["a", "b", "c", "d"], ["b", "d"], ["d"]]
    assert (outcome.written, outcome.stale, outcome.refused) == ({"a", "b", "c", "d"}, set(), [])
    assert len(waits) == 2


def test_each_item_ends_in_one_place(waits):
    cluster = ScriptedCluster({"b": (409, OLD), "c": (400, STRICT), "d": (429, NO_ROOM), "e": (404, None)}, {})
    actions = [action("a"), action("b"), action("c"), action("d"), Action("things", "e", None)]
    outcome = write(cluster, actions)
    assert (outcome.written, outcome.stale) == ({"a", "d", "e"}, {"b"})
    assert outcome.refused == [bulk.Refusal(actions[2], "strict_dynamic_mapping_exception: no field x")]
    assert cluster.ids_sent()[1:] == [["d"]]


def test_a_missing_index_is_no_fault_of_the_item():
    missing = {"type": "index_not_found_exception", "reason": "no such alias"}
    with pytest.raises(IndexNotReady, match="rebuilt"):
        write(ScriptedCluster({"a": (404, missing)}), [action("a")])


def test_a_lost_connection_is_tried_again(waits):
    cluster = ScriptedCluster(ClusterUnavailable("gone"), ClusterUnavailable("gone"))
    outcome = write(cluster, [action("a"), action("b")])
    assert cluster.ids_sent() == [["a", "b"]] * 3
    assert outcome.written == {"a", "b"}
    assert len(waits) == 2


def test_waits_grow_and_have_an_end(waits):
    with pytest.raises(ClusterUnavailable, match="gone"):
        write(ScriptedCluster(*[ClusterUnavailable("gone")] * bulk.ATTEMPTS), [action("a")])
    assert len(waits) == bulk.ATTEMPTS - 1
    for attempt, wait in enumerate(waits):
        middle = min(bulk.MAX_WAIT_S, bulk.FIRST_WAIT_S * 2**attempt)
        assert middle * 0.5 <= wait <= middle * 1.5


def test_no_room_for_good_is_an_error_that_says_how_many(waits):
    cluster = ScriptedCluster(*[{"b": (429, NO_ROOM), "c": (503, NO_ROOM)}] * (bulk.ATTEMPTS + 1))
    with pytest.raises(ClusterUnavailable, match="2 items"):
        write(cluster, [action(one) for one in "abc"])
    assert cluster.ids_sent() == [["a", "b", "c"], *[["b", "c"]] * bulk.ATTEMPTS]


def test_a_request_that_gets_on_is_not_given_up_however_slowly(waits):
    names = [str(number) for number in range(3 * bulk.ATTEMPTS)]
    refusals = [dict.fromkeys(names[done:], (429, NO_ROOM)) for done in range(1, len(names))]
    assert write(ScriptedCluster(*refusals, {}), [action(one) for one in names]).written == set(names)
    assert max(waits) <= bulk.FIRST_WAIT_S * 1.5


def test_requests_before_a_lost_connection_stay_written(waits):
    cluster = ScriptedCluster({}, *[ClusterUnavailable("gone")] * bulk.ATTEMPTS)
    with pytest.raises(ClusterUnavailable):
        write(cluster, [action(str(number)) for number in range(501)])
    assert [len(ids) for ids in cluster.ids_sent()] == [500, *[1] * bulk.ATTEMPTS]


def test_attempts_are_counted_for_each_request(waits):
    lost = ClusterUnavailable("gone")
    cluster = ScriptedCluster(*[lost] * (bulk.ATTEMPTS - 1), {}, *[lost] * (bulk.ATTEMPTS - 1), {})
    assert len(write(cluster, [action(str(number)) for number in range(501)]).written) == 501


@pytest.mark.parametrize("bad", ["", "a" * 513, "é" * 257])
def test_an_id_that_cannot_be_costs_its_item_only(waits, bad):
    cluster = ScriptedCluster()
    outcome = write(cluster, [action("a"), action(bad, {}), action("é" * 256)])
    assert outcome.written == {"a", "é" * 256}
    assert [refusal.action.doc_id for refusal in outcome.refused] == [bad]


def test_an_error_that_is_ours_is_not_tried_again(waits):
    with pytest.raises(TypeError):
        write(ScriptedCluster(TypeError("a bug")), [action("a")])
    assert waits == []


@given(st.text(st.characters(exclude_categories=()), max_size=20))
@example("_index")
def test_no_text_breaks_a_request(text):
    cluster = ScriptedCluster()
    outcome = write(cluster, [action("a", {"t": text}), action("b")])
    assert outcome.written == {"a", "b"}
    assert (
        cluster.requests[0][1]["t"].encode()
        == text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    )


def test_a_lone_surrogate_becomes_the_replacement_character():
    cluster = ScriptedCluster()
    write(cluster, [action("a", {"\udc00": "x\ud800y"})])
    assert cluster.requests[0][1] == {"\ufffd": "x\ufffdy"}


def test_a_document_is_encoded_as_the_standard_library_would():
    value = {"text": "ñ\u2028", Platform.X: {"n": -0.1, "many": [1, 2**63], "none": None}, "big": 2**70}
    assert json.loads(bulk.encoded(value)) == json.loads(json.dumps(value))
    assert bulk.encoded({"x": 1e-7, "a": [True]}) == b'{"x":1e-7,"a":[true]}'


def test_half_a_character_is_replaced_and_what_is_no_number_is_not_hidden():
    assert bulk.encoded({"bio": "a\ud83d", "n": 1}) == '{"bio":"a\ufffd","n":1}'.encode()
    # OpenSearch refuses it; as null the field would be empty without a word.
    assert bulk.encoded({"rate": float("nan")}) == b'{"rate":NaN}'
    assert bulk.encoded({"v": np.array([1, np.inf], dtype=np.float32)}) == b'{"v":[1.0,Infinity]}'


def test_arrays_are_written_with_the_digits_that_they_have():
    vector = np.round(np.array([0.1234567, -0.5], dtype=np.float32), 5)
    assert bulk.encoded({"v": vector}) == b'{"v":[0.12346,-0.5]}'
    with pytest.raises(TypeError, match="holds a set"):
        bulk.encoded({"v": {1}})
