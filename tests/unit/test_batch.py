"""What the records of one object say together, whichever source they come from."""

from datetime import UTC, datetime

from creators.models import Account, Platform, Post, RawRecord
from creators.stores.tallies import Count
from enrich.batch import Batch, Reader
from enrich.normalise import Normalised

AT = datetime(2026, 11, 1, tzinfo=UTC)


def record(body, *, kind="user", source="github_rest", target="profile:github:@ada"):
    about = {"platform": Platform.GITHUB, "source": source, "kind": kind, "native_id": "7", "fetched_at": AT}
    return RawRecord(**about, target=target, body=body)


def account(native_id):
    return Account(platform=Platform.X, native_id=native_id, source="x_api_v2", fetched_at=AT)


def post(about):
    return Post(platform=Platform.X, native_id="p", account_id=about, source="x_api_v2", fetched_at=AT)


def test_a_record_is_about_the_accounts_that_it_describes_and_those_whose_posts_it_carries():
    batch = Batch()
    batch.add(0, record({}), Normalised(accounts=(account("1"),), missing=("bio", "name")))
    batch.add(1, record({}), Normalised(accounts=(), posts=(post("x:1"), post("x:2")), missing=("bio",)))
    assert batch.records_of == {"0": ["x:1"], "1": ["x:1", "x:2"]}
    # Only what a record describes has been found for its target.
    assert batch.fetched == {"profile:github:@ada": ["x:1"]}
    told = {"source": "github_rest"}
    assert batch.quality == [
        Count("missing_fields", told | {"field": "bio"}, 2),
        Count("missing_fields", told | {"field": "name"}, 1),
    ]


def test_an_answer_of_another_form_costs_itself_and_is_counted():
    batch = Reader(lake=None).read("creator-raw/x/k", [record({"login": ["no", "text"]}), record({}, source="myspace")])
    assert [(letter.line, letter.error, letter.source) for letter in batch.letters] == [
        (0, "schema_drift", "github_rest"),
        (1, "bad_record", "myspace"),
    ]
    assert "myspace" in batch.letters[1].reason
    assert batch.quality == [Count("schema_drift", {"source": "github_rest"})]
    assert batch.records_of == {}
