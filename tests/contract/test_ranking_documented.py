"""``docs/ranking.md`` lists every feature and profile as the code has them."""

import re
from pathlib import Path

import pytest

from search.rank.features import NEUTRAL, UNKNOWN_COSINE
from search.rank.model import ALIKE_SHARE, FEATURES, NAMED_SHARE, PROFILES

DOCUMENT = (Path(__file__).parents[2] / "docs" / "ranking.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
WEIGHT = re.compile(r"`(\w+)` ([\d.]+)")


def rows_under(heading: str) -> dict[str, tuple[str, str]]:
    section = DOCUMENT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {name: (first, second) for name, first, second in ROW.findall(section)}


def test_every_feature_is_documented_and_no_other():
    assert list(rows_under("Features")) == list(FEATURES)


def test_every_profile_is_documented_and_no_other():
    assert list(rows_under("Profiles")) == list(PROFILES)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_documented_as_it_is(name):
    description, weights = rows_under("Profiles")[name]
    assert description == PROFILES[name].description
    assert {feature: float(weight) for feature, weight in WEIGHT.findall(weights)} == dict(PROFILES[name].weights)


def test_the_constants_of_the_text_are_those_of_the_code():
    assert f"counts {NEUTRAL}" in DOCUMENT
    assert f"counts as {UNKNOWN_COSINE} of the least known" in DOCUMENT
    assert (NAMED_SHARE, ALIKE_SHARE) == (0.7, 0.35)
