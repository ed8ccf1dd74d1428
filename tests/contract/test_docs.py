"""What the documents name exists: settings, commands, routes, files, decisions."""

import re
from pathlib import Path

import pytest
import typer
import yaml

from creators.settings import PREFIX, Settings, SourceSettings
from fetchers.sources import NAMES

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CONFIGURATION = [
    ROOT / name for name in ("docker-compose.yml", "Dockerfile", ".env.example", ".pre-commit-config.yaml")
]
NOT_SHIPPED = {"benchmarks", "tests"}
PACKAGES = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name not in NOT_SHIPPED]
SOURCES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
FOR_TESTS = f"{PREFIX}TEST_"
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
COMMAND = re.compile(r"\bcreatorscope ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
PARAMETER = re.compile(r"\{[^}]*\}")
ROUTE = re.compile(r"\b(GET|POST) (/[\w/{}.-]*)")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def command_tree() -> dict[str, set[str]]:
    """Return each command of the program with its subcommands."""
    from api.cli import app

    commands = typer.main.get_command(app).commands
    return {name: set(getattr(command, "commands", ())) for name, command in commands.items()}


def unknown_commands(text: str, tree: dict[str, set[str]]) -> list[str]:
    found = []
    for code in CODE.findall(text):
        for first, second in COMMAND.findall(code):
            if first not in tree or (tree[first] and second and second not in tree[first]):
                found.append(f"{first} {second}".strip())
    return found


def test_a_wrong_command_would_be_seen():
    tree = {"stack": {"up"}, "serve": set()}
    text = "`creatorscope serve` `creatorscope stack up` but `creatorscope stack fly` and ```\ncreatorscope sing\n```"
    assert unknown_commands(text, tree) == ["stack fly", "sing"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_every_command_in_a_document_exists(path):
    assert unknown_commands(text_of(path), command_tree()) == []


def test_every_command_in_a_message_exists():
    # Messages name commands in backquotes: a person will type them.
    wrong = {relative(path): wrong for path in SOURCES if (wrong := unknown_commands(text_of(path), command_tree()))}
    assert wrong == {}


def test_the_containers_run_commands_that_exist():
    services = yaml.safe_load(text_of(ROOT / "docker-compose.yml"))["services"].values()
    asked = [service["command"][1] for service in services if service.get("command", [""])[0] == "creatorscope"]
    assert asked
    assert set(asked) <= set(command_tree())


@pytest.mark.parametrize("path", [*DOCUMENTS, *CONFIGURATION, *SOURCES], ids=relative)
def test_every_variable_is_a_setting(path):
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    known |= {f"{PREFIX}SOURCES__{name}__{field}".upper() for name in NAMES for field in SourceSettings.model_fields}
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", text_of(path)))
    assert {name for name in named if not name.startswith(FOR_TESTS)} - known == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_every_link_leads_to_a_file(path):
    assert [target for target in LINK.findall(text_of(path)) if not (path.parent / target).exists()] == []


def test_every_route_in_the_documents_exists():
    from api.app import create_app

    spec = create_app(Settings()).openapi()["paths"]
    known = {(verb.upper(), PARAMETER.sub("{}", route)) for route, verbs in spec.items() for verb in verbs}
    known |= {("GET", "/metrics"), ("GET", "/docs"), ("GET", "/openapi.json")}
    code = [part for path in DOCUMENTS for part in CODE.findall(text_of(path))]
    named = {(verb, PARAMETER.sub("{}", route)) for part in code for verb, route in ROUTE.findall(part)}
    assert named
    assert named - known == set()


def test_decisions_are_numbered_listed_and_whole():
    files = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    numbers = [path.name[:4] for path in files]
    assert numbers == [f"{number:04d}" for number in range(1, len(files) + 1)]
    listed = re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", text_of(DECISIONS / "README.md"))
    assert listed == [path.name for path in files]


@pytest.mark.parametrize("path", sorted(DECISIONS.glob("[0-9]*.md")), ids=relative)
def test_a_decision_says_what_was_weighed(path):
    text = text_of(path)
    assert text.startswith(f"# {path.name[:4]}: ")
    assert len(text.splitlines()) <= 90, "one page"


def test_guides_stay_short():
    assert len(text_of(ROOT / "CONTRIBUTING.md").splitlines()) <= 80


def test_documents_name_no_machine():
    private = re.compile(r"/(?:work|root|home/(?!creatorscope))/?\S*|/tmp/\S+")
    wrong = {relative(path): found for path in DOCUMENTS if (found := private.findall(text_of(path)))}
    assert wrong == {}
