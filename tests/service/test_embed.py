"""Vectors made ahead of a rebuild, over the real index: what lacks one, once, and where it was stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from api import cli
from creators.settings import as_environment
from creators.signals.creator import Signals
from enrich import revector, signal_store
from enrich.encoders.opened import open_encoder
from enrich.signals.compute import Computed
from enrich.signals.embedding_text import text_hash
from enrich.vectors import KnownVectors, vector_id
from mappings.registry import FAMILIES, definition, physical_name

TEXTS = {"a": "bakes rye bread", "b": "restores old boats", "c": "bakes rye bread", "d": "paints harbours"}


@pytest.fixture
def encoded_by_another(installation):
    encoder = open_encoder(installation.settings)
    for family in (one for one in FAMILIES if set(one.members) & {signal_store.INDEX, "vectors"}):
        (member,) = family.members
        physical = physical_name(member, family, encoder=encoder.fingerprint)
        installation.cluster.create_index(physical, definition(family.definition, encoder=encoder.fingerprint))
        installation.cluster.update_aliases([("add", physical, member)])
    computed = [
        Computed(
            Signals(
                creator_id=creator_id,
                text=text,
                text_hash=text_hash(text),
                encoder=encoder.fingerprint if creator_id == "d" else "another",
                vector=(0.0,) * encoder.dimension,
            ),
            {},
        )
        for creator_id, text in TEXTS.items()
    ]
    assert signal_store.save(installation.cluster, computed, version=1) == {}
    return installation.cluster, encoder


def test_texts_of_another_encoder_are_encoded_once(encoded_by_another, monkeypatch):
    cluster, encoder = encoded_by_another
    KnownVectors(cluster, encoder).forget()
    monkeypatch.setattr(revector, "PAGE", 2)
    assert revector.outdated(cluster, encoder.fingerprint) == 3
    steps = revector.encode_outdated(cluster, encoder)
    assert next(steps)[0] == 2
    steps.close()  # stopped after the first page
    KnownVectors(cluster, encoder).forget()
    *_, (done, lookups) = revector.encode_outdated(cluster, encoder)
    assert (done, lookups.encoded) == (3, 0)  # the third creator has the text of the first
    assert lookups.found == 2
    ids = {text: vector_id(encoder.fingerprint, text) for text in TEXTS.values()}
    kept = cluster.sources("vectors", ids.values())
    assert set(kept) == {ids["bakes rye bread"], ids["restores old boats"]}
    stored = np.array(signal_store.unpacked(kept[ids["restores old boats"]]["vector"]), dtype=np.float32)
    assert np.array_equal(stored, encoder.encode_one("restores old boats"))


def test_the_command_line_encodes_what_needs_it_once(encoded_by_another, installation):
    cluster, encoder = encoded_by_another
    KnownVectors(cluster, encoder).forget()
    run = CliRunner(env={**as_environment(installation.settings), "COLUMNS": "200", "NO_COLOR": "1"})
    for encoded in (2, 0):
        done = run.invoke(cli.app, ["embed", "--batch", "--json"], catch_exceptions=False)
        told = json.loads(done.stdout)
        assert (done.exit_code, told["encoder"], told["encoded"]) == (0, encoder.fingerprint, encoded)
        assert told["creators"] == 3
        KnownVectors(cluster, encoder).forget()
