"""What the end of a fetch says about its source: the breaker counts what is the source's fault, and nothing else."""

from __future__ import annotations

from creators.errors import CreatorscopeError, SourceError, SourceLimited, SourceRefused, SourceUnavailable, TargetGone


def verdict(error: CreatorscopeError | None, *, refused_by_source: bool, many_hosts: bool = False) -> bool | None:
    """Return whether a source did well (True) or failed (False); None where the end says nothing about it.

    An account that is gone is an answer like any other, and so is a limit: whoever counts quotas, lives. A credential
    that the source does not let in is a failure, as every call with it would be; a refusal of our own (robots.txt, an
    account without a public address) is not.

    Args:
        error: what the fetch raised.
        refused_by_source: whether an answer of the source refused it.
        many_hosts: whether the source is the open web, where one dead host says nothing about the next.
    """
    if error is None or isinstance(error, TargetGone):
        return True
    if isinstance(error, SourceLimited) or (many_hosts and isinstance(error, SourceUnavailable)):
        return None
    if isinstance(error, SourceRefused):
        return False if refused_by_source else None
    # Anything but an error of the source is about the target, such as an address that leads inside.
    return False if isinstance(error, SourceError) else None
