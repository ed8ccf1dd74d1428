"""The unpacked OpenSearch with its plugins: downloaded once, checked against pinned checksums, shared by all.

Downloads go to ``cache_dir/maven``; a Maven repository that the machine already has is read, never written.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import structlog
from filelock import FileLock, Timeout

from creators.errors import ArtifactError
from stack.console import Advance, StartConsole

log = structlog.get_logger(__name__)

PINS = Path(__file__).with_name("artifacts.toml")
LOCK_TIMEOUT_S = 1800.0
"""How long to wait for another process that downloads, in seconds: 180 MB on a slow line."""
READ_TIMEOUT_S = 30
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Artifact:
    """One pinned file of the Maven world; ``plugin`` is the folder below ``plugins/``, None for the engine itself."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int
    plugin: str | None = None


def pinned(path: Path = PINS) -> tuple[Artifact, ...]:
    """Return the pinned artifacts, the engine first."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["artifact"]
    return tuple(sorted((Artifact(**entry) for entry in entries), key=lambda pin: pin.plugin is not None))


def engine_home(cache_dir: Path, pins: tuple[Artifact, ...]) -> Path:
    """Return the folder of the unpacked engine; another set of pins has another folder."""
    digest = hashlib.sha256("".join(pin.sha256 for pin in pins).encode()).hexdigest()[:12]
    return cache_dir.absolute() / "engines" / f"{pins[0].artifact}-{pins[0].version}-{digest}"


def verify(path: Path, pin: Artifact) -> None:
    """Check size and SHA-256 of a downloaded file.

    Raises:
        ArtifactError: they differ from the pin; the message names the file to delete.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    if digest.hexdigest() != pin.sha256:
        detail = (
            f"{path} is not {pin.artifact} {pin.version} as pinned: it has {path.stat().st_size} bytes and SHA-256 "
            f"{digest.hexdigest()}, expected {pin.size} bytes and {pin.sha256}. "
            "Delete this file and start again; it is then downloaded afresh."
        )
        raise ArtifactError(detail)


def prepare(cache_dir: Path, console: StartConsole) -> Path:
    """Return the home of an OpenSearch that is ready to run, making it on the first call.

    Several processes may call this at once; one does the work and the others wait for it.

    Raises:
        ArtifactError: a file cannot be had or does not match its checksum.
    """
    pins = pinned()
    home = engine_home(cache_dir, pins)
    if home.is_dir():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home.parent / ".lock", timeout=LOCK_TIMEOUT_S):
            if not home.is_dir():
                files = {pin: _fetch(pin, cache_dir.absolute() / "maven", console) for pin in pins}
                _unpack(files, home, console)
    except Timeout as error:
        detail = f"another process has held {home.parent / '.lock'} for {LOCK_TIMEOUT_S:.0f} s; stop it and start again"
        raise ArtifactError(detail) from error
    except OSError as error:
        detail = f"cannot unpack OpenSearch into {home.parent}: {error}; free some space or set CREATORSCOPE_CACHE_DIR"
        raise ArtifactError(detail) from error
    return home


def _fetch(pin: Artifact, repository: Path, console: StartConsole) -> Path:
    """Return the path of a verified file, from a local repository or from Maven Central."""
    from jgo.maven import MavenContext, PythonResolver  # with an HTTP client of its own: needed on the first start only

    logging.getLogger("jgo").setLevel(logging.ERROR)  # it reports its own checksum; ours is the one that decides
    resolver = PythonResolver(progress_callback=lambda name, size: console.bar(f"Downloading {name}", size))
    shared = Path(os.environ.get("M2_REPO", Path.home() / ".m2" / "repository"))
    context = MavenContext(resolver, repository, local_repos=[shared], timeout=READ_TIMEOUT_S)
    wanted = context.project(pin.group, pin.artifact).at_version(pin.version).artifact(packaging="zip")
    ours = wanted.cached_path
    if ours is not None and ours.is_file() and ours.stat().st_size < pin.size:
        ours.unlink()  # a download that was killed; we hold the lock, so nobody is writing it
    try:
        path = Path(wanted.resolve())
    except (RuntimeError, OSError) as error:  # the second is the root of its HTTP client's errors too
        if ours is not None:
            ours.unlink(missing_ok=True)
        detail = (
            f"cannot download {pin.group}:{pin.artifact}:{pin.version} from Maven Central: {error}. Connect this "
            f"machine to the internet once, or copy the file to {ours}, or set CREATORSCOPE_OPENSEARCH_URL."
        )
        raise ArtifactError(detail) from error
    verify(path, pin)
    return path


def _unpack(files: dict[Artifact, Path], home: Path, console: StartConsole) -> None:
    """Unpack engine and plugins beside ``home`` and move them there in one step."""
    for leftover in home.parent.glob(".unpacking-*"):
        shutil.rmtree(leftover, ignore_errors=True)  # of a process that was killed: we hold the lock
    staging = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=home.parent))
    try:
        total = sum(info.file_size for path in files.values() for info in zipfile.ZipFile(path).infolist())
        root = staging
        with console.bar("Unpacking OpenSearch", total) as advance:
            for pin, path in files.items():
                if pin.plugin is None:
                    _extract(path, staging, advance)
                    root = staging / f"{pin.artifact}-{pin.version}"
                else:
                    # The same files that `opensearch-plugin install` would leave, without two more JVM starts
                    _extract(path, root / "plugins" / pin.plugin, advance)
        root.rename(home)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    log.info("engine.unpacked", home=str(home))


def _extract(archive: Path, into: Path, advance: Advance) -> None:
    """Extract a zip with the permissions recorded in it, which the standard library drops."""
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            target = Path(file.extract(info, into))
            mode = (info.external_attr >> 16) & 0o777
            if mode and not info.is_dir():
                target.chmod(mode | 0o444)
            advance(info.file_size)
