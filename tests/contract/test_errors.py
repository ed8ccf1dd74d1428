"""The error tree as it is drawn at the head of ``creators/errors.py`` is the error tree as it is."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest

from creators import errors
from creators.errors import CreatorscopeError, Reaction

ROOT = Path(__file__).parents[2]
INDENT = 4
LINE = re.compile(
    rf"^(?P<stem>[│├└─ ]*)(?P<name>[A-Z]\w+)(?: +(?P<reaction>{'|'.join(Reaction)}) +(?P<status>\d{{3}}))?(?:  .*)?$"
)


@dataclass(frozen=True)
class Drawn:
    """One line of the tree; a line without reaction and status has those of the line above it in the tree."""

    name: str
    parent: str | None
    reaction: Reaction
    status: int


def read_tree(text: str) -> dict[str, Drawn]:
    path: list[Drawn] = []
    found: dict[str, Drawn] = {}
    for line in text.splitlines():
        match = LINE.match(line)
        if match is None:
            continue
        depth = len(match["stem"]) // INDENT
        parent = path[depth - 1] if depth else Drawn("", None, CreatorscopeError.reaction, CreatorscopeError.status)
        drawn = Drawn(
            match["name"],
            parent.name or None,
            Reaction(match["reaction"] or parent.reaction),
            int(match["status"] or parent.status),
        )
        path[depth:] = [drawn]
        found[drawn.name] = drawn
    return found


def walk(root: type[CreatorscopeError]) -> list[type[CreatorscopeError]]:
    return [root, *(deeper for child in root.__subclasses__() for deeper in walk(child))]


TREE = read_tree(errors.__doc__)
CLASSES = walk(CreatorscopeError)


def test_the_reader_of_the_tree_sees_depth_and_inheritance():
    text = "Root\n├── Mid   reject   422  words\n│   └── Leaf\n└── Other  retry  503"
    assert [(d.name, d.parent, str(d.reaction), d.status) for d in read_tree(text).values()] == [
        ("Root", None, "stop", 500),
        ("Mid", "Root", "reject", 422),
        ("Leaf", "Mid", "reject", 422),
        ("Other", "Root", "retry", 503),
    ]


def test_the_picture_shows_every_error_and_no_other():
    assert {error.__name__ for error in CLASSES} == set(TREE), "draw it in the docstring of creators/errors.py"


@pytest.mark.parametrize("error", [e for e in CLASSES if e.__name__ in TREE], ids=lambda error: error.__name__)
def test_an_error_is_as_drawn(error):
    drawn = TREE[error.__name__]
    assert error is CreatorscopeError or error.__bases__[0].__name__ == drawn.parent
    assert (error.reaction, error.status) == (drawn.reaction, drawn.status)


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_an_error_tells_its_code_and_its_detail(error):
    raised = error("handle: what is wrong and how to mend it", field="handle")
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", vars(error)["code"])
    assert HTTPStatus(error.status) >= HTTPStatus.BAD_REQUEST
    assert (str(raised), raised.detail, raised.field) == (raised.detail, str(raised), "handle")


def test_codes_are_unique():
    shared = {code for code, count in Counter(error.code for error in CLASSES).items() if count > 1}
    assert shared == set()


def test_no_error_of_ours_is_defined_elsewhere():
    names = {error.__name__ for error in CLASSES}
    elsewhere = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for package in ROOT.glob("*/__init__.py")
        for path in package.parent.rglob("*.py")
        if path != Path(errors.__file__).resolve() and ROOT / "tests" not in path.parents
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and names & {base.id for base in node.bases if isinstance(base, ast.Name)}
    ]
    assert elsewhere == []
