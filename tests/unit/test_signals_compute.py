"""From facts to signals: text, vector, what stands, and independence of order and batch."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from creators.models import Account, Averages, Observation, Post
from creators.settings import load_settings
from creators.signals.content import Pronouns
from creators.signals.creator import NicheScore
from enrich.encoders.text import default_encoder
from enrich.signals.compute import Known, Workshop, compute_signals, derivable
from enrich.signals.embedding_text import MAX_CHARACTERS, embedding_text, text_hash
from enrich.signals.facts import CreatorFacts
from enrich.signals.registry import registered

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BIO = "Cocino recetas de mi abuela y las cuento despacio"


@pytest.fixture(scope="module")
def encoder():
    return default_encoder(load_settings().cache_dir, None, "cpu", 2)


@pytest.fixture(scope="module")
def workshop(encoder):
    vector = cache(encoder.encode_one)

    def encode(texts):
        return np.array([vector(text) for text in texts], dtype=np.float32).reshape(len(texts), encoder.dimension)

    return Workshop(registered(encode), encode, encoder.fingerprint)


def account(platform="youtube", native_id="1", **more):
    return Account(platform=platform, native_id=native_id, source="test", fetched_at=NOW, **more)


def post(number, account_id="youtube:1", **more):
    counts = {"views": 1_000, "likes": 40, "comments": 10}
    return Post(
        platform=account_id.partition(":")[0],
        native_id=str(number),
        account_id=account_id,
        posted_at=NOW - timedelta(days=number + 1),
        source="test",
        fetched_at=NOW,
        **counts | more,
    )


def cook():
    return CreatorFacts(
        creator_id="cook",
        accounts=(
            account(name="Rosa Cocina", bio=BIO, followers=52_000, topics=("Recipes",), categories=("Howto & Style",)),
            account("instagram", "7", name="rosa cocina", followers=90_000, averages=Averages(likes=800, comments=100)),
        ),
        posts=tuple(map(post, range(4))),
        observations={"youtube:1": (Observation(at=NOW - timedelta(days=30), followers=40_000),)},
    )


def only(workshop, facts):
    (found,) = compute_signals([facts], workshop)
    return found.signals


def test_everything_known_becomes_signals(encoder, workshop):
    found = only(workshop, cook())
    assert found.creator_id == "cook"
    assert {score.niche for score in found.niches} >= {"diy_crafts", "food"}
    assert (found.language.language, found.language.read_from) == ("es", "bio")
    assert found.language.confidence > 0.8
    assert [(e.platform, e.rate, e.method) for e in found.engagement if e.form is None] == [
        ("instagram", 0.01, "source_averages_per_follower"),
        ("youtube", 0.05, "sum_likes_comments_per_view"),
    ]
    assert ("youtube", 30, 0.3) in [(g.platform, g.window_days, g.rate) for g in found.growth]
    assert found.text_hash == text_hash(found.text)
    assert found.encoder == encoder.fingerprint
    assert np.array_equal(np.array(found.vector, dtype=np.float32), encoder.encode_one(found.text))


def test_order_of_accounts_posts_and_batch_does_not_matter(workshop):
    facts = cook()
    turned = CreatorFacts(facts.creator_id, facts.accounts[::-1], facts.posts[::-1], facts.observations)
    other = CreatorFacts("other", (account(native_id="9", handle="other", bio="Guitar lessons and songs"),))
    (alone,) = compute_signals([facts], workshop)
    batch = compute_signals([other, turned], workshop)
    assert batch[1] == alone
    assert batch[0] == compute_signals([other], workshop)[0]


def test_creator_of_whom_nothing_is_known_still_has_a_vector(workshop):
    found = only(workshop, CreatorFacts("blank", (account(),)))
    assert (found.text, found.niches, found.language, found.engagement, found.growth) == ("", (), None, (), ())
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-6)


def test_no_creators_no_signals(workshop):
    assert compute_signals([], workshop) == []


def test_composed_bio_is_text_but_tells_neither_language_nor_niche(workshop):
    bio = "Pastry chef. New cake and bread recipes every Sunday"
    written = only(workshop, CreatorFacts("a", (account(name="A", bio=bio),)))
    composed = only(workshop, CreatorFacts("b", (account(name="A", bio=bio, bio_composed=True),)))
    assert (written.language.language, written.niches[0].niche) == ("en", "food")
    assert (composed.language, composed.niches) == (None, ())
    assert bio in composed.text


def test_every_signal_fills_a_field_and_keeps_its_value_through_json(workshop):
    found = only(workshop, cook())
    names = [signal.name for signal in workshop.signals]
    assert len(set(names)) == len(names)
    again = type(found).model_validate_json(found.model_dump_json())
    assert again == found


class Echo:
    """A signal that counts whom it was asked about."""

    def __init__(self, name="pronouns", version="1", reads=lambda account: account.name):
        self.name, self.version, self.reads = name, version, reads
        self.asked = []

    def inputs(self, facts):
        return [self.reads(account) for account in facts.accounts]

    def compute(self, batch):
        self.asked += [facts.creator_id for facts in batch]
        return [
            Pronouns(pronouns=(facts.accounts[0].name,), declared=(self.version,), method="echo", as_of=NOW)
            for facts in batch
        ]


def echoing(*signals):
    return Workshop(signals, lambda texts: np.ones((len(texts), 2), dtype=np.float32), "none")


def stored(computed):
    return {one.signals.creator_id: Known(one.signals.model_dump(mode="json"), one.stamps) for one in computed}


def people():
    return [CreatorFacts(name, (account(native_id=name, name=name, bio="b"),)) for name in ("ada", "bo")]


def test_what_has_not_changed_stands():
    first = compute_signals(people(), echoing(Echo()))
    signal = Echo()
    workshop = echoing(signal)
    assert compute_signals(people(), workshop, stored(first)) == first
    assert signal.asked == []
    assert workshop.effort.computed == {("pronouns", "unchanged"): 2}


def test_a_new_version_computes_that_signal_only():
    bio = Echo("location", reads=lambda account: account.bio)
    bio.compute = lambda batch: [None for _ in batch]
    first = compute_signals(people(), echoing(Echo(), bio))
    changed, kept = Echo(version="2"), Echo("location", reads=lambda account: account.bio)
    found = compute_signals(people(), echoing(changed, kept), stored(first))
    assert (changed.asked, kept.asked) == (["ada", "bo"], [])
    assert [one.signals.pronouns.declared for one in found] == [("2",), ("2",)]


def test_a_changed_fact_computes_what_depends_on_it_only():
    known = stored(compute_signals(people(), echoing(Echo())))
    ada, bo = people()
    renamed = replace(bo, accounts=(bo.accounts[0].model_copy(update={"name": "bob"}),))
    told = replace(ada, accounts=(ada.accounts[0].model_copy(update={"bio": "other"}),))
    signal = Echo()
    workshop = echoing(signal)
    found = compute_signals([told, renamed], workshop, known)
    assert signal.asked == ["bo"]
    assert [one.signals.pronouns.pronouns for one in found] == [("ada",), ("bob",)]
    assert workshop.effort.computed == {("pronouns", "unchanged"): 1, ("pronouns", "inputs"): 1}


def test_nothing_is_derived_from_accounts_whose_source_forbids_it(workshop):
    facts = cook()
    kept = facts.accounts[0].model_copy(update={"may_derive": False})
    found = only(workshop, replace(facts, accounts=(kept, facts.accounts[1])))
    assert {one.platform for one in (*found.engagement, *found.growth)} == {"instagram"}
    assert (found.niches, found.language) == ((), None)
    assert BIO in found.text
    nothing = only(workshop, CreatorFacts("c", (kept,), facts.posts, facts.observations))
    empty = type(found)(
        creator_id="c", text=nothing.text, text_hash=nothing.text_hash, encoder=nothing.encoder, vector=nothing.vector
    )
    assert nothing == empty


def test_posts_and_history_of_accounts_that_may_not_be_used_are_not_seen():
    facts = cook()
    forbidden = tuple(one.model_copy(update={"may_derive": False}) for one in facts.accounts)
    assert derivable(replace(facts, accounts=forbidden)) == CreatorFacts("cook", ())


def test_text_is_capped_and_keeps_what_is_certain():
    accounts = [account(name="Ada", bio="river " * 1_000, topics=tuple(f"topic {i}" for i in range(60)))]
    text = embedding_text(accounts, [NicheScore(niche="food", confidence=0.9)])
    assert len(text) <= MAX_CHARACTERS
    assert text.startswith("Food & cooking. topic 0, topic 1,")
    assert "topic 19. river" in text
    assert "topic 20" not in text


def test_a_name_stands_for_a_creator_only_where_nobody_wrote_a_bio():
    named = account(name="Ada", topics=("Looms",))
    assert embedding_text([named], []) == "Ada. Looms"
    assert embedding_text([named.model_copy(update={"bio": "I weave"})], []) == "Looms. I weave"
    composed = named.model_copy(update={"bio": "YouTube channel", "bio_composed": True})
    assert embedding_text([composed], []) == "Ada. Looms. YouTube channel"


@pytest.mark.parametrize("size", [1, 7])
def test_a_creator_has_the_same_signals_in_every_batch(workshop, size):
    bios = json.loads((Path(__file__).parents[1] / "data" / "bios_by_language.json").read_text(encoding="utf-8"))
    facts = [CreatorFacts(code, (account(native_id=code, name=code, bio=bio),)) for code, bio in bios.items()]
    together = compute_signals(facts, workshop)
    apart = [one for at in range(0, len(facts), size) for one in compute_signals(facts[at : at + size], workshop)]
    assert apart == together


def test_text_of_equal_accounts_is_equal_and_another_text_has_another_hash():
    accounts = [account(name="Ada", followers=5), account("x", "2", name="Ada L.", followers=9)]
    assert embedding_text(accounts, []) == embedding_text(accounts[::-1], []) == "Ada L., Ada"
    assert text_hash("Ada") != text_hash("ada")
