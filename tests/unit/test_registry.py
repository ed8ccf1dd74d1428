"""Index definitions and the names that follow from them: a changed definition is another index."""

import json

import pytest

from creators.models import Platform
from indexers.lifecycle import _alias_actions
from mappings import registry
from mappings.registry import CREATORS, FAMILIES, HASH_DIGITS, definition, physical_name, schema_hash

NAMES = [family.definition for family in FAMILIES]


@pytest.fixture
def edited(monkeypatch):
    """Let the registry read other files."""
    real = registry._read

    def edit(path, change):
        def read(asked):
            body = json.loads(real(asked))
            if asked == path:
                change(body)
            return json.dumps(body)

        monkeypatch.setattr(registry, "_read", read)

    return edit


@pytest.mark.parametrize("name", NAMES)
def test_every_definition_loads_and_is_strict(name):
    body = definition(name, encoder="any")
    assert set(body) == {"settings", "mappings"}
    assert body["mappings"]["dynamic"] == "strict"
    assert body["mappings"]["properties"]


def test_a_definition_is_a_copy():
    definition("signals", encoder="any")["mappings"]["properties"].clear()
    assert definition("signals", encoder="any")["mappings"]["properties"]


def test_only_creators_depend_on_the_encoder():
    changed = [name for name in NAMES if schema_hash(name, encoder="a") != schema_hash(name, encoder="b")]
    assert changed == [CREATORS]
    assert definition(CREATORS, encoder="a")["mappings"]["_meta"] == {"encoder": "a"}
    assert definition(CREATORS, encoder="a")["settings"]["analysis"]["analyzer"]


@pytest.mark.parametrize(
    ("path", "change", "renamed"),
    [
        (
            "indices/signals.json",
            lambda body: body["mappings"]["properties"].update(new={"type": "keyword"}),
            "signals",
        ),
        ("indices/dlq.json", lambda body: body["settings"].update(number_of_replicas=7), "dlq"),
        ("analysis/analyzers.json", lambda body: body["analyzer"].update(new={"tokenizer": "standard"}), CREATORS),
        ("indices/creators.json", lambda body: body["mappings"]["properties"].pop("bio"), CREATORS),
    ],
    ids=["field", "setting", "analysis", "field dropped"],
)
def test_a_changed_definition_is_another_index(edited, path, change, renamed):
    before = {name: schema_hash(name, encoder="any") for name in NAMES}
    edited(path, change)
    after = {name: schema_hash(name, encoder="any") for name in NAMES}
    assert {name for name in NAMES if before[name] != after[name]} == {renamed}


def test_the_order_of_keys_is_no_change(edited):
    before = schema_hash("signals", encoder="any")

    def reverse(body):
        body["mappings"]["properties"] = dict(reversed(body["mappings"]["properties"].items()))

    edited("indices/signals.json", reverse)
    assert schema_hash("signals", encoder="any") == before


def test_physical_names():
    family = next(family for family in FAMILIES if family.definition == "profiles")
    digest = schema_hash("profiles", encoder="any")
    assert len(digest) == HASH_DIGITS
    assert physical_name("profiles-x", family, encoder="any") == f"profiles-x-{digest}"
    assert physical_name("profiles-x", family, encoder="any", generation=2) == f"profiles-x-{digest}-2"


def test_members_of_the_families():
    members = {family.definition: family.members for family in FAMILIES}
    assert members[CREATORS] == (CREATORS,)
    assert members["profiles"] == tuple(f"profiles-{platform}" for platform in Platform)
    assert members["posts"] == tuple(f"posts-{platform}" for platform in Platform)
    everybody = [member for family in FAMILIES for member in family.members]
    assert len(everybody) == len(set(everybody))
    assert {family.definition for family in FAMILIES if family.is_split} == {"profiles", "posts"}


def test_what_the_lake_does_not_hold_is_never_dropped():
    kept = [family.definition for family in FAMILIES if not family.derived]
    assert kept == ["dlq", "tasks", "fetches", "pictures", "vectors", "quality"]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.definition)
def test_a_member_has_its_write_alias_and_a_split_family_a_read_alias(family):
    for member in family.members:
        expected = [("add", "physical", member)]
        if family.is_split:
            expected.append(("add", "physical", family.definition))
        assert _alias_actions(member, family, "physical") == expected


def test_no_alias_of_a_split_family_is_the_name_of_a_member():
    members = {member for family in FAMILIES for member in family.members}
    assert not members & {family.definition for family in FAMILIES if family.is_split}
