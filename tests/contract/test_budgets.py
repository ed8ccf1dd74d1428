"""Sizes and names: a module, a function or a test that outgrows its budget is split, not waved through."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE_LINES = 400
FUNCTION_LINES = 45
TEST_LINES = 400
FORBIDDEN_NAMES = re.compile(r"(utils?|helpers?|common|base|base_.*|managers?)")
MARKERS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|NotImplemented" r"Error)\b")


def sources(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


PACKAGES = sorted(path.parent for path in ROOT.glob("*/__init__.py"))
MODULES = sources(*PACKAGES)
TESTS = sources(ROOT / "tests")
EVERYTHING = sorted({*MODULES, *TESTS, *sources(ROOT / "benchmarks")})


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_modules_are_found():
    assert {"creators", "search", "api"} <= {path.name for path in PACKAGES}
    assert Path(__file__) in TESTS


@pytest.mark.parametrize(("paths", "most"), [(MODULES, MODULE_LINES), (TESTS, TEST_LINES)], ids=["modules", "tests"])
def test_no_module_is_too_long(paths, most):
    assert {str(path.relative_to(ROOT)): lines for path in paths if (lines := lines_of(path)) > most} == {}


def test_no_function_is_too_long():
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": length
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_no_module_has_a_name_that_says_nothing():
    assert [str(path.relative_to(ROOT)) for path in EVERYTHING if FORBIDDEN_NAMES.fullmatch(path.stem)] == []
    assert [str(path.parent) for path in EVERYTHING if FORBIDDEN_NAMES.fullmatch(path.parent.name)] == []


def test_nothing_is_left_for_later():
    left = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()}"
        for path in EVERYTHING
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MARKERS.search(line)
    ]
    assert left == []


def test_tests_are_not_shipped():
    imports = re.compile(r"^\s*(?:from|import) (?:tests|benchmarks)\b", re.MULTILINE)
    shipped = [path for path in MODULES if path.relative_to(ROOT).parts[0] not in {"tests", "benchmarks"}]
    assert [str(path) for path in shipped if imports.search(path.read_text(encoding="utf-8"))] == []
