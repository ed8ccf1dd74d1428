"""What commands print: for people short and safe, for programs JSON and nothing else."""

import json

import pytest
from rich.console import Console

from api import console
from creators.stores.receipts import Balance
from search.explain import Explanation, Reason
from search.results import CreatorHit, SearchPage, Total


def reason(feature, contribution):
    return Reason(
        feature=feature, raw=None, normalised=0.5, weight=0.1, contribution=contribution, words=f"{feature} [/i] words"
    )


def hit(rank=1, score=0.5, explanation=None, **creator):
    return CreatorHit(rank=rank, creator_id="c-1", score=score, creator=creator, explanation=explanation)


def printed(table):
    wide = Console(width=200)
    with wide.capture() as capture:
        wide.print(table)
    return capture.get()


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, "unknown"),
        (0, "0"),
        (999, "999"),
        (1_000, "1.0K"),
        (999_949, "999.9K"),
        (999_950, "1.0M"),
        (999_999, "1.0M"),
        (1_240_000, "1.2M"),
        (999_999_999, "1.0B"),
        (3_500_000_000, "3.5B"),
    ],
)
def test_counts_as_people_write_them(count, shown):
    assert console.short_count(count) == shown


@pytest.mark.parametrize(("size", "shown"), [(None, ""), (0, "0 MB"), (1_234_567_890, "1,235 MB")])
def test_sizes(size, shown):
    assert console.short_bytes(size) == shown


def test_a_page_as_a_table():
    facts = {"name": "Rosa", "platforms": ["x", "youtube"], "followers": 1_240_000, "niches": ["food", "travel", "art"]}
    page = SearchPage(hits=(hit(**facts), hit(rank=2, score=None)), profile="balanced")
    lines = [line.split() for line in printed(console.page_table(page, "search: tea")).splitlines() if line.strip()]
    assert lines[0] == ["search:", "tea"]
    assert lines[1] == ["#", "creator", "on", "followers", "niches", "score"]
    assert lines[3:] == [
        ["1", "Rosa", "x,", "youtube", "1.2M", "food,", "travel", "0.500"],
        ["2", "c-1", "unknown"],
    ]


@pytest.mark.parametrize("words", ["[/b] boss", "[red]alert", "[link=x]", "a [/] b", "\\[b]"])
def test_brackets_in_the_words_of_others_are_no_markup(words, capsys):
    page = SearchPage(hits=(hit(name=words),), profile="balanced")
    assert printed(console.page_table(page, words)).count(words) == 2
    console.say(words)
    assert capsys.readouterr().err == f"{words}\n"


def test_a_whole_page_is_printed(capsys):
    reasons = [reason(name, part) for name, part in (("a", 0.4), ("b", 0.3), ("c", 0.2), ("d", 0.1))]
    page = SearchPage(
        hits=(hit(name="Rosa", explanation=Explanation(score=1.0, reasons=tuple(reasons))),),
        total=Total(value=7),
        profile="balanced",
        took_ms={"rank": 1.4, "total": 20.6},
        degraded=("knn", "facets"),
        notes=("a note",),
    )
    console.print_page(page, "title")
    shown = capsys.readouterr()
    assert shown.err == ""
    words = " ".join(shown.out.split())
    assert "1. 0.400 a [/i] words; 0.300 b [/i] words; 0.200 c [/i] words" in words
    assert "0.100 d" not in words
    assert "7 creators pass the filters rank 1 ms, total 21 ms; left out: knn, facets; a note" in words


def test_a_total_that_was_not_counted_says_so(capsys):
    console.print_page(SearchPage(hits=(), profile="balanced"), "title")
    assert "not counted" in capsys.readouterr().out


def test_json_is_for_programs(capsys):
    console.print_json({"name": "Ольга", "none": None})
    shown = capsys.readouterr()
    assert (json.loads(shown.out), shown.err) == ({"name": "Ольга", "none": None}, "")
    assert "Ольга" in shown.out


def test_a_long_line_stays_one_line(capsys):
    console.say("line 7: " + "many words " * 40)
    assert capsys.readouterr().err.count("\n") == 1


def test_a_balance_names_where_every_record_ended(capsys):
    console.print_balance(Balance(10, 4, 3, 2, 1, datasets_read=1), 1.25)
    assert capsys.readouterr().err == ("10 records in = 4 indexed + 3 stale + 2 dead-lettered + 1 pending, in 1.2 s\n")


def test_progress_is_silent_where_nobody_watches(capsys):
    with console.ingest_progress("list.csv", expected=4) as progress:
        progress(Balance(4, 1, 0, 0, 3, datasets_read=0))
    assert capsys.readouterr() == ("", "")
