"""What an encoder folder says about itself, checked against its files."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from creators.errors import SetupError
from enrich.encoders.export import file_sha256

FILES = ("model.onnx", "tokenizer.json")
DEFAULT_MAX_TOKENS = 256


class Manifest(BaseModel):
    """``encoder.json`` of an encoder folder; a folder without one is described by its files.

    Attributes:
        shares_runs: texts of equal length have the same bits together as alone; unknown of any graph but our own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    weights_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    precision: str
    pooling: str
    max_tokens: int = Field(ge=8)
    shares_runs: bool = False
    files: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """Everything that a vector depends on, as one line."""
        return f"{self.name}/{self.weights_sha256[:12]}/{self.precision}/{self.pooling}/{self.max_tokens}"


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest of an encoder folder.

    Raises:
        SetupError: a file is missing, or is not the one that the manifest describes.
    """
    missing = [name for name in FILES if not (directory / name).is_file()]
    if missing:
        detail = f"the encoder folder {directory} lacks {' and '.join(missing)}"
        raise SetupError(detail, field="encoder_dir")
    hashes = {name: file_sha256(directory / name) for name in FILES}
    declared = directory / "encoder.json"
    if not declared.is_file():
        return _describe(directory, hashes)
    try:
        manifest = Manifest.model_validate_json(declared.read_bytes())
    except ValidationError as error:
        detail = f"{declared} cannot be read: {error}; correct it, or delete it to describe the folder by its files"
        raise SetupError(detail, field="encoder_dir") from error
    wrong = [name for name in FILES if manifest.files.get(name) != hashes[name]]
    if wrong:
        detail = f"{' and '.join(wrong)} in {directory} differ from encoder.json; delete the folder and start again"
        raise SetupError(detail, field="encoder_dir")
    return manifest


def _describe(directory: Path, hashes: dict[str, str]) -> Manifest:
    try:
        truncation = json.loads((directory / "tokenizer.json").read_text(encoding="utf-8")).get("truncation") or {}
        max_tokens = int(truncation.get("max_length", DEFAULT_MAX_TOKENS))
    except (ValueError, AttributeError, TypeError) as error:
        detail = f"{directory / 'tokenizer.json'} is not a tokenizer file: {error}"
        raise SetupError(detail, field="encoder_dir") from error
    return Manifest(
        name=f"custom-{hashes['tokenizer.json'][:12]}",
        weights_sha256=hashes["model.onnx"],
        precision="as-exported",
        pooling="as-exported",
        max_tokens=max_tokens,
        files=hashes,
    )
