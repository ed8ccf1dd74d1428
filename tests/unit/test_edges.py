"""Evidence that accounts are one person, and what hangs together by it."""

from collections import defaultdict, deque
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.ids import creator_id
from creators.models import Account, Creator, Link
from enrich.profiles import Sighting
from enrich.resolve.edges import Edge, components, edges_of, handle_node, person_node
from enrich.resolve.neighbourhood import target_of
from enrich.resolve.resolver import _identity_actions, _survivor

AT = datetime(2026, 11, 1, tzinfo=UTC)
NODES = st.integers(0, 12).map(lambda number: f"x:{number}")
JOINS = st.lists(st.tuples(NODES, NODES), max_size=20)


def account(platform="youtube", native_id="UC1", **more):
    return Account(platform=platform, native_id=native_id, source="test", fetched_at=AT, **more)


def by_breadth_first_search(accounts, joins):
    """The naive way: walk from every node that was not seen yet."""
    near = defaultdict(set)
    for left, right in joins:
        near[left].add(right)
        near[right].add(left)
    seen, found = set(), set()
    for start in (*accounts, *near):
        if start in seen:
            continue
        group, waiting = set(), deque([start])
        while waiting:
            node = waiting.popleft()
            if node not in group:
                group.add(node)
                waiting.extend(near[node])
        seen |= group
        found.add(frozenset(group))
    return found


@given(st.lists(NODES, max_size=13), JOINS)
def test_components_are_what_a_walk_finds(accounts, joins):
    found = components(accounts, joins)
    assert {frozenset(group) for group in found} == by_breadth_first_search(accounts, joins)
    assert sum(map(len, found)) == len(set().union(*found))


@given(JOINS, st.randoms(use_true_random=False))
def test_the_order_of_evidence_does_not_matter(joins, random):
    shuffled = [(right, left) if random.random() < 0.5 else (left, right) for left, right in joins]
    random.shuffle(shuffled)
    assert set(map(frozenset, components([], shuffled))) == set(map(frozenset, components([], joins)))


def test_a_long_chain_is_one_component():
    chain = [(f"x:{number}", f"x:{number + 1}") for number in range(5000)]
    assert [len(group) for group in components([], chain)] == [5001]


def test_an_account_without_evidence_stands_alone():
    assert components(["x:1", "x:2"], []) == [{"x:1"}, {"x:2"}]
    assert edges_of(account(handle="rosa", name="Rosa", website="https://example.org")) == []


def test_a_shared_person_is_an_edge_to_the_person():
    one, other = account(person_key="congress:A1"), account("x", "9", person_key="congress:A1")
    edges = [*edges_of(one), *edges_of(other)]
    assert edges == [
        Edge("youtube:UC1", "person:congress:A1", "person_id", AT),
        Edge("x:9", "person:congress:A1", "person_id", AT),
    ]
    assert components([], [(edge.left, edge.right) for edge in edges]) == [
        {"youtube:UC1", "x:9", person_node("congress:A1")}
    ]


@pytest.mark.parametrize(
    ("link", "node"),
    [
        (Link(platform="x", handle="@Rosa "), "handle:x:rosa"),
        (Link(platform="x", handle="Rosa", native_id="9"), "x:9"),
        (Link(platform="youtube", native_id="UC2"), "youtube:UC2"),
        (Link(platform="instagram", handle="Ro\u200bsa"), "handle:instagram:rosa"),
    ],
)
def test_a_declared_link_is_an_edge(link, node):
    assert edges_of(account(links=(link,))) == [Edge("youtube:UC1", node, "declared_link", AT)]


@pytest.mark.parametrize(
    "link",
    [
        Link(platform="twitch", handle="rosa"),
        Link(platform="x", url="https://x.com/"),
        Link(platform="youtube", native_id="UC1"),
        # Of these no handle is left: one node would join everybody who has such a link.
        Link(platform="x", handle="@"),
        Link(platform="x", handle=" \u200b"),
    ],
    ids=["other network", "no id", "itself", "bare @", "invisible"],
)
def test_a_link_that_names_no_account_is_no_evidence(link):
    assert edges_of(account(links=(link,))) == []


def test_spellings_of_a_handle_are_one_node_and_platforms_are_not():
    assert handle_node("x", "@ROSA") == handle_node("x", "rosa")
    assert handle_node("x", "rosa") != handle_node("tiktok", "rosa")


@pytest.mark.parametrize(
    ("days", "account_id"),
    [(0, "x:1"), (4, "x:1"), (6, "x:2"), (500, "x:2"), (5, "x:1")],
    ids=["then", "nearer the first", "nearer the second", "long after", "as near: the smaller id"],
)
def test_a_handle_means_who_had_it_then(days, account_id):
    seen = {"handle:x:rosa": [Sighting("x:2", AT + timedelta(days=10)), Sighting("x:1", AT)]}
    link = Edge("youtube:UC1", "handle:x:rosa", "declared_link", AT + timedelta(days=days))
    assert target_of(link, seen) == account_id


def test_a_handle_that_nobody_was_seen_with_leads_nowhere():
    assert target_of(Edge("youtube:UC1", "handle:x:rosa", "declared_link", AT), {}) is None
    assert target_of(Edge("youtube:UC1", "x:9", "declared_link", AT), {}) == "x:9"


def test_the_same_evidence_is_the_same_edge():
    edge = Edge("x:1", "x:2", "declared_link", AT)
    later = Edge("x:1", "x:2", "declared_link", AT + timedelta(days=1))
    others = [
        Edge("x:2", "x:1", "declared_link", AT),
        Edge("x:1", "x:2", "person_id", AT),
        Edge("x:1", "x:3", "declared_link", AT),
    ]
    assert later.edge_id == edge.edge_id
    assert len({edge.edge_id, *(other.edge_id for other in others)}) == 4


@pytest.mark.parametrize(
    ("first_seen", "survivor"),
    [
        ({"x:1": "2026-02-01", "youtube:UC1": "2026-01-01", "github:7": "2026-03-01"}, "youtube:UC1"),
        ({"x:1": "2026-01-01", "youtube:UC1": "2026-01-01", "github:7": "2026-01-01"}, "github:7"),
    ],
    ids=["seen first", "smallest id"],
)
def test_the_account_seen_first_names_the_creator(first_seen, survivor):
    assert _survivor(first_seen, set(first_seen)) == survivor


def test_the_other_ids_redirect_to_the_survivor():
    own, other = creator_id("x:1"), creator_id("youtube:UC1")
    actions = _identity_actions(Creator(creator_id=own, account_ids=("x:1", "youtube:UC1")))
    assert {action.doc_id: action.doc for action in actions} == {
        own: {"creator_id": own, "account_ids": ["x:1", "youtube:UC1"], "redirect_to": None},
        other: {"creator_id": other, "account_ids": [], "redirect_to": own},
    }
