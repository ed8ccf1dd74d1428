"""The benchmark of identity: what it reads, draws, hides and counts."""

from __future__ import annotations

import json
import os
from collections import Counter
from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.resolution.baselines import baselines
from benchmarks.resolution.calibration import calibration
from benchmarks.resolution.ceiling import ceiling, evident_pairs, true_pairs
from benchmarks.resolution.metrics import b_cubed, pairwise, scores
from benchmarks.resolution.oracle import oracle
from benchmarks.resolution.people import Handle, Person, read_handle, read_people
from benchmarks.resolution.pipeline import evidences, resolve
from benchmarks.resolution.pool import DISTRACTORS, LEVELS, Pool, PoolAccount, make_pool
from benchmarks.resolution.report import Options, report
from benchmarks.resolution.shown import drawn_bios, pieces
from benchmarks.resolution.splink_defaults import splink_defaults
from benchmarks.resolution.table import rows as rows_of_table
from creators.errors import BadInput
from enrich.resolve import learning
from enrich.resolve.comparisons import COMPARISONS
from enrich.resolve.estimation import Labelled
from enrich.resolve.learning import counted, expectation, learn
from enrich.resolve.model import MatchModel
from enrich.resolve.thresholds import MERGE

GIVEN = ("Ada", "Grace", "Katherine", "Edsger", "Barbara", "Donald", "Radia", "Margaret", "Leslie", "Frances")
SURNAMES = ("Lovelace", "Hopper", "Johnson", "Dijkstra", "Liskov", "Knuth", "Perlman", "Hamilton", "Lamport", "Allen")


def person(at, name, bio, accounts):
    return Person(
        person_id=str(at),
        names=(name,),
        equal_names=False,
        bio=bio,
        websites=(f"https://site{at}.example/",),
        accounts=tuple(accounts),
    )


def people() -> list[Person]:
    """Forty people who write their handles in the ways people do."""
    made = []
    for at in range(40):
        first, last = GIVEN[at % 10], SURNAMES[(at * 3 + at // 10) % 10]
        handles = (f"{first}{last}{at}", f"{first[0]}{last}_{at}", f"code{at}maker")
        accounts = [Handle(p, h.lower(), None) for p, h in zip(("x", "github", "mastodon"), handles, strict=True)]
        accounts.append(Handle("youtube", None, f"UC{at:022}"))
        bio = f"Writes compilers in city {at}, keeps bees and paints; number{at} of her village."
        made.append(person(at, f"{first} {last}", bio, accounts))
    return made


@pytest.mark.parametrize(
    ("platform", "written", "handle", "native_id"),
    [
        ("x", "@Jane", "Jane", None),
        ("x", "i/user/1136426470174101504", None, "1136426470174101504"),
        ("youtube", "UCifj0qRCrnFi1KWZ-lSvE-g/videos", None, "UCifj0qRCrnFi1KWZ-lSvE-g"),
        ("youtube", "UC8nYxM0Cl6GMrY-LboUktYw?app=desktop", None, "UC8nYxM0Cl6GMrY-LboUktYw"),
        ("youtube", "c/JaneMakes", "JaneMakes", None),
        ("mastodon", "https://ruby.example/@jane", "jane", None),
        ("mastodon", "@jane@ruby.example", "jane", None),
        ("bluesky", "jane.bsky.social\u202c", "jane", None),
        ("bluesky", "jane.dev", "jane.dev", None),
        ("facebook", "State-Rep-Jane/100057979392160", "State-Rep-Jane", None),
        ("facebook", "291645097649558?ref=hl", None, "291645097649558"),
        ("facebook", "profile.php?id=100012345678901", None, "100012345678901"),
        ("linkedin", "jan%C3%A9-doe", "jané-doe", None),
    ],
)
def test_a_handle_is_read_as_the_network_would_give_it(platform, written, handle, native_id):
    assert read_handle(platform, written) == Handle(platform, handle, native_id)


@pytest.mark.parametrize("written", ["", "  ", "@", "/", "playlist?list=PLjtqNtfs0bg", "https://"])
def test_what_names_no_account_is_none(written):
    assert read_handle("youtube", written) is None


@given(st.text(max_size=60), st.sampled_from(["x", "youtube", "facebook", "a network nobody knows"]))
def test_any_text_is_an_account_or_none(written, platform):
    found = read_handle(platform, written)
    assert found is None or bool(found.handle) != bool(found.native_id)


def test_a_file_of_people_is_read_with_whatever_it_leaves_out(tmp_path):
    rows = [
        {"name": {"jp": "ジェーン", "en": "Jane"}, "accounts": [{"platform": "x", "handle": "jane", "kind": "relay"}]},
        {"name": "Doe, J.", "first": "Jane", "last": "Doe", "accounts": [{"platform": "x", "handle": "doe"}]},
        {"name": "Agency", "type": "group", "accounts": [{"platform": "x", "handle": "agency"}]},
        {
            "name": "Ann",
            "ambiguous_platforms": ["x"],
            "accounts": [{"platform": "x", "handle": "ann"}, {"handle": "?"}],
        },
        {"name": "One", "accounts": [{"platform": "x", "handle": "both"}, {"platform": "y", "handle": None}]},
        {"name": "Two", "accounts": [{"platform": "x", "handle": "@Both"}, {"platform": "y", "handle": "two"}]},
        {"name": None, "bio": None, "accounts": None, "website": "http://[", "websites": ["nowhere", 3]},
    ]
    path = tmp_path / "people.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n", encoding="utf-8")
    found = read_people(path)
    assert [(person.names, [one.account_id for one in person.accounts]) for person in found] == [
        (("ジェーン", "Jane"), []),
        (("J. Doe", "Jane Doe"), ["x:@doe"]),
        (("Ann",), []),
        (("One",), []),
        (("Two",), ["y:@two"]),
        ((), []),
    ]
    assert not found[5].websites
    assert found[0].equal_names
    assert not found[1].equal_names


@pytest.mark.parametrize("line", ["{", "[]", "3"])
def test_a_line_that_is_no_object_is_named(tmp_path, line):
    (tmp_path / "people.jsonl").write_text("{}\n" + line, encoding="utf-8")
    with pytest.raises(ValueError, match="line 2"):
        read_people(tmp_path / "people.jsonl")


def test_a_pool_is_the_same_for_a_seed_and_hides_who_is_who():
    pool, again, other = (make_pool(people(), seed) for seed in (1, 1, 2))
    assert pool == again
    assert pool != other
    ids = [account.account_id for account in pool.accounts]
    assert ids == sorted(set(ids))
    assert pool.truth.keys() == set(ids)
    assert len(pool.strangers) / len(ids) >= DISTRACTORS
    assert max(Counter(pool.truth.values()).values()) == 4
    assert all(count == 1 for person, count in Counter(pool.truth.values()).items() if person.startswith("stranger:"))


def test_strangers_collide_without_being_anybody():
    pool = make_pool(people(), 1)
    by_id = {account.account_id: account for account in pool.accounts}
    known = {name.casefold() for person in people() for name in person.names}
    kinds = Counter(kind for kind, _ in pool.strangers.values())
    assert max(kinds.values()) - min(kinds.values()) <= 1
    same = [one for one, (kind, _) in pool.strangers.items() if kind == "same_name"]
    named = [one for one, (kind, _) in pool.strangers.items() if kind in {"same_given_name", "same_surname"}]
    assert any(by_id[one].name.casefold() in known for one in same)
    assert not [one for one in named if by_id[one].name.casefold() in known]


def test_levels_show_more_and_more_of_the_same_accounts():
    pool = make_pool(people(), 1)
    handles, names, everything = (pool.at(level) for level in LEVELS)
    assert everything == pool
    assert handles.truth == names.truth == pool.truth
    assert not any(one.name or one.bio or one.website for one in handles.accounts)
    assert not any(one.bio or one.website for one in names.accounts)
    assert all(one.name for one in names.accounts)
    real = [one for one in pool.accounts if one.account_id not in pool.strangers]
    for part in ("bio", "website"):
        assert 0.3 < sum(bool(getattr(one, part)) for one in real) / len(real) < 0.7


@given(st.text(alphabet="ab ,.|\n", max_size=80), st.integers(1, 6))
def test_pieces_of_a_bio_never_share_a_place(bio, wanted):
    found = pieces(bio, wanted)
    assert sum(len(piece.split()) for piece in found) <= len(bio.replace(",", " ").split()) + bio.count(
        "."
    ) + bio.count("|")
    assert all(piece.strip() for piece in found)


def test_no_two_accounts_show_the_same_half_sentence():
    somebody = people()[0]
    for seed in range(20):
        shown = [bio for bio in drawn_bios(somebody, 6, Random(seed)) if bio]  # noqa: S311 - a draw, no secret
        assert len(shown) == len(set(shown))
        assert all(bio in somebody.bio and bio != somebody.bio for bio in shown)


@st.composite
def groupings(draw):
    truth = {f"a{at}": draw(st.integers(0, 4)) for at in range(draw(st.integers(1, 9)))}
    groups: dict[int, list[str]] = {}
    for account in truth:
        groups.setdefault(draw(st.integers(0, 4)), []).append(account)
    return truth, list(groups.values())


@given(groupings())
def test_pairs_are_counted_as_by_hand(case):
    truth, groups = case
    together = {pair for group in groups for pair in combinations(sorted(group), 2)}
    belong = {pair for pair in combinations(sorted(truth), 2) if truth[pair[0]] == truth[pair[1]]}
    precision, recall = pairwise(truth, groups)
    assert precision.part == recall.part == len(together & belong)
    assert (precision.whole, recall.whole) == (len(together), len(belong))


@given(groupings())
def test_b_cubed_is_the_mean_over_accounts(case):
    truth, groups = case
    own = {account: set(group) for group in groups for account in group}
    person = {account: {other for other in truth if truth[other] == truth[account]} for account in truth}
    precision, recall = b_cubed(truth, groups)
    assert precision.value == pytest.approx(sum(len(own[a] & person[a]) / len(own[a]) for a in truth) / len(truth))
    assert recall.value == pytest.approx(sum(len(own[a] & person[a]) / len(person[a]) for a in truth) / len(truth))


def test_who_is_in_no_group_is_alone_and_nothing_to_count_is_null():
    truth = {"a": 1, "b": 1, "c": 2}
    assert scores(truth, []) == {
        "precision": None,
        "recall": 0.0,
        "f1": None,
        "b_cubed": {"precision": 1.0, "recall": round(2 / 3, 4), "f1": 0.8},
    }
    assert scores(truth, [{"a", "b"}])["f1"] == 1.0


def test_the_ceiling_counts_what_is_shared_and_closes_over_a_third_account():
    pool = make_pool(people(), 1)
    found = [ceiling(one, evident_pairs(one)) for one in map(pool.at, LEVELS)]
    assert all(0 < one["direct"] <= one["closed"] <= 1 for one in found)
    assert found[0]["closed"] < found[1]["closed"] <= found[2]["closed"]
    assert found[0]["decidable"] < found[1]["decidable"] <= found[2]["decidable"] <= 1


@pytest.mark.parametrize(
    ("handles", "names", "decidable"),
    [
        (("janedoe", "coder99"), ("Jane Doe", "Jane Doe"), 0.0),
        (("janedoe", "jdoe"), ("Jane Doe", "Jane Doe"), 1.0),
        (("coder99", "codergirl"), ("Jane Doe", ""), 1.0),
        (("janedoe", None), ("Jane Doe", "Jane"), 1.0),
        (("coder99", None), ("Ann", "Jane Doe"), 0.0),
    ],
)
def test_what_a_namesake_has_too_decides_nothing(handles, names, decidable):
    accounts = tuple(
        PoolAccount(f"{platform}:1", platform, None, handle, name)
        for platform, handle, name in zip("ab", handles, names, strict=True)
    )
    pool = Pool(accounts, {"a:1": "jane", "b:1": "jane"}, {})
    assert ceiling(pool, set())["decidable"] == decidable


def test_baselines_join_what_is_equal():
    rows = baselines(make_pool(people(), 1).at("handles"))
    assert rows["exact name"]["recall"] == 0
    assert rows["handle or name"] == rows["exact handle"]


def test_splink_is_compared_or_gives_up_without_an_end():
    pool = make_pool(people(), 1).at("names")
    found = splink_defaults(pool, "names", 1)
    assert found["splink defaults"]["pairs_compared"] > 100
    assert (found["splink, best threshold"]["f1"] or 0) >= (found["splink defaults"]["f1"] or 0)
    alone = Pool(pool.accounts[:1], {pool.accounts[0].account_id: "1"}, {})
    assert splink_defaults(alone, "names", 1)["splink defaults"]["pairs_compared"] == 0


def test_calibration_knows_right_from_wrong():
    right = calibration([0.9] * 10 + [0.1] * 10, [True] * 9 + [False] + [True] + [False] * 9)
    wrong = calibration([0.99] * 10, [False] * 10)
    assert right["error"] == pytest.approx(0, abs=1e-9)
    assert wrong["error"] == pytest.approx(0.99)
    assert calibration([], []) is None


def test_real_files_are_read():
    folder = os.environ.get("CREATORSCOPE_TEST_DATA")
    if not folder:
        pytest.skip("CREATORSCOPE_TEST_DATA names no folder of real tables")
    for path in sorted(Path(folder, "identity").glob("*_[plc]*.jsonl"))[:4]:
        if "youtube_self" not in path.name:
            found = read_people(path)
            assert sum(len(person.accounts) > 1 for person in found) > len(found) / 2


def _mixture(pairs, seed):
    """Levels drawn from known chances: a third of the pairs is one person."""
    random = Random(seed)  # noqa: S311 - a draw, no secret
    at = {comparison.name: place for place, comparison in enumerate(COMPARISONS)}
    chances = {"site": ({1: 0.7, 4: 0.3}, {1: 0.02, 4: 0.98}), "bio": ({1: 0.6, 4: 0.4}, {1: 0.05, 4: 0.95})}
    chances["country"] = ({1: 0.9, 2: 0.1}, {1: 0.2, 2: 0.8})
    for _ in range(pairs):
        same = random.random() < 1 / 3
        levels = [0] * len(COMPARISONS)
        for name, sides in chances.items():
            table = sides[0 if same else 1]
            if random.random() < 0.9:
                levels[at[name]] = random.choices(list(table), list(table.values()))[0]
        yield Labelled(tuple(levels), same)


def test_em_finds_the_chances_that_made_the_levels():
    pairs = list(_mixture(2000, 1))
    found = expectation([pair.levels for pair in pairs], MatchModel.shipped())
    at = {comparison.name: place for place, comparison in enumerate(COMPARISONS)}
    site, country = found.chances[at["site"]], found.chances[at["country"]]
    assert site.m[1] == pytest.approx(0.7, abs=0.08)
    assert site.u[1] == pytest.approx(0.02, abs=0.03)
    assert country.m[1] == pytest.approx(0.9, abs=0.08)
    assert country.u[1] == pytest.approx(0.2, abs=0.08)
    assert 2**found.prior / (1 + 2**found.prior) == pytest.approx(1 / 3, abs=0.08)
    assert found.chances[at["naming"]] == MatchModel.shipped().chances[at["naming"]]


def test_counting_labels_is_calibrated():
    model = counted(list(_mixture(4000, 2)), MatchModel.shipped().rarity, "test")
    fresh = list(_mixture(4000, 3))
    found = calibration([model.score(pair.levels)[1] for pair in fresh], [pair.same for pair in fresh])
    assert found["error"] < 0.04
    assert MatchModel.of_json(model.as_json()).version == model.version


def test_nothing_is_learnt_from_too_little_or_from_one_kind():
    pool = make_pool(people()[:5], 1)
    with pytest.raises(BadInput, match="learning needs"):
        learn(list(evidences([pool]).values()), [], 1)
    with pytest.raises(BadInput, match="both kinds"):
        counted([pair for pair in _mixture(50, 1) if pair.same], MatchModel.shipped().rarity, "test")


def test_a_model_is_learnt_from_accounts_and_decisions(monkeypatch):
    monkeypatch.setattr(learning, "MIN_PAIRS", 50)
    pool = make_pool(people(), 2)
    described = evidences([pool])
    left, right = next(true_pairs(pool.truth))
    found = learn(list(described.values()), [(described[right], described[left], True)], 1)
    assert "1 decisions" in found.source
    figures = scores(pool.truth, resolve(pool, found, MERGE).groups)
    assert figures["precision"] > 0.9
    assert figures["recall"] > 0.2


def test_the_oracle_joins_the_purest_levels_first():
    accounts = tuple(PoolAccount(f"{platform}:{at}", platform, None, "", "") for at in range(4) for platform in "ab")
    truth = {account.account_id: account.account_id[2:] for account in accounts}
    levels = {(f"a:{one}", f"b:{other}"): (int(one == other),) for one in range(4) for other in range(4)}
    assert oracle(Pool(accounts, truth, {}), levels) == {"precision": 1.0, "recall": 1.0}
    blind = dict.fromkeys(levels, (1,))
    assert oracle(Pool(accounts, truth, {}), blind) == {"precision": None, "recall": 0.0}


def test_a_report_has_every_level_and_figure(tmp_path):
    path = tmp_path / "people.jsonl"
    rows = [
        {
            "name": one.names[0],
            "bio": one.bio,
            "website": one.websites[0],
            "accounts": [{"platform": h.platform, "handle": h.handle or h.native_id} for h in one.accounts],
        }
        for one in people()
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = report(path, MatchModel.shipped(), Options(splink=False))
    assert [level["level"] for level in found["levels"]] == list(LEVELS)
    for level in found["levels"]:
        assert {"precision", "recall", "f1", "b_cubed", "pairs_compared", "seconds"} <= level.keys()
        assert level["baselines"].keys() == {"exact handle", "exact name", "handle or name"}
        assert 0 <= level["blocking_recall"] <= 1
    assert len(list(rows_of_table(found))) == 3 * 4
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="no person with an account"):
        report(path, MatchModel.shipped(), Options())
