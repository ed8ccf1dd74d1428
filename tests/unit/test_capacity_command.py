"""``creatorscope capacity``: a table for people, JSON for programs, errors with the option and the fix."""

import json

import pytest
from typer.testing import CliRunner

from api import cli
from creators.errors import BadInput, SetupError

RUNNER = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
ASKED = ["capacity", "--creators", "250e6", "--qps", "50", "--node-price-hour", "1.2"]


def test_a_person_reads_nodes_intervals_cost_and_the_weakest_assumption():
    answer = RUNNER.invoke(cli.app, [*ASKED, "--explain"])
    assert answer.exit_code == 0
    for words in (
        "binds",
        "9 of 10 draws",
        "P90",
        "cost per 1,000 searches",
        "weakest for p90_ms",
        "calibrated",
        "queue",
    ):
        assert words in answer.output


def test_a_program_reads_the_same():
    answer = RUNNER.invoke(cli.app, [*ASKED, "--json"])
    assert answer.exit_code == 0
    found = json.loads(answer.stdout)
    assert found["demand"]["creators"] == 250_000_000
    assert found["layout"]["binds"] in found["layout"]["alone"]
    assert found["expected"]["p90_ms"] > 0
    assert found["weakest"]["nodes"]["constant"]
    assert found["calibration"]["machine"]


def test_without_a_price_there_is_no_cost():
    answer = RUNNER.invoke(cli.app, ["capacity", "--creators", "1M", "--qps", "10"])
    assert answer.exit_code == 0
    assert "cost" not in answer.output


@pytest.mark.parametrize(
    ("arguments", "option", "fix"),
    [
        (["--creators", "many", "--qps", "1"], "--creators", "250M"),
        (["--creators", "inf", "--qps", "1"], "--creators", "250M"),
        (["--creators", "1M", "--qps", "0"], "--qps", "above 0"),
        (["--creators", "1M", "--qps", "1", "--bits", "8"], "--bits", "32, 7 or 1"),
        (["--creators", "1M", "--qps", "1", "--node-ram-gb", "2"], "--node-ram-gb", "above 4"),
    ],
)
def test_a_mistake_names_the_option_and_the_fix(arguments, option, fix):
    raised = RUNNER.invoke(cli.app, ["capacity", *arguments]).exception
    assert isinstance(raised, BadInput)
    assert raised.field == option
    assert fix in raised.detail


def test_without_constants_there_is_no_plan(tmp_path):
    arguments = ["capacity", "--creators", "1M", "--qps", "1", "--calibration", str(tmp_path / "none.json")]
    raised = RUNNER.invoke(cli.app, arguments).exception
    assert isinstance(raised, SetupError)
    assert "calibrate" in raised.detail
