"""Made creators: the same by seed, whatever the size; spread as they say; made once, whatever happens meanwhile."""

import hashlib
import math
import statistics

import numpy as np
import orjson
import pytest
import zstandard

from benchmarks.corpus import make as making
from benchmarks.corpus.block import document, make_block
from benchmarks.corpus.content import BLOCK, base_of, bases_before, is_first
from benchmarks.corpus.make import make
from benchmarks.corpus.people import made
from benchmarks.corpus.questions import SHARES, questions
from benchmarks.corpus.store import PARTS, Corpus, checksum, part_file
from benchmarks.corpus.tables import clauses, terms
from benchmarks.corpus.vectors import FAR, NEAR, turned
from creators.errors import BadInput, SetupError
from creators.models import Platform
from creators.settings import load_settings
from enrich.signals.embedding_text import embedding_text
from mappings.niches import NICHES
from search.filters import Filters

SEED = 7
SIZE = BLOCK + 40
FIRST_OF_ALL = "2699ef9d7ef76df4"


@pytest.fixture(scope="module")
def people():
    return [made(SEED, creator) for creator in range(0, 60_000, 100)]


def lines(block):
    return zstandard.decompress(block.lines).splitlines()


def test_the_first_creators_are_those_of_this_version():
    """Whoever changes them raises ``GENERATOR``: corpora that were made before are other people."""
    told = [
        (one.signals.text, [(account.account_id, account.handle, account.followers) for account in one.accounts])
        for one in (made(SEED, creator) for creator in range(5))
    ]
    assert hashlib.sha256(repr(told).encode()).hexdigest()[:16] == FIRST_OF_ALL


def test_a_creator_does_not_depend_on_the_size():
    small, large = make_block(SEED, 3, 3_020), make_block(SEED, 3, 3_060)
    assert len(lines(small)) == 20
    assert lines(small) == lines(large)[:20]
    assert np.array_equal(small.columns, large.columns[:20])
    assert lines(make_block(SEED + 1, 3, 3_020)) != lines(small)


def test_contents_are_brought_block_by_block():
    assert [bases_before(block) for block in (0, 1, 20, 21, 1_000)] == [0, 300, 6_000, 6_055, 59_900]
    for creator in (0, 299, 300, 999, 25_000, 25_054, 25_055, 999_999):
        block = creator // BLOCK
        own = base_of(SEED, creator)
        assert own < bases_before(block + 1)
        assert is_first(creator) == (own >= bases_before(block) and creator % BLOCK == own - bases_before(block))


def test_vectors_are_turned_as_far_as_they_say_and_no_row_depends_on_the_rest():
    base = np.eye(8, 384, dtype=np.float32)
    rows = turned(base, seed=SEED, block=2)
    assert np.array_equal(rows[:3], turned(base[:3], seed=SEED, block=2))
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    cosines = (rows * base).sum(axis=1)
    assert FAR - 1e-5 <= cosines.min() <= cosines.max() <= NEAR + 1e-5


def test_every_niche_has_terms_in_every_language():
    assert all(set(known) == set(clauses()) and all(known.values()) for known in terms())


def test_the_texts_and_documents_are_the_products(people):
    for one in people[:200]:
        assert one.signals.text == embedding_text(one.accounts, one.signals.niches)
        held = document(one)
        assert held["creator_id"] == one.creator_id
        assert held["followers"] if one.accounts[0].followers else True


def test_audiences_bios_and_engagement_are_spread_as_in_life(people):
    accounts = [account for one in people for account in one.accounts]
    instagram = [account for account in accounts if account.platform is Platform.INSTAGRAM]
    bios = [len(account.bio) for account in instagram if account.bio]
    assert 45 <= statistics.median(bios) <= 80
    assert max(bios) <= 150
    pairs = [(a.followers, a.engagement_rate) for a in accounts if a.followers and a.engagement_rate]
    sizes, rates = np.log10(np.array(pairs)).T
    assert -0.35 < np.polyfit(sizes, rates, 1)[0] < -0.1
    assert 1.3 < len(accounts) / len(people) < 1.9
    assert len({one.content.language for one in people}) >= 8
    largest = statistics.mean(math.log10(account.followers) for account in instagram if account.followers)
    assert 3.7 < largest < 4.5


@pytest.fixture(scope="module")
def killed_and_resumed(tmp_path_factory):
    """A corpus whose making was killed after its first part, and then went on."""
    folder = tmp_path_factory.mktemp("corpus")
    noted = making._note

    def once(plan, part, digest):
        noted(plan, part, digest)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "_note", once)
        with pytest.raises(KeyboardInterrupt):
            make(SIZE, folder, settings=load_settings(), seed=SEED, progress=False)
    with pytest.raises(SetupError, match="no finished corpus"):
        Corpus.open(folder)
    before = part_file(folder, 0).stat().st_mtime_ns
    part_file(folder, 1).write_bytes(b"torn")
    with (folder / PARTS).open("a") as notes:
        notes.write('{"part": "documents/1", "sha')
    corpus = make(SIZE, folder, settings=load_settings(), seed=SEED, progress=False)
    return corpus, before


def test_a_run_that_was_killed_goes_on(killed_and_resumed):
    corpus, before = killed_and_resumed
    assert part_file(corpus.folder, 0).stat().st_mtime_ns == before
    notes = [line for line in (corpus.folder / PARTS).read_text().splitlines() if line.endswith("}")]
    digests = {note["part"]: note["sha256"] for note in map(orjson.loads, notes)}
    assert digests["documents/1"] == checksum(part_file(corpus.folder, 1))
    expected = [
        orjson.loads(orjson.dumps(document(made(SEED, creator)), option=orjson.OPT_NON_STR_KEYS))
        for creator in range(998, 1_003)
    ]
    assert list(corpus.documents(998, 1_003)) == expected
    assert corpus.texts[1_002] == made(SEED, 1_002).signals.text
    assert len(corpus.columns) == len(list(corpus.lines())) == corpus.size == SIZE


def test_vectors_are_of_unit_length_and_do_not_depend_on_the_size(killed_and_resumed, tmp_path):
    corpus, _ = killed_and_resumed
    assert np.allclose(np.linalg.norm(corpus.vectors, axis=1), 1, atol=1e-5)
    small = make(12, tmp_path / "small", settings=load_settings(), seed=SEED, progress=False)
    assert np.array_equal(small.vectors, corpus.vectors[:12])
    with pytest.raises(SetupError, match="another size"):
        make(13, tmp_path / "small", settings=load_settings(), seed=SEED, progress=False)


def test_questions_are_the_same_by_seed_and_their_shares_are_true(killed_and_resumed):
    corpus, _ = killed_and_resumed
    asked = questions(corpus, 60, seed=1)
    assert asked == questions(corpus, 60, seed=1) != questions(corpus, 60, seed=2)
    assert {one.kind.partition("-")[0] for one in asked} == {"broad", "medium", "rare", "named", "filtered"}
    held = list(corpus.documents())
    for one in questions(corpus, 3 * len(SHARES), seed=3, mix="filtered"):
        passing = [document for document in held if passes(document, Filters.model_validate(one.filters))]
        assert len(passing) / corpus.size == pytest.approx(one.share)
        share = float(one.kind.split("-")[1])
        assert len(passing) >= share / 100 * corpus.size - 1
    with pytest.raises(BadInput, match="mix"):
        questions(corpus, 1, seed=1, mix="filtered:3")


def passes(document, filters):
    wanted = filters.followers
    fits = wanted is None or document.get("followers", -1) >= wanted.min
    return fits and (not filters.niches or not set(filters.niches).isdisjoint(document["niches"]))


def test_aligned_filters_pass_the_topic_and_opposed_ones_do_not(killed_and_resumed):
    corpus, _ = killed_and_resumed
    for place, way in enumerate(("aligned", "opposed")):
        for one in questions(corpus, 5, seed=4, mix=f"filtered:5:{way}"):
            topics = {niche.id for niche in NICHES if any(alias in one.text for alias in niche.aliases)}
            assert topics.isdisjoint(one.filters["niches"]) == bool(place) or not topics
