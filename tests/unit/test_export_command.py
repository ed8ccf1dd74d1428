"""``creatorscope export`` says what is wrong before it starts anything."""

import sys

import pytest

from api import cli
from api.commands.exports import _format_of


@pytest.fixture
def refused(monkeypatch, capsys, tmp_path):
    """Run the command with these options and return its last words."""

    def run(*options):
        out = () if "--out" in options else ("--out", str(tmp_path / "x.csv"))
        monkeypatch.setattr(sys, "argv", ["creatorscope", "export", *options, *out])
        monkeypatch.setattr("signal.signal", lambda *_: None)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2
        assert list(tmp_path.iterdir()) == []
        return capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--filters", "{"), "error (filters): is not JSON"),
        (("--filters", "[]"), "error (filters): is no JSON object"),
        (("--filters", '{"folowers": 1}'), "error: request.filters.folowers"),
        (("--min-followers", "many"), "error (followers): 'many' is not a count"),
        (("--format", "xlsx"), "error: format"),
        (("--field", "embedding"), "error: fields: 'embedding' is not a field of a creator"),
        (("--ids", "there/is/no/such/file"), "error (ids): there/is/no/such/file cannot be read"),
        (("--out", "there/is/no/folder.csv"), "error (out): there/is/no/folder.csv cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_option(refused, options, words):
    said = refused(*options)
    assert said.startswith(words)
    assert said.count("\n") == 1


def test_an_empty_list_of_ids_selects_nobody_and_not_everybody(refused, tmp_path_factory):
    ids = tmp_path_factory.mktemp("ids") / "ids.txt"
    ids.write_text("\n \n", encoding="utf-8")
    assert refused("--ids", str(ids)).startswith("error: creator_ids")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.csv", "csv"), ("a.PARQUET", "parquet"), ("a.b.ndjson", "ndjson"), ("a", "csv"), ("a.x", "csv")],
)
def test_the_ending_names_the_format(tmp_path, name, kind):
    assert _format_of(tmp_path / name) == kind
