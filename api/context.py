"""How a command starts: settings read, logs set up for its kind."""

from __future__ import annotations

from creators.settings import Settings, load_settings
from creators.telemetry import configure_logging

_SERVICES = frozenset({"serve", "worker"})


def settings_for(command: str) -> Settings:
    """Read the settings and set up the log: services log at ``info``, commands for people only what went wrong."""
    settings = load_settings()
    quiet = command not in _SERVICES and "log_level" not in settings.model_fields_set
    if quiet:
        settings = settings.model_copy(update={"log_level": "warning"})
    configure_logging(settings)
    return settings
