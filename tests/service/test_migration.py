"""Indices that hold what is nowhere else are brought to a new definition, whole, whoever is in the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from creators.errors import ClusterRefused, IndexNotReady
from creators.stores import bulk, deadletters
from creators.stores.bulk import Action
from creators.stores.deadletters import DeadLetter, Wanted
from creators.stores.session import Stores
from indexers import migration, pipeline
from mappings import registry

COUNT = 50
OLDER = "dlq-0000000000"
NEW_FIELDS = ("letter_id", "state", "attempts", "records", "replayed_as", "target")


@pytest.fixture(scope="module")
def stores(new_installation):
    return new_installation()


@pytest.fixture
def older(stores, monkeypatch):
    """Dead letters as an earlier version kept them; returns the index that this version expects."""
    monkeypatch.setattr(migration, "PAGE", 20)
    cluster = stores.cluster
    (current,) = (name for name, held in cluster.aliases().items() if "dlq" in held)
    body = registry.definition("dlq", encoder="")
    for name in NEW_FIELDS:
        del body["mappings"]["properties"][name]
    body["mappings"]["properties"]["colour"] = {"type": "keyword"}
    cluster.create_index(OLDER, body)
    cluster.update_aliases([("add", OLDER, "dlq")], drop=[current])
    for last in range(2):
        bulk.write(
            cluster,
            [
                Action("dlq", f"letter{n}", {"stage": "fetch", "error": "bad_record", "line": last, "colour": "red"})
                for n in range(COUNT)
            ],
        )
    return current


def check_end(stores, current, count=COUNT):
    held = stores.cluster.aliases()
    assert held[current] == {"dlq"}
    assert OLDER not in held
    letters = deadletters.find(stores.cluster, Wanted(), limit=1000).letters
    assert len(letters) == len({letter["letter_id"] for letter in letters}) == count
    assert {(one["state"], one["attempts"], one["line"]) for one in letters if one["stage"] == "fetch"} == {
        ("open", 1, 1)
    }
    assert not any("colour" in letter for letter in letters)
    assert pipeline.prepare(stores) == []


def test_several_processes_at_once_bring_letters_to_the_new_definition(stores, older):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _n: pipeline.prepare(Stores(stores.settings)), range(3)))
    check_end(stores, older)


def test_a_migration_that_is_cut_off_is_gone_on_with(stores, older, monkeypatch):
    class Killed(BaseException):
        """As if the process ended here: nothing of the product catches it."""

    written = []

    def write(cluster, actions):
        if written:
            raise Killed
        written.extend(actions)
        return bulk_write(cluster, written)

    bulk_write = bulk.write
    with monkeypatch.context() as cut:
        cut.setattr(migration.bulk, "write", write)
        with pytest.raises(Killed):
            pipeline.prepare(stores)
    assert len(written) == 20
    # What is copied is read, and nobody may write behind the copy's back.
    assert stores.cluster.aliases()[OLDER] == {"dlq"}
    assert stores.cluster.count("dlq") == COUNT
    letter = DeadLetter("normalise", "bad_record", "why", raw_key="k", line=1)
    with pytest.raises(IndexNotReady, match="dlq"):
        bulk.write(stores.cluster, [Action("dlq", letter.letter_id, {"stage": "normalise"})])
    pipeline.prepare(stores)
    deadletters.add(stores.cluster, [letter])
    check_end(stores, older, COUNT + 1)


def test_letters_that_do_not_fit_stay_where_they_are(stores, older, monkeypatch):
    monkeypatch.setitem(migration.COMPLETED, "dlq", lambda _id, doc: doc | {"line": "not a number"})
    with pytest.raises(ClusterRefused, match="new definition"):
        pipeline.prepare(stores)
    assert stores.cluster.aliases()[OLDER] == {"dlq"}
    assert bulk.write(stores.cluster, [Action("dlq", "late", {"stage": "fetch", "line": 1})]).written == {"late"}
    monkeypatch.undo()
    pipeline.prepare(stores)
    check_end(stores, older, COUNT + 1)
