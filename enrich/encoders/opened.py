"""The encoder that the settings name, loaded once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from enrich.encoders.export import exported_encoder
from enrich.encoders.manifest import read_manifest
from enrich.encoders.text import Provider, TextEncoder, default_encoder

if TYPE_CHECKING:
    from creators.settings import Settings
    from enrich.encoders.graph import Precision


@cache
def _opened(
    cache_dir: Path, encoder_dir: Path | None, provider: Provider, threads: int, precision: Precision
) -> TextEncoder:
    return default_encoder(cache_dir, encoder_dir, provider, threads, precision)


def open_encoder(settings: Settings) -> TextEncoder:
    """Return the encoder; raises :class:`creators.errors.SetupError` when it cannot be made or loaded."""
    chosen = settings.encoder_provider, settings.encoder_threads, settings.encoder_precision
    return _opened(settings.cache_dir, settings.encoder_dir, *chosen)


@cache
def _fingerprint(cache_dir: Path, encoder_dir: Path | None, precision: Precision) -> str:
    return read_manifest(encoder_dir or exported_encoder(cache_dir, precision)).fingerprint


def fingerprint_of(settings: Settings) -> str:
    """Return the encoder's fingerprint without loading it."""
    return _fingerprint(settings.cache_dir, settings.encoder_dir, settings.encoder_precision)
