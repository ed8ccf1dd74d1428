"""Questions with one right answer: who has this handle, this id, and what is known about them."""

from __future__ import annotations

import sys

import pytest

from creators.text import normalise_handle
from tests.fixtures.oracle import read_oracle, seeded

SAMPLE = 100
LEAST_RANK_1 = {"handle": 0.65, "name": 0.90}
LEAST_RANK_10 = 0.9


@pytest.fixture(scope="module")
def oracle():
    return read_oracle()


@pytest.fixture(scope="module")
def sample(oracle):
    """Accounts whose handle one creator of their platform has."""
    holders = {}
    for one in oracle.accounts.values():
        holders.setdefault((one.platform, normalise_handle(one.handle or "")), []).append(one)
    single = [found[0] for (_, handle), found in sorted(holders.items()) if handle and len(found) == 1]
    return seeded(3).sample(single, SAMPLE)


def lookup(client, platform, handle):
    return client.get("/v1/creators/lookup", params={"platform": platform, "handle": handle})


@pytest.mark.parametrize(
    "spelling",
    [str, lambda handle: f"@{handle}", str.upper, lambda handle: f"  {handle} "],
    ids=["as is", "with @", "upper case", "with blanks"],
)
def test_a_handle_leads_to_its_creator(client, oracle, sample, spelling):
    for account in sample:
        answer = lookup(client, account.platform, spelling(account.handle))
        assert answer.status_code == 200, (account.account_id, answer.text)
        assert answer.json()["creator_id"] == oracle.creator_of[account.account_id]


def test_facts_in_an_answer_are_those_of_the_row(client, oracle, sample):
    for account in sample:
        row = oracle.rows[account.account_id]
        creator = lookup(client, account.platform, account.handle).json()
        shown = creator["accounts"][row["platform"]]
        assert shown["handle"] == row["handle"]
        assert shown.get("followers") == (int(row["followers"]) if row["followers"] else None)
        assert shown.get("posts") == (int(row["posts"]) if row["posts"] else None)
        assert shown["provenance"] == row["source_file"]
        assert shown["as_of"][:10] == row["observed_at"]
        assert not row["country"] or row["country"] in creator["countries"]
        assert row["name"] in creator["names"]


def test_an_id_leads_to_the_same_creator(client, oracle, sample):
    for account in sample[:20]:
        creator_id = oracle.creator_of[account.account_id]
        answer = client.get(f"/v1/creators/{creator_id}")
        assert answer.status_code == 200
        assert answer.json() == lookup(client, account.platform, account.handle).json()


@pytest.mark.parametrize("what", ["handle", "name"])
def test_free_text_puts_an_exact_handle_or_name_on_top(client, oracle, sample, what):
    """Not always: free text ranks by more than the name, and an exact handle is what lookup is for."""
    ranks = []
    for account in sample:
        body = {"text": getattr(account, what) or account.handle, "limit": 10}
        hits = client.post("/v1/creators/search", json=body).json()["hits"]
        ids = [hit["creator_id"] for hit in hits]
        wanted = oracle.creator_of[account.account_id]
        ranks.append(ids.index(wanted) + 1 if wanted in ids else 0)
    first, ten = ranks.count(1) / SAMPLE, 1 - ranks.count(0) / SAMPLE
    sys.stdout.write(f"rank 1: {first:.0%}, first ten: {ten:.0%} of exact {what}s\n")
    assert first >= LEAST_RANK_1[what]
    assert ten >= LEAST_RANK_10


def test_a_prefix_completes_to_its_creator(client, oracle, sample):
    for account in sample[:30]:
        wanted = oracle.creator_of[account.account_id]
        answer = client.get("/v1/suggest", params={"q": account.handle, "limit": 20})
        assert answer.status_code == 200
        assert wanted in [one["creator_id"] for one in answer.json()], account.handle


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/creators/lookup?platform=x&handle=nobody-has-this-handle", "nobody-has-this-handle"),
        ("/v1/creators/lookup?platform=github&handle=%40%40", "@@"),
        ("/v1/creators/00000000-0000-0000-0000-000000000000", "00000000"),
        ("/v1/creators/instagram:cristiano", "instagram:cristiano"),
    ],
)
def test_nobody_is_a_404_that_says_who_was_asked_for(client, path, shown):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert shown in answer.json()["detail"]
