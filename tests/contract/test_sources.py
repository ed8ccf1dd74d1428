"""What every source promises: a policy, limits, an address, a normaliser tested with payloads, a section to read."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import re
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from creators.models import Platform, Tier
from creators.settings import SourceSettings
from creators.targets import TaskKind, parse_target
from enrich import normalise
from fetchers.contract import Allowance, Policy, Source
from fetchers.sources import NAMES, all_sources

ROOT = Path(__file__).parents[2]
PAYLOADS = ROOT / "tests" / "fixtures" / "payloads"
SOURCES_PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
EXAMPLES = {
    TaskKind.PROFILE: "profile:{}:@somebody",
    TaskKind.SEARCH: "search:{}:pottery",
    TaskKind.PAGE: "page:{}:1 https://somebody.example/",
}
WITHOUT_ADDRESS = {"website", "browser"}
"""Sources that are led by the addresses in their targets."""

sources = pytest.mark.parametrize("name", NAMES)


def _source(name: str) -> Source:
    return all_sources()[name]


def _targets(source: Source):
    return [parse_target(EXAMPLES[kind].format(name)) for kind, names in source.serves.items() for name in names]


def test_every_module_of_a_source_is_registered():
    modules = {path.stem for path in (ROOT / "fetchers" / "sources").glob("*.py")} - {"__init__", "dataset"}
    assert modules == set(NAMES)
    assert len(set(NAMES)) == len(NAMES)


@sources
def test_a_source_has_all_of_the_contract(name):
    source = _source(name)
    assert source.name == name
    assert source.tier in get_args(Tier)
    assert importlib.import_module(f"fetchers.sources.{name}").SOURCE is source
    for member in ("allowances", "price_usd", "authorise", "judge", "quotas", "fetch"):
        ours, documented = getattr(type(source), member), getattr(Source, member)
        assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(documented), member
        assert list(inspect.signature(ours).parameters) == list(inspect.signature(documented).parameters), member
        assert ours.__doc__, member


@sources
def test_a_source_says_what_its_owner_and_the_law_allow(name):
    policy = _source(name).policy
    assert all(
        getattr(policy, field.name) is not None for field in dataclasses.fields(Policy) if field.name != "max_age_days"
    )
    assert policy.max_age_days is None or 1 <= policy.max_age_days <= 365
    assert urlsplit(policy.terms_url).scheme == "https"
    assert urlsplit(policy.terms_url).hostname
    assert len(policy.note) > 80
    assert policy.note.endswith(".")


@sources
def test_the_tier_of_a_source_is_that_of_its_kind(name):
    source = _source(name)
    assert source.tier == {"official": 1, "provider": 2, "website": 2, "browser": 3}[source.policy.kind]


@pytest.mark.parametrize("name", ["browser", "apify", "socialdata"])
def test_what_collects_without_an_interface_of_the_platform_needs_somebody_who_says_so(name):
    assert _source(name).policy.needs_acknowledgement


@sources
def test_a_source_serves_something(name):
    served = _source(name).serves
    assert served
    assert set(served) <= set(TaskKind)
    assert all(platforms and platforms <= set(Platform) for platforms in served.values())


def test_every_platform_has_an_official_source_of_its_profiles():
    official = [source for source in all_sources().values() if source.tier == 1]
    assert set().union(*(source.serves.get(TaskKind.PROFILE, frozenset()) for source in official)) == set(Platform)


@sources
def test_the_limits_of_a_source_are_positive_and_unambiguous(name):
    allowances = _source(name).allowances(SourceSettings())
    assert all(
        isinstance(one, Allowance) and one.endpoint and one.amount > 0 and one.window_s > 0 for one in allowances
    )
    assert len({(one.endpoint, one.window_s) for one in allowances}) == len(allowances)
    for day in filter(None, (one.day_of for one in allowances)):
        ZoneInfo(day)


@sources
def test_a_source_has_an_address_of_its_own_or_takes_those_of_its_targets(name):
    base = urlsplit(_source(name).base_url)
    if name in WITHOUT_ADDRESS:
        assert not base.geturl()
        return
    assert base.scheme == "https"
    assert base.hostname
    assert not base.query
    assert not base.path.endswith("/")


@sources
def test_whatever_a_source_serves_has_a_price(name):
    source = _source(name)
    prices = [source.price_usd(target) for target in _targets(source)]
    assert all(0 <= price < 1 for price in prices)
    assert source.tier != 1 or name == "x_api_v2" or not any(prices)


@sources
def test_a_source_has_a_normaliser_of_its_name(name):
    assert name in normalise.SOURCES
    assert callable(normalise.normaliser_of(name))


@sources
def test_every_kind_of_record_has_a_payload_that_tests_it(name):
    folder = PAYLOADS / name
    cases = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json") if _is_case(path)]
    assert cases, f"{folder} holds no payload"
    assert _filed_by(name) <= {case["kind"] for case in cases}
    assert {case["platform"] for case in cases} <= set(Platform)


@sources
def test_the_form_of_every_source_is_watched_for_drift(name):
    drift = json.loads((PAYLOADS / name / "drift.json").read_text(encoding="utf-8"))
    assert any(fields["core"] for fields in drift.values())
    assert all((PAYLOADS / name / f"{case}.json").is_file() for case in drift)


@sources
def test_a_source_has_a_section_that_people_read(name):
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", SOURCES_PAGE, re.MULTILINE | re.DOTALL)
    assert section, f"docs/sources.md has no section {name}"
    assert _filed_by(name) <= set(re.findall(r"`(\w+)`", section[1].partition("Records:")[2]))
    assert re.search(rf"^\| `{name}` \| {_source(name).tier} \|", SOURCES_PAGE, re.MULTILINE), "its row, its tier"
    if _source(name).policy.needs_acknowledgement:
        assert "ACKNOWLEDGED_BY" in section[1]


def _filed_by(name: str) -> set[str]:
    """The kinds of records that the module of a source names; those of Apify are the platforms."""
    code = (ROOT / "fetchers" / "sources" / f"{name}.py").read_text(encoding="utf-8")
    found = set(re.findall(r"\.record\(\s*\"(\w+)\"", code))
    return found or {str(platform) for names in _source(name).serves.values() for platform in names}


def _is_case(path: Path) -> bool:
    return path.name != "drift.json" and not path.name.endswith(".expected.json")
