"""Which sources may be called now, and in words why not; and what may be done with what they told.

A source needs what it cannot work without, credentials or a person who accepted its terms, and nobody may have switched
it off: in the settings, or while everything runs with ``creatorscope source disable``. A switch is stronger than the
setting ``enabled``, never than what is missing. The browser is off until somebody turns it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from creators.errors import SetupError
from creators.settings import PREFIX, SourceSettings
from creators.stores.scripts import Shared, boundary
from creators.targets import Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from creators.models import RawRecord
    from creators.settings import Settings
    from fetchers.contract import Policy, Source

SWITCHES_KEY = "sources:switched"
UNSET = SourceSettings()
WITHOUT_KEYS = frozenset({"browser", "website"})
"""Kinds of sources that need no credential."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a source may be called; the reason is for people."""

    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Switches:
    """What was switched on or off while the service runs; kept in Redis, raises ``QueueUnavailable`` without it."""

    shared: Shared

    def read(self) -> dict[str, bool]:
        """Return the sources that were switched, with whether they are on."""
        return {name: value == "on" for name, value in self.shared.hash(SWITCHES_KEY).items()}

    def set(self, source: str, enabled: bool | None) -> None:  # noqa: FBT001 - three states, read with the name before
        """Switch a source on or off; None leaves it to the settings again."""
        key = self.shared.key(SWITCHES_KEY)
        with boundary():
            if enabled is None:
                self.shared.redis.hdel(key, source)
            else:
                self.shared.redis.hset(key, source, "on" if enabled else "off")


def settings_of(settings: Settings, source: str) -> SourceSettings:
    """Return what the operator says about a source."""
    return settings.sources.get(source, UNSET)


def check_names(settings: Settings, known: Mapping[str, Source]) -> None:
    """Check that every source that the settings name exists.

    Raises:
        SetupError: one does not; the message names the nearest that does.
    """
    for name in settings.sources:
        if name not in known:
            nearest = process.extractOne(name, sorted(known), scorer=fuzz.ratio)
            meant = f"did you mean {PREFIX}SOURCES__{nearest[0].upper()}__…?" if nearest else "there is none"
            detail = f"{PREFIX}SOURCES__{name.upper()}__… names no source: {meant}"
            raise SetupError(detail, field="sources")


def standing(source: Source, settings: SourceSettings, switched: bool | None = None) -> Standing:  # noqa: FBT001 - three states of :class:`Switches`
    """Return whether a source may be called.

    Args:
        source: to call.
        settings: what the operator says about it.
        switched: on or off by :class:`Switches`, None: not switched.
    """
    name = f"{PREFIX}SOURCES__{source.name.upper()}__"
    if switched is False:
        return Standing(allowed=False, reason=f"switched off; `creatorscope source enable {source.name}` turns it on")
    wanted = switched or settings.enabled
    if settings.enabled is False and not switched:
        return Standing(allowed=False, reason=f"disabled by {name}ENABLED")
    if source.policy.kind == "browser" and not wanted:
        return Standing(allowed=False, reason=f"off by default: set {name}ENABLED=true to let it open pages")
    if source.policy.kind not in WITHOUT_KEYS and not settings.credentials:
        return Standing(allowed=False, reason=f"has no credentials: set {name}KEYS")
    if source.policy.needs_acknowledgement and not settings.acknowledged_by:
        terms = f"nobody has accepted its terms ({source.policy.terms_url})"
        return Standing(allowed=False, reason=f"{terms}: set {name}ACKNOWLEDGED_BY")
    return Standing(allowed=True, reason="may be called")


def uses(policy: Policy, settings: SourceSettings) -> dict[str, bool]:
    """Return ``may_derive`` and ``may_merge`` as they hold here: what the operator agreed outweighs the policy."""
    told = {"may_derive": settings.may_derive, "may_merge": settings.may_merge}
    return {name: getattr(policy, name) if agreed is None else agreed for name, agreed in told.items()}


def permitted(records: Iterable[RawRecord], settings: Settings, known: Mapping[str, Source]) -> list[RawRecord]:
    """Return records that say what they may be used for, as the policies of their sources stand now.

    What a record already forbids stays forbidden: a copy of an older answer is worth no more than the answer. Records
    of what is no source, such as events, are the operator's own and stay as they are.
    """
    rights = {name: uses(source.policy, settings_of(settings, name)) for name, source in known.items()}

    def limited(record: RawRecord) -> RawRecord:
        denied = {name: False for name, allowed in rights.get(record.source, {}).items() if not allowed}
        return record.model_copy(update=denied) if denied else record

    return [limited(record) for record in records]


def serves(source: Source, target: Target) -> bool:
    """Return whether a source is able to answer for a target at all."""
    return target.platform in source.serves.get(target.kind, frozenset())
