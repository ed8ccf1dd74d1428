"""A file that a user hands in becomes a dataset: it lies whole in the lake with its mapping, under an id.

From there any worker on any machine can read it, a restart goes on where it stopped, and the same file with the same
mapping is the same dataset: handing it in twice changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from creators.datasets import DatasetMapping, parse_mapping
from creators.errors import BadDataset, NotFound
from creators.ids import content_hash
from creators.stores.lake import DATASETS

if TYPE_CHECKING:
    from creators.stores.lake import Lake

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Dataset:
    """A file in the lake with the mapping that explains it."""

    dataset_id: str
    file_name: str
    suffix: str
    mapping: DatasetMapping
    registered_at: datetime

    @property
    def file_key(self) -> str:
        """Where the file lies in the lake."""
        return f"{DATASETS}/{self.dataset_id}/source{self.suffix}"

    @property
    def landed_on(self) -> date:
        """The day under which its records lie in the lake."""
        return self.registered_at.date()


def _manifest_key(dataset_id: str) -> str:
    return f"{DATASETS}/{dataset_id}/manifest.json"


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        detail = f"{path} cannot be read: {error.strerror}"
        raise BadDataset(detail, field="file") from error
    return digest.hexdigest()


def _parse(manifest: dict[str, Any]) -> Dataset:
    return Dataset(
        dataset_id=manifest["dataset_id"],
        file_name=manifest["file_name"],
        suffix=manifest["suffix"],
        mapping=parse_mapping(manifest["mapping"]),
        registered_at=datetime.fromisoformat(manifest["registered_at"]),
    )


def register(lake: Lake, path: Path, mapping: DatasetMapping) -> Dataset:
    """Put a file and its mapping into the lake and return the dataset; the first registration's time stands.

    Raises:
        BadDataset: the file cannot be read. LakeUnavailable: the lake does not answer.
    """
    described = mapping.model_dump(mode="json", exclude_none=True)
    identity = f"{_checksum(path)}\n{path.suffix.lower()}\n{json.dumps(described, sort_keys=True)}"
    dataset_id = content_hash(identity.encode())[:32]
    dataset = Dataset(dataset_id, path.name, path.suffix.lower(), mapping, datetime.now(UTC))
    # The file first: a manifest always has its file.
    lake.put_file(dataset.file_key, path)
    manifest = {
        "dataset_id": dataset_id,
        "file_name": dataset.file_name,
        "suffix": dataset.suffix,
        "mapping": described,
        "registered_at": dataset.registered_at.isoformat(),
    }
    return _parse(lake.put_json(_manifest_key(dataset_id), manifest))


def load(lake: Lake, dataset_id: str) -> Dataset:
    """Return a registered dataset; raises :class:`NotFound`."""
    return _parse(lake.get_json(_manifest_key(dataset_id)))


def registered(lake: Lake) -> list[str]:
    """Return the ids of all datasets in the lake."""
    try:
        keys = lake.list_keys(DATASETS)
    except NotFound:
        return []
    return [key.split("/")[1] for key in keys if key.endswith("/manifest.json")]
