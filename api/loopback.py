"""Who may write and administrate: programs on this machine, and nobody else, until callers can prove who they are.

An address is not enough. Behind a proxy everybody comes from this machine; a name that an attacker's DNS points here
makes a browser on this machine send the attacker's page's requests. So the request itself has to be local, too.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers

from creators.errors import NotLocal

_HANDED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_SAME_SITE = frozenset({"same-origin", "none"})
_FIX = "call it from this machine, or start the server with --insecure on a network that you trust"


def local_only(request: Request) -> None:
    """Let a request through that a program on this machine sent to this machine.

    Raises:
        NotLocal: it came from elsewhere, through a proxy, under another name, or from a page of another site.
    """
    if request.app.state.settings.api_insecure:
        return
    reason = why_not_local(request.client.host if request.client else None, request.headers)
    if reason is not None:
        detail = f"{reason}; {_FIX}"
        raise NotLocal(detail)


def why_not_local(peer: str | None, headers: Headers) -> str | None:
    """Return what makes a request not local, or None."""
    if peer is None or not _is_loopback(peer):
        return "this is answered to programs on the same machine only"
    handed_on = next((name for name in _HANDED_ON if name in headers), None)
    if handed_on is not None:
        return f"the request came through a proxy ({handed_on})"
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not _is_own_name(hosts[0]):
        return "the request names another host than this machine (Host)"
    return _why_foreign(headers, hosts[0])


def _why_foreign(headers: Headers, host: str) -> str | None:
    origins = headers.getlist("origin")
    if any(origin not in {f"http://{host}", f"https://{host}"} for origin in origins):
        return "the request was sent by a page of another site (Origin)"
    # A browser says so even where it sends no Origin, as with a plain GET.
    if any(site not in _SAME_SITE for site in headers.getlist("sec-fetch-site")):
        return "the request was sent by a page of another site (Sec-Fetch-Site)"
    return None


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def _is_own_name(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        named = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    return parts.netloc == host and "@" not in host and (named == "localhost" or _is_loopback(named))
