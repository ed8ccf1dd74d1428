"""A match model that is learnt and put in force from the command line, over the real index."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from api import cli
from benchmarks.resolution.crowd import Crowd
from creators.errors import NotFound
from creators.models import Account, Platform
from creators.settings import as_environment
from creators.stores import receipts
from creators.stores.receipts import ObjectReceipt, State
from enrich.resolve import current, keyring, learning, resolution

SHOWN = ("native_id", "handle", "name", "bio", "website", "links", "country", "language", "followers")


def crowd(count):
    at = datetime(2026, 1, 10, tzinfo=UTC)
    for _, profile in Crowd.of(5).part(0, count):
        facts = {name: getattr(profile, name) for name in SHOWN}
        yield Account(platform=Platform(profile.platform), source="event", fetched_at=at, **facts)


def test_a_model_is_learnt_listed_put_in_force_and_taken_back(installation, monkeypatch):
    stores = installation
    accounts = list(crowd(500))
    keyring.save(stores.cluster, map(keyring.entry_of, accounts), {})
    booked = {"records_of": {"0": [accounts[0].account_id]}, "indexed": 1}
    receipts.save(stores.cluster, ObjectReceipt(key="crowd/0", records=1, state=State.INDEXED, **booked))
    monkeypatch.setattr(learning, "MIN_PAIRS", 100)
    run = CliRunner(env={**as_environment(stores.settings), "COLUMNS": "200", "NO_COLOR": "1"})

    def creatorscope(*words: str):
        done = run.invoke(cli.app, ["identity", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout if "--json" in words else done.output

    told = json.loads(creatorscope("learn", "--seed", "3", "--json"))
    assert (told["decisions"], told["adopted"], told["objects_queued"]) == (0, False, 0)
    assert json.loads(creatorscope("learn", "--seed", "3", "--json"))["version"] == told["version"]
    shipped = current.current(stores).version
    assert json.loads(creatorscope("models", "--json")) == {"in_force": shipped, "learnt": [told["version"]]}
    assert "1 objects are compared again" in creatorscope("adopt", told["version"])
    assert json.loads(creatorscope("models", "--json"))["in_force"] == told["version"]
    assert receipts.load(stores.cluster, "crowd/0").unresolved == 1
    resolution.resolve_one(stores, "crowd/0")
    assert receipts.load(stores.cluster, "crowd/0").unresolved == 0
    with pytest.raises(NotFound, match="no model 'ffff'"):
        creatorscope("adopt", "ffff")
    assert "in force" in creatorscope("learn", "--seed", "3", "--adopt")
    creatorscope("adopt", "shipped")
    assert current.current(stores).version == shipped
