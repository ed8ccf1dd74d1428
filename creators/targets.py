"""What can be fetched, named so that the same work has the same name everywhere: queue, schedule, ledger, lake."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from creators.errors import BadInput
from creators.ids import MAX_ID_BYTES, account_id, provisional_native_id
from creators.models import Platform
from creators.text import normalise_handle


class TaskKind(StrEnum):
    """What is asked of a source."""

    PROFILE = "profile"
    """One account with its recent posts; the value is its native id, or ``@handle``."""
    SEARCH = "search"
    """Accounts that a platform finds for a term; the value is the term."""
    PAGE = "page"
    """One web page that an account links to; the value is ``native_id url``."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One thing to fetch, whoever fetches it."""

    kind: TaskKind
    platform: Platform
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.platform}:{self.value}"

    @property
    def target_id(self) -> str:
        """``kind:platform:value``; at most ``MAX_ID_BYTES`` bytes."""
        return str(self)

    @property
    def handle(self) -> str | None:
        """The handle of an account whose native id is not known."""
        return self.value[1:] if self.kind is TaskKind.PROFILE and self.value.startswith("@") else None

    @property
    def page(self) -> tuple[str, str]:
        """``(account_id, url)`` of a page.

        Raises:
            BadInput: this is no page.
        """
        native_id, separator, url = self.value.rpartition(" ")
        if self.kind is not TaskKind.PAGE or not separator:
            detail = f"{self} is no page"
            raise BadInput(detail, field="target")
        return account_id(self.platform, native_id), url


def parse_target(target_id: str) -> Target:
    """Return the target that an id names; the inverse of ``str``.

    Raises:
        BadInput: it names none, or is too long to be stored under.
    """
    kind, _, rest = target_id.partition(":")
    platform, _, value = rest.partition(":")
    if not value or len(target_id.encode("utf-8", "replace")) > MAX_ID_BYTES:
        detail = f"target {target_id[:80]!r} is not kind:platform:value of at most {MAX_ID_BYTES} bytes"
        raise BadInput(detail, field="target")
    try:
        return Target(TaskKind(kind), Platform(platform), value)
    except ValueError as error:
        detail = f"target {target_id[:80]!r}: {error}"
        raise BadInput(detail, field="target") from error


def profile_target(platform: Platform, *, native_id: str | None = None, handle: str | None = None) -> Target:
    """Return the target of one account, by native id where it is known.

    Raises:
        BadInput: neither is given, or nothing is left of the handle.
    """
    value = native_id or provisional_native_id(normalise_handle(handle or ""))
    if value == "@":
        detail = "an account is named by its native id or its handle"
        raise BadInput(detail, field="handle")
    return parse_target(f"{TaskKind.PROFILE}:{platform}:{value}")


def page_target(about: str, url: str) -> Target:
    """Return the target of a page that the account ``about`` (``platform:native_id``) links to."""
    platform, _, native_id = about.partition(":")
    return parse_target(f"{TaskKind.PAGE}:{platform}:{native_id} {url}")
