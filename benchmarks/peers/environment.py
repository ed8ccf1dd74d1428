"""The throw-away environment with the packages of the peers: made once, beside the product's, which stays as it is."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from creators.errors import SetupError

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
PYTHON = "3.11"
INSTALL_S = 900


def python_of_peers(folder: Path) -> Path:
    """Return an interpreter that has the packages of ``requirements.txt``; makes it below ``folder`` if need be.

    Raises:
        SetupError: ``uv`` is not there, or a package cannot be had; the message says which.
    """
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    home = folder / f"environment-{digest}"
    python, done = home / "bin" / "python", home / "complete"
    if done.exists():
        return python
    uv = shutil.which("uv")
    if uv is None:
        detail = "the peers need an environment of their own, which `uv` makes: install uv"
        raise SetupError(detail)
    shutil.rmtree(home, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    _run([uv, "venv", "--quiet", "--python", PYTHON, str(home)], "no environment could be made")
    install = [uv, "pip", "install", "--quiet", "--python", str(python), "--requirement", str(REQUIREMENTS)]
    _run(install, f"a package of {REQUIREMENTS} cannot be had")
    done.touch()
    return python


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except subprocess.TimeoutExpired as error:
        detail = f"{what}: no answer within {INSTALL_S} s"
        raise SetupError(detail) from error
    if done.returncode:
        detail = f"{what}: {done.stderr.strip()[-800:]}"
        raise SetupError(detail)
