"""Which Java is taken: real executables that answer as a Java of some release would."""

import pytest

from creators.errors import JavaMissing
from stack import java

SCRIPT = """#!/bin/sh
if [ "$1" = --list-modules ]; then echo "java.base@{version}"; echo "{module}@{version}"; exit 0; fi
echo "    java.home = {home}" >&2
echo "    java.version = {version}" >&2
"""


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch, tmp_path):
    """Leave nothing to be found but what a test installs."""
    for variable in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "system").mkdir()
    monkeypatch.setattr(java, "USUAL_FOLDERS", ((str(tmp_path / "system"), "*"),))
    monkeypatch.setattr(java, "_packaged", lambda: iter(()))
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.fixture
def install(tmp_path):
    def install(name, version, *, simd=True):
        home = tmp_path / name
        (home / "bin").mkdir(parents=True)
        executable = home / "bin" / "java"
        module = java.SIMD_MODULE if simd else "java.sql"
        executable.write_text(SCRIPT.format(home=home, version=version, module=module))
        executable.chmod(0o755)
        return home

    return install


@pytest.mark.parametrize(
    ("version", "major"),
    [("21.0.4", 21), ("1.8.0_402", 8), ("25", 25), ("22-ea", 22), ("17.0.15", 17), ("unknown", 0)],
)
def test_feature_release_of_a_version(version, major):
    assert java.major_of(version) == major


def test_the_order_is_setting_then_variables_then_path_then_folders(monkeypatch, install):
    explicit, first, second, on_path = (install(name, "21.0.1") for name in ("explicit", "first", "second", "on_path"))
    in_folder = install("system/jdk-25", "25.0.3")
    monkeypatch.setenv("OPENSEARCH_JAVA_HOME", str(first))
    monkeypatch.setenv("JAVA_HOME", str(second))
    monkeypatch.setenv("PATH", f"{on_path / 'bin'}:/usr/bin:/bin")
    assert java.find_java(explicit).home == explicit
    assert java.find_java().home == first
    monkeypatch.delenv("OPENSEARCH_JAVA_HOME")
    assert java.find_java().home == second
    monkeypatch.delenv("JAVA_HOME")
    assert java.find_java().home == on_path
    monkeypatch.setenv("PATH", "/nowhere")
    assert java.find_java().home == in_folder


def test_an_older_java_is_skipped_wherever_it_is_named(monkeypatch, install):
    monkeypatch.setenv("JAVA_HOME", str(install("old", "17.0.15")))
    fits = install("system/jdk-21", "21.0.4")
    found = java.find_java(install("older", "1.8.0_402"))
    assert (found.home, found.origin, found.major) == (fits, "usual folder", 21)


def test_vector_instructions_are_asked_for(install):
    assert java.find_java(install("full", "25.0.3")).simd
    assert not java.find_java(install("small", "25.0.2", simd=False)).simd


def test_a_file_that_is_no_java_is_skipped(tmp_path, install):
    broken = tmp_path / "broken"
    (broken / "bin").mkdir(parents=True)
    (broken / "bin" / "java").write_text("not a program")
    fits = install("system/jdk-21", "21.0.4")
    assert java.find_java(broken).home == fits


def test_none_fits_and_the_message_names_what_was_seen_and_the_setting(install):
    old = install("system/jdk-17", "17.0.15")
    with pytest.raises(JavaMissing, match=rf"(?s)21 or newer.*{old}.*17\.0\.15.*CREATORSCOPE_JAVA_HOME"):
        java.find_java()
