"""The command line without engines: help, usage errors, and errors as one line."""

import signal
import sys
from importlib.metadata import version

import pytest
import structlog
import typer
from typer.testing import CliRunner

from api import cli
from api.commands.data import parse_count
from api.commands.query import filters_of, request_of
from creators.errors import BadInput, CreatorscopeError, SetupError
from creators.models import Platform
from search.request import SearchRequest

RUNNER = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})


@pytest.fixture(autouse=True)
def _log_as_before():
    yield
    # A command sends the log to the stderr that it ran with, which is closed by now.
    structlog.reset_defaults()


def walk(command, path=()):
    """Yield every command with the words that lead to it."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*path, name))


COMMANDS = dict(walk(typer.main.get_command(cli.app)))
EXPECTED = {
    "",
    "demo",
    "stack",
    "stack up",
    "stack down",
    "stack status",
    "stack logs",
    "ingest",
    "worker",
    "serve",
    "search",
    "similar",
    "parse",
    "population",
    "quality",
    "media",
    "media add",
    "media ls",
    "media pictures",
    "export",
    "rebuild",
    "lake",
    "lake verify",
    "backfill",
    "backfill start",
    "backfill pause",
    "backfill resume",
    "backfill status",
    "capacity",
    "discover",
    "source",
    "signals",
    "signals ls",
    "signals peers",
    "signals refresh",
    "source ls",
    "source enable",
    "source disable",
    "source reset-breaker",
    "source test",
    "dlq",
    "dlq ls",
    "dlq show",
    "dlq replay",
    "dlq purge",
    "simulate",
    "doctor",
    "identity",
    "identity adopt",
    "identity history",
    "identity learn",
    "identity merge",
    "identity models",
    "identity resolve",
    "identity show",
    "identity unmerge",
    "review",
    "embed",
}


def test_the_commands():
    assert {" ".join(path) for path in COMMANDS} == EXPECTED


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_says_what_a_command_does_and_names_every_option(path):
    answer = RUNNER.invoke(cli.app, [*path, "--help"])
    assert answer.exit_code == 0
    command = COMMANDS[path]
    first = command.help.strip().splitlines()[0].replace("`", "")
    assert " ".join(first.split()) in " ".join(answer.output.split())
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            assert not any(option in answer.output for option in parameter.opts)
        elif parameter.param_type_name == "option":
            assert parameter.help, f"{parameter.name} has no help"
            assert all(option in answer.output for option in parameter.opts)


@pytest.mark.parametrize(
    ("path", "example"),
    [
        (["ingest"], "creatorscope ingest creators.csv --mapping creators.toml"),
        (["search"], 'creatorscope search "teaches python to beginners" -p youtube --min-followers 10k'),
        (["similar"], "creatorscope similar youtube:veritasium --platform youtube"),
    ],
)
def test_help_shows_an_example_that_can_be_copied(path, example):
    assert example in RUNNER.invoke(cli.app, [*path, "--help"]).output


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["stack", "sideways"],
        ["search", "--nonsense"],
        ["search", "tea", "--limit", "0"],
        ["search", "tea", "--limit", "101"],
        ["search", "tea", "--platform", "myspace"],
        ["ingest"],
        ["ingest", "file.csv"],
        ["serve", "--port", "70000"],
        ["stack", "logs", "--lines", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(arguments):
    answer = RUNNER.invoke(cli.app, arguments)
    assert answer.exit_code == 2
    assert "Usage" in answer.output


def test_without_arguments_the_help_is_shown():
    assert "ingest" in RUNNER.invoke(cli.app, []).output


def test_the_version():
    answer = RUNNER.invoke(cli.app, ["--version"])
    assert (answer.exit_code, answer.output) == (0, f"creatorscope {version('creatorscope')}\n")


@pytest.fixture
def run_main(monkeypatch, capsys):
    """Run the program as the shell does and give back exit code, stdout and stderr."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["creatorscope", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return ended.value.code, shown.out, shown.err

    yield run
    signal.signal(signal.SIGTERM, before)


def test_a_missing_mapping_is_one_line_that_names_it(run_main, tmp_path):
    mapping = tmp_path / ("a long folder name " * 8) / "[/b] missing.toml"
    code, out, err = run_main("ingest", "creators.csv", "--mapping", str(mapping))
    assert (code, out) == (2, "")
    assert err == f"error (mapping): mapping {mapping} cannot be read: No such file or directory\n"


def test_a_mapping_that_is_wrong_names_the_field(run_main, tmp_path):
    mapping = tmp_path / "m.toml"
    mapping.write_text('title = "t"\nplatform = "x"\n[account]\nhandel = "user"\n', encoding="utf-8")
    code, _, err = run_main("ingest", "creators.csv", "--mapping", str(mapping))
    assert code == 2
    assert err.startswith("error (account.handel): ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", "tea", "--niche", "foood"], "filters.niches: 'foood' is not a niche; did you mean 'food'?"),
        (["search", "tea", "--country", "Atlantis"], "filters.countries: 'Atlantis' is not a country"),
        (["search", "tea", "--sort", "fame"], "sort.field: Input should be 'relevance', 'followers'"),
        (["search", "tea", "--min-followers", "many"], "error (followers): 'many' is not a count"),
        (["search", "--min-followers", "2k", "--max-followers", "1k"], "filters.followers: min 2000 is greater"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_question_that_cannot_be_asked_is_one_line(run_main, arguments, words):
    code, out, err = run_main(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


def test_a_setting_that_is_wrong_is_one_line_and_no_usage_error(run_main, monkeypatch):
    monkeypatch.setenv("CREATORSCOPE_API_PORT", "http")
    code, _, err = run_main("lake", "verify")
    assert code == 1
    assert err.startswith("error: the environment is not usable: CREATORSCOPE_API_PORT: ")
    assert err.count("\n") == 1


def raising(error):
    def app():
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "err"),
    [
        (BadInput("wrong", field="seed"), 2, "error (seed): wrong\n"),
        (SetupError("no Java"), 1, "error: no Java\n"),
        (CreatorscopeError("broken"), 1, "error: broken\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_the_way_out(run_main, monkeypatch, error, code, err):
    monkeypatch.setattr(cli, "app", raising(error))
    assert run_main() == (code, "", err)


def test_being_told_to_stop_unwinds(run_main, monkeypatch):
    left = []

    def app():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            left.append("stopped what was started")

    monkeypatch.setattr(cli, "app", app)
    assert run_main() == (143, "", "")
    assert left == ["stopped what was started"]


def test_verify_reads_the_lake_and_tells_what_is_broken(monkeypatch, tmp_path):
    monkeypatch.setenv("CREATORSCOPE_DATA_DIR", str(tmp_path))
    assert RUNNER.invoke(cli.app, ["lake", "verify", "--json"]).exit_code == 0
    broken = tmp_path / "lake" / "creator-raw" / "x" / f"part-{'0' * 64}.jsonl.zst"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"broken")
    answer = RUNNER.invoke(cli.app, ["lake", "verify"])
    assert answer.exit_code == 1
    assert "1 objects, 1 broken" in answer.output
    assert f"creator-raw/x/{broken.name}: " in answer.output


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("10000", 10_000),
        ("10k", 10_000),
        ("10K", 10_000),
        ("2.5M", 2_500_000),
        ("1b", 1_000_000_000),
        ("1e4", 10_000),
        # As floating point these are a hair below: 2009.9999999999998 and the like.
        ("2.01k", 2_010),
        ("4.06K", 4_060),
        ("8.03k", 8_030),
    ],
)
def test_counts_as_people_type_them(text, count):
    assert parse_count(text) == count


def test_every_count_with_two_decimals_is_exact():
    assert [parse_count(f"{number / 100:.2f}k") for number in range(2000)] == [number * 10 for number in range(2000)]


@pytest.mark.parametrize("text", ["", "k", "many", "10kk", "1,000", "nan", "inf", "-inf", "1e999", "-1", "-5k"])
def test_what_is_no_count_is_refused_by_name(text):
    with pytest.raises(BadInput) as caught:
        parse_count(text)
    assert caught.value.field == "followers"
    assert repr(text) in caught.value.detail


def test_options_become_filters():
    assert filters_of(None, None, None, None, None) == {}
    assert filters_of([Platform.X], ["food"], ["BR"], "10k", "2M") == {
        "platforms": [Platform.X],
        "niches": ["food"],
        "countries": ["BR"],
        "followers": {"min": 10_000, "max": 2_000_000},
    }
    assert filters_of(None, None, None, "0", None) == {"followers": {"min": 0}}


def test_a_request_that_is_wrong_names_its_place():
    with pytest.raises(BadInput, match=r"filters\.niches: 'foood' is not a niche"):
        request_of(SearchRequest, {"filters": {"niches": ["foood"]}})
    assert request_of(SearchRequest, {"limit": 3}).limit == 3
