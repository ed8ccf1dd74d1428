"""The report of the fault benchmarks: a claim that is not true is an error, and a smoke run commits nothing."""

from __future__ import annotations

import json

import pytest

from benchmarks.faults import report
from benchmarks.faults.bulk_proxy import Faults, split
from benchmarks.faults.report import Proof, Run
from creators.stores.receipts import Balance


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(report, "configure_logging", lambda _settings: None)


def proof_of(**claims):
    def prove(run: Run) -> Proof:
        return Proof(claims=claims, facts={"seed": run.seed, "size": run.size(100, 5)})

    return prove


def run(tmp_path, prove, *arguments):
    with pytest.raises(SystemExit) as ended:
        report.main("name", prove, arguments=list(arguments), results=tmp_path / "results")
    return ended.value.code


@pytest.mark.parametrize(
    ("claims", "code"), [({"a": True}, 0), ({"a": True, "b": False}, 1), ({}, 1)], ids=["true", "one broken", "none"]
)
def test_what_is_claimed_decides_how_it_ends(tmp_path, claims, code, capsys):
    assert run(tmp_path, proof_of(**claims), "--seed", "7") == code
    written = json.loads((tmp_path / "results" / "name.json").read_text())
    assert (written["seed"], written["holds"], written["claims"]) == (7, code == 0, claims)
    assert written["facts"]["size"] == 100
    assert "seed 7" in capsys.readouterr().err


def test_a_smoke_run_writes_nothing(tmp_path, capsys):
    assert run(tmp_path, proof_of(a=True), "--smoke", "--json") == 0
    assert json.loads(capsys.readouterr().out)["facts"] == {"seed": 1, "size": 5}
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("balance", "holds"), [((3, 1, 1, 1, 0), True), ((4, 1, 1, 1, 1), False), ((9, 1, 1, 1, 0), False)]
)
def test_an_account_must_balance_with_nothing_pending(balance, holds):
    proof = Proof()
    proof.account(Balance(*balance, datasets_read=1))
    assert proof.holds is holds


def test_a_bulk_request_is_taken_apart_into_its_items():
    lines = [b'{"index":{"_index":"i","_id":"1"}}', b'{"a":1}', b'{"delete":{"_index":"i","_id":"2"}}']
    lines += [b'{"create":{"_index":"i","_id":"3"}}', b'{"a":3}']
    items = split(b"\n".join(lines) + b"\n")
    assert [next(iter(action)) for action, _ in items] == ["index", "delete", "create"]
    assert [line for _, own in items for line in own] == lines


def test_the_same_document_is_refused_every_time_and_only_where_records_are():
    faults = Faults(seed=3)
    refused = [str(n) for n in range(5000) if faults.is_refused("p-profiles-x", str(n))]
    assert 20 < len(refused) < 90
    assert all(faults.is_refused("other-profiles-x", doc_id) for doc_id in refused)
    assert not any(faults.is_refused("p-receipts", doc_id) for doc_id in refused)
