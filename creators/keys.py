"""The secret of an installation, and keys for single purposes made from it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from creators.settings import Settings

KEY_BYTES = 32


def installation_key(settings: Settings) -> bytes:
    """Return the secret of this installation: the setting, else one made once and kept in the data folder.

    Processes of one installation that do not share a data folder need the setting.
    """
    if settings.cursor_secret is not None:
        return settings.cursor_secret.get_secret_value().encode()
    path: Path = settings.data_dir / "cursor.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Linked when whole: another process that starts now never reads half a key.
        with tempfile.NamedTemporaryFile(dir=path.parent) as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            with suppress(FileExistsError):
                path.hardlink_to(file.name)
    return path.read_bytes()


def derived_key(key: bytes, purpose: str) -> bytes:
    """Return the key for one purpose, 32 bytes: who has it learns neither the secret nor another purpose's key."""
    return hmac.digest(key, f"creatorscope:{purpose}".encode(), hashlib.sha256)
