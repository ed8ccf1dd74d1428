"""Which credentials are good: ``sim-<provider>-<number>``, any number; everything else is refused."""

from __future__ import annotations

import re

from simulator.desk import Asked

_KEY = re.compile(r"sim-(?P<provider>[a-z]+)-\d{1,6}")


def key(provider: str, number: int) -> str:
    """Return one good credential of a provider."""
    return f"sim-{provider}-{number}"


def good_key(provider: str, text: str) -> str | None:
    """Return the key where it is a good one of that provider, else None."""
    match = _KEY.fullmatch(text)
    return text if match is not None and match["provider"] == provider else None


def bearer(asked: Asked) -> str:
    """Return what follows ``Bearer`` or ``token`` in the authorisation, or nothing."""
    scheme, _, text = asked.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() in {"bearer", "token"} else ""
