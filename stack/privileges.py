"""A way for OpenSearch, which refuses to run as root, to run when we are root."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog
from filelock import FileLock, Timeout

from creators.errors import EngineFailed

log = structlog.get_logger(__name__)

NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
UNUSED_UIDS = range(60600, 60700)
"""Outside the numbers that systems give to people and services."""
PROBE_TIMEOUT_S = 30
LOCK_TIMEOUT_S = 300.0
USABLE = 'test -x "$1/bin/opensearch" && ls "$1/lib" >/dev/null && test -x "$2/bin/java" && test -w "$3"'


class PrivilegeMode(StrEnum):
    """How the engine gets a user id that is not zero."""

    AS_IS = "as-is"
    USER_NAMESPACE = "user-namespace"
    SETUID = "setuid"


@dataclass(frozen=True)
class Privilege:
    """Which way to take (None: the first that works) and where copies for another user id go."""

    mode: PrivilegeMode | None = None
    shelter: Path = Path("/var/lib/creatorscope")


@dataclass(frozen=True)
class Placement:
    """Folders as the engine will see them and how its command is started."""

    mode: PrivilegeMode
    home: Path
    java_home: Path
    instance: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None

    def hand_over(self) -> None:
        """Give everything below the instance folder to the user id that the engine runs with."""
        if self.mode is PrivilegeMode.AS_IS:
            return
        owner = self.uid or 0
        for folder, _, files in os.walk(self.instance):
            for path in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118 - thousands of them
                if os.lstat(path).st_uid != owner:
                    os.chown(path, owner, owner, follow_symlinks=False)


def place(home: Path, java_home: Path, instance: Path, privilege: Privilege) -> Placement:
    """Return a placement in which the engine can read itself and its Java and write its instance folder.

    Raises:
        EngineFailed: this machine allows root neither a user namespace nor another user id.
    """
    instance.resolve().mkdir(parents=True, exist_ok=True, mode=0o700)  # a link may point to a folder that was removed
    placement = Placement(PrivilegeMode.AS_IS, home, java_home, instance.resolve())
    if os.geteuid() != 0:
        return placement
    if privilege.mode in {None, PrivilegeMode.USER_NAMESPACE}:
        namespaced = Placement(PrivilegeMode.USER_NAMESPACE, home, java_home, instance.resolve(), prefix=NAMESPACE)
        namespaced.hand_over()
        if _usable(namespaced):
            return namespaced
        log.info("privileges.no_user_namespace")
    if privilege.mode in {None, PrivilegeMode.SETUID}:
        other = _as_other_user(placement, instance, privilege.shelter)
        other.hand_over()
        if _usable(other):
            return other
    detail = (
        "OpenSearch refuses to run as root, and this machine allows root neither a user namespace nor another user id. "
        "Run creatorscope as an ordinary user, or set CREATORSCOPE_OPENSEARCH_URL to a running cluster."
    )
    raise EngineFailed(detail)


def namespaces_allowed() -> bool:
    """Tell whether this process may make a user namespace."""
    return _runs([*NAMESPACE, "true"], None)


def _usable(placement: Placement) -> bool:
    folders = (str(placement.home), str(placement.java_home), str(placement.instance))
    return _runs([*placement.prefix, "sh", "-c", USABLE, "sh", *folders], placement.uid)


def _runs(command: list[str], uid: int | None) -> bool:
    groups: list[int] | None = None if uid is None else []
    try:
        done = subprocess.run(
            command, user=uid, group=uid, extra_groups=groups, capture_output=True, timeout=PROBE_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _as_other_user(placement: Placement, instance: Path, shelter: Path) -> Placement:
    """Move what the other user id cannot reach into the shelter; what it can reach stays where it is."""
    uid = placement.instance.stat().st_uid or _unused_uid()
    shelter.mkdir(parents=True, exist_ok=True)
    shelter.chmod(0o755)  # whatever the umask says: the other user id has to pass
    try:
        with FileLock(shelter / ".lock", timeout=LOCK_TIMEOUT_S):
            home = _reachable_copy(placement.home, "bin/opensearch", uid, shelter)
            java_home = _reachable_copy(placement.java_home, "bin/java", uid, shelter)
            kept = _reachable_instance(instance, uid, shelter)
    except Timeout as error:
        detail = f"another process has held {shelter / '.lock'} for {LOCK_TIMEOUT_S:.0f} s; stop it and start again"
        raise EngineFailed(detail) from error
    return Placement(PrivilegeMode.SETUID, home, java_home, kept, uid=uid)


def _unused_uid() -> int:
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    return next(uid for uid in UNUSED_UIDS if uid not in taken)


def _reachable_copy(tree: Path, program: str, uid: int, shelter: Path) -> Path:
    if _runs(["sh", "-c", 'test -x "$1" && ls "$2" >/dev/null', "sh", str(tree / program), str(tree / "lib")], uid):
        return tree
    copy = shelter / f"{tree.name}-{_short(tree.resolve())}"
    if not copy.is_dir():
        log.info("privileges.copying", source=str(tree), target=str(copy))
        staging = Path(tempfile.mkdtemp(prefix=".copying-", dir=shelter))
        try:
            shutil.copytree(tree, staging / "tree", ignore_dangling_symlinks=True)
            _open_to_all(staging / "tree")
            (staging / "tree").rename(copy)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return copy


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)


def _reachable_instance(instance: Path, uid: int, shelter: Path) -> Path:
    """Return where the data may live; when that is elsewhere, a link stays at the old place."""
    real = instance.resolve()
    if _runs(["sh", "-c", 'cd "$1"', "sh", str(real.parent)], uid):
        return real
    target = shelter / "data" / f"{instance.name}-{_short(real)}"
    target.parent.mkdir(exist_ok=True)
    target.parent.chmod(0o755)
    log.info("privileges.moving_data", source=str(real), target=str(target))
    shutil.move(real, target)
    instance.symlink_to(target)
    return target


def _short(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]
