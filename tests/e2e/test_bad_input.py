"""Files as people send them: what is wrong as a whole is one clear line, what is wrong in a row costs that row."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from creators.settings import as_environment
from creators.stores import receipts

LIMIT_S = 240
COLUMNS = "network,id,handle,name,followers,seen_at"
GOOD = "x,{n},maker{n},Maker {n},100,2026-01-10"
MAPPING = """
title = "Files as people send them"
observed_at = "seen_at"
[platform]
column = "network"
values = { x = "x", github = "github" }
[account]
native_id = "id"
handle = "handle"
name = "name"
followers = "followers"
"""
TABLE = f"{COLUMNS}\n{GOOD.format(n=1)}\n".encode()


def ingest(file, mapping, *options, **variables):
    command = [sys.executable, "-m", "api.cli", "ingest", str(file), "--mapping", str(mapping), *options]
    environment = {**os.environ, "COLUMNS": "500", **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def write(folder, name, content, mapping=MAPPING):
    file, described = folder / name, folder / "mapping.toml"
    file.write_bytes(content)
    described.write_text(mapping, encoding="utf-8")
    return file, described


WHOLE = {
    "an empty file": ("a.csv", b"", MAPPING, "empty"),
    "a file of blank lines": ("a.csv", b"\n\n  \n", MAPPING, "empty"),
    "a picture named .csv": ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + os.urandom(500), MAPPING, "picture"),
    "a program named .csv": ("a.csv", bytes(range(256)) * 8, MAPPING, "csv"),
    "a spreadsheet named .csv": ("a.csv", b"PK\x03\x04" + os.urandom(500), MAPPING, "csv"),
    "a table named .parquet": ("a.parquet", TABLE, MAPPING, "parquet"),
    "a table named .pdf": ("a.pdf", TABLE, MAPPING, "format"),
    "a column that is not there": ("a.csv", TABLE.replace(b"followers", b"fans"), MAPPING, "'followers'"),
    "the wrong delimiter": ("a.csv", TABLE.replace(b",", b";"), MAPPING, "delimiter"),
    "an unknown encoding": ("a.csv", TABLE, f'encoding = "klingon"\n{MAPPING}', "klingon"),
    "a mapping that is not TOML": ("a.csv", TABLE, "title = ", "not TOML"),
    "a mapping with an unknown field": ("a.csv", TABLE, MAPPING.replace("followers =", "folowers ="), "folowers"),
    "a mapping without an account": ("a.csv", TABLE, 'title = "a"\nplatform = "x"', "[account]"),
    "a mapping with an unknown platform": (
        "a.csv",
        TABLE,
        'title="a"\nplatform="myspace"\n[account]\nhandle="id"',
        "x",
    ),
}


@pytest.mark.parametrize(("name", "content", "mapping", "words"), WHOLE.values(), ids=WHOLE)
def test_a_file_that_is_wrong_as_a_whole_is_one_clear_line(tmp_path, name, content, mapping, words):
    done = ingest(*write(tmp_path, name, content, mapping))
    assert done.returncode == 2, (done.stdout, done.stderr)
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error")
    assert words.casefold() in line.casefold()
    assert done.stdout == ""


@pytest.mark.parametrize("missing", ["file", "mapping", "folder"])
def test_a_path_that_is_none_is_named(tmp_path, missing):
    file, mapping = write(tmp_path, "a.csv", TABLE)
    wrong = {"file": (tmp_path / "gone.csv", mapping), "mapping": (file, tmp_path / "gone.toml")}
    done = ingest(*wrong.get(missing, (tmp_path, mapping)))
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert ("gone" if missing != "folder" else tmp_path.name) in done.stderr


@pytest.fixture(scope="module")
def stores(new_installation):
    return new_installation(batch_rows=10)


def brought_in(stores, file, mapping):
    """The account of a file that was read to its end, checked against the dead letters in the index."""
    done = ingest(file, mapping, "--json", **as_environment(stores.settings))
    assert done.returncode == 0, done.stderr
    account = json.loads(done.stdout)
    stores.cluster.refresh("dlq")
    body = {"query": {"term": {"dataset_id": account["dataset_id"]}}, "sort": [{"line": "asc"}]}
    letters = [hit["_source"] for hit in stores.cluster.scan("dlq", body)]
    assert account["dead_lettered"] == len(letters)
    assert account["pending"] == 0
    assert account["rows_in"] == sum(account[name] for name in ("indexed", "stale", "dead_lettered", "pending"))
    assert account["dead_letters"] == letters[:10]
    assert all(letter["reason"] for letter in letters)
    return account, [letter["line"] for letter in letters]


def shown(stores, *native_ids):
    ids = {f"x:{native_id}" for native_id in native_ids}
    body = {"query": {"terms": {"account_ids": sorted(ids)}}, "sort": [{"creator_id": "asc"}]}
    stores.cluster.refresh("identities")
    return {
        account for hit in stores.cluster.scan("identities", body) for account in hit["_source"]["account_ids"]
    } == ids


CSV_ROWS = [
    (GOOD.format(n=100).encode(), True),
    (b"x,101,maker101,Maker,-5,2026-01-10", False),
    (b"x,102," + b"h" * 10_000 + b",Maker,5,2026-01-10", False),
    (b"x,103,maker103," + b"n" * 50_000_000 + b",5,2026-01-10", False),
    (GOOD.format(n=104).encode(), True),
    (b"x,105,maker105,Ma\xffker,5,2026-01-10", False),
    (b"x,106,maker106,Ma\x00ker,5,2026-01-10", False),
    (b'x,107,maker107,"never closed,5,2026-01-10', False),
    (GOOD.format(n=108).encode(), True),
    (b"x,109,maker109,Maker,5,2026-01-10,and,more,cells", False),
    (b"x", False),
    (b"myspace,110,maker110,Maker,5,2026-01-10", False),
    (b"x,111,maker111,Maker,99999999999999999999999,2026-01-10", False),
    (b"x,112,maker112,Maker,5,2026-13-45", False),
    (b"x,113,maker113,=HYPERLINK(1),,2026-01-10", True),
    ("x,114,maker114,Müller \N{ROCKET} العربي,1.2M,2026-01-10".encode(), True),
]


def test_a_damaged_table_costs_its_damaged_rows(stores, tmp_path):
    content = b"\n".join([COLUMNS.encode(), *(row for row, _ in CSV_ROWS)]) + b"\n"
    account, lines = brought_in(stores, *write(tmp_path, "damaged.csv", content))
    assert account["rows_in"] == len(CSV_ROWS)
    assert lines == [line for line, (_, is_good) in enumerate(CSV_ROWS, start=2) if not is_good]
    assert shown(stores, 100, 104, 108, 113, 114)


def as_json(**cells):
    return json.dumps({"network": "x", "seen_at": "2026-01-10", **cells}).encode()


JSON_ROWS = [
    (as_json(id="200", handle="maker200", followers=5), True),
    (b'{"network": "x", "id": "201", "handle": "maker201", "name": "half \\ud83d an emoji"}', True),
    (b'{"network": "x", "id": "202", "handle": "maker\\ud800"}', True),
    (b'{"network": "x", "handle": "maker\\ud800"}', False),
    (b'{"network": "x", "id": "203", "handle": "maker203", "\\udfff": 1}', True),
    (as_json(id="204", handle="maker204", followers=-1), False),
    (as_json(id="205", handle="m" * 10_000), False),
    (b'{"network": "x", "id": "206", "name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", False),
    (b'{"network": "x", "id": "207", "followers": NaN}', True),
    (b'{"network": "x", "id": "208", "followers": 1e400}', False),
    (b'{"network": "x", "id": "209", "followers": ' + b"9" * 5000 + b"}", False),
    (b'{"network": "x", "id": "210"', False),
    (b'["x", "211"]', False),
    (b"null", False),
    (b'{"network": "x", "id": "212", "handle": {"a": 1}, "name": ["b"], "followers": {"c": 2}}', False),
    (b"{}", False),
    (as_json(id="213", handle="maker213", followers="many"), False),
    (as_json(id="214", handle="maker214", name="\u202e\u200b\x00 reversed"), True),
]


def test_damaged_json_lines_cost_their_lines(stores, tmp_path):
    content = b"\n".join(row for row, _ in JSON_ROWS) + b"\n"
    account, lines = brought_in(stores, *write(tmp_path, "damaged.jsonl", content))
    assert account["rows_in"] == len(JSON_ROWS)
    assert lines == [line for line, (_, is_good) in enumerate(JSON_ROWS, start=1) if not is_good]
    assert shown(stores, 200, 201, 202, 203, 207, 214)


def test_a_header_without_rows_is_an_empty_dataset(stores, tmp_path):
    account, lines = brought_in(stores, *write(tmp_path, "none.csv", COLUMNS.encode() + b"\n"))
    assert (account["rows_in"], lines) == (0, [])


def test_bad_rows_are_shown_with_their_lines(stores, tmp_path):
    """What a person sees without --json: the account, then a line for each bad row, ten at most."""
    rows = [f"x,{n},maker{n},Maker,-5,2026-01-10" for n in range(300, 312)]
    file, mapping = write(tmp_path, "bad.csv", "\n".join([COLUMNS, *rows, GOOD.format(n=312)]).encode())
    done = ingest(file, mapping, **as_environment(stores.settings))
    assert done.returncode == 0, done.stderr
    assert "13 records in = 1 indexed + 0 stale + 12 dead-lettered + 0 pending" in done.stderr
    for line in range(2, 12):
        assert f"line {line}: column 'followers': '-5' is not a count" in done.stderr
    assert "2 more" in done.stderr


def test_after_all_the_bad_files_the_account_balances(stores):
    balance = receipts.balance(stores.cluster)
    assert balance.is_balanced
    assert balance.pending == 0
    assert balance.datasets_read == 4
