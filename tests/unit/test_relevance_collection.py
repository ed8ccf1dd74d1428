"""Judged collections as they lie in folders: with and without headers, zipped or not, named in several ways."""

import gzip
import json

import pytest

from benchmarks.relevance.collection import Document, read_collection
from benchmarks.relevance.index import account_of
from benchmarks.relevance.runs import shortened

DOCUMENTS = [{"_id": "d1", "title": "Bread", "text": "Flour"}, {"_id": "d2", "text": ""}]
QUERIES = [{"_id": "q2", "text": "flour"}, {"_id": "q1", "text": "bread"}, {"_id": "q3", "text": "nobody judged it"}]


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path):
    with gzip.open(tmp_path / "corpus.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(lines(DOCUMENTS))
    (tmp_path / "queries.jsonl").write_text(lines(QUERIES), encoding="utf-8")
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\nq2\td1\t0\n", encoding="utf-8")
    return tmp_path


def test_what_is_read(folder):
    found = read_collection(folder)
    assert found.name == folder.name
    assert found.documents == (Document("d1", "Bread", "Flour"), Document("d2", "", ""))
    assert found.queries == {"q1": "bread"}
    assert found.judgements == {"q1": {"d1": 2}}


@pytest.mark.parametrize("text", ["q1\td1\t1\n", "q1 0 d1 1\n", "query-id\tcorpus-id\tscore\nq1\td1\t1\n\n"])
def test_judgements_with_and_without_a_header(folder, text):
    (folder / "qrels.tsv").write_text(text, encoding="utf-8")
    assert read_collection(folder).judgements == {"q1": {"d1": 1}}


def test_the_only_split_is_found_and_one_of_several_has_to_be_named(folder):
    (folder / "qrels.tsv").rename(folder / "qrels.train.tsv")
    (folder / "queries.jsonl").rename(folder / "queries.train.jsonl")
    assert read_collection(folder).queries == {"q1": "bread"}
    (folder / "qrels.dev.tsv").write_text("q2\td1\t1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="give --qrels"):
        read_collection(folder)
    assert read_collection(folder, qrels=folder / "qrels.dev.tsv").queries == {"q2": "flour"}


def test_judgements_in_a_folder_of_their_own(folder):
    (folder / "qrels").mkdir()
    (folder / "qrels.tsv").rename(folder / "qrels" / "test.tsv")
    assert read_collection(folder).queries == {"q1": "bread"}


def test_what_is_wrong_is_named(folder):
    (folder / "qrels.tsv").write_text("q1\td1\t1\nq1 d1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"qrels.tsv, line 2"):
        read_collection(folder)
    (folder / "qrels.tsv").write_text("q9\td1\t1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="belong together"):
        read_collection(folder)
    (folder / "queries.jsonl").write_text('{"text": "no id"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"queries.jsonl, line 1"):
        read_collection(folder)
    (folder / "corpus.jsonl.gz").unlink()
    with pytest.raises(ValueError, match=r"neither corpus\.jsonl\.gz"):
        read_collection(folder)


def test_a_document_without_a_title_has_no_name():
    account = account_of(Document("d2", "", ""))
    assert (account.name, account.bio) == (None, None)


def test_a_question_is_cut_between_words():
    assert shortened("four words are here", 9) == "four"
    assert shortened("four words are here", 10) == "four words"
    assert shortened("four words", 10) == "four words"
    assert shortened("x" * 30, 10) == "x" * 10
    assert len(shortened("ab " * 1000)) <= 1000
