"""Our packages have plain top-level names; nobody else may own one, and what is imported is what lies here."""

import importlib
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = "creatorscope"
NOT_SHIPPED = {"benchmarks", "tests"}


def shipped():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


PACKAGES = shipped()


def test_the_wheel_holds_every_package_of_the_repository():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders - NOT_SHIPPED == set(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_distribution_owns_the_name(name):
    # An editable install lists no files, a wheel lists ours; two owners overwrite each other without a word.
    owners = set(packages_distributions().get(name, [])) - {OURS}
    assert owners == set(), f"{owners} also installs the package {name}: drop it, or rename ours"


@pytest.mark.parametrize("name", PACKAGES)
def test_the_imported_package_lies_in_this_repository(name):
    module = importlib.import_module(name)
    assert Path(module.__file__).resolve() == (ROOT / name / "__init__.py").resolve()


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_says_what_it_is(name):
    assert (importlib.import_module(name).__doc__ or "").strip()
