"""The reference of peers: the shipped file is what the command makes of the bundled table, in groups that are large."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.signals.peers import OUT, document, merged, written
from enrich.signals.peer_groups import EDGES
from mappings.peers import MIN_PEERS, PeerGroup, reference


def test_the_shipped_reference_is_what_the_command_makes():
    made = document()
    assert written(made) == OUT.read_text(encoding="utf-8")
    assert json.loads(written(made)) == made
    assert reference() is reference()


@given(st.lists(st.integers(0, 500), min_size=1, max_size=len(EDGES) - 1))
def test_bands_are_merged_without_gaps_until_each_is_large_enough(counts):
    groups = merged(counts)
    if sum(counts) < MIN_PEERS:
        assert groups == []
        return
    assert all(sum(counts[band] for band in group) >= MIN_PEERS for group in groups)
    assert sum(counts[band] for group in groups for band in group) == sum(counts)
    assert [band for group in groups for band in group] == list(range(groups[0].start, groups[-1].stop))
    assert counts[groups[0].start] > 0
    assert counts[groups[-1].stop - 1] > 0


def test_a_group_has_a_lower_and_an_upper_end():
    peers = reference()
    group = next(one for one in peers.groups if one.platform == "tiktok")
    assert peers.group("tiktok", group.metric, group.least) is group
    assert peers.group("tiktok", group.metric, group.least - 1) is None
    assert peers.group("tiktok", group.metric, group.below) is None
    assert peers.group("tiktok", group.metric, None) is None
    assert peers.group("github", group.metric, group.least) is None


@pytest.mark.parametrize(
    ("value", "share"), [(0.5, 0.0), (1.0, 0.25), (3.0, 0.75), (2.0, 0.625), (5.0, 1.0), (9.0, 1.0)]
)
def test_percentiles_interpolate_and_take_the_middle_of_equals(value, share):
    group = PeerGroup("x", "m", 0, 1, 5, (1.0, 1.0, 1.0, 3.0, 5.0), 0.0, 1.0)
    assert group.percentile(value) == pytest.approx(share)
