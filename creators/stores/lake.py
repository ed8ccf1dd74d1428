"""The immutable lake: every raw answer, exactly as it came, under a name that is its own checksum.

``creator-raw/{platform}/YYYY/MM/DD/{source}/{sha256}.json.zst`` holds one record,
``…/part-{sha256}.jsonl.zst`` a batch; the checksum is over the uncompressed bytes. Objects are created, never
rewritten: a second write of the same content changes nothing. Files that a user hands in lie whole under
``creator-datasets/{dataset_id}/``, what people decided about identities under ``creator-judgements/``, match models
that were learnt here under ``creator-models/``, pictures and recordings under ``creator-media/``,
and answers of language models under ``creator-opinions/``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import obstore
import zstandard
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, from_url

from creators.errors import LakeCorrupt, LakeUnavailable, NotFound, SetupError
from creators.ids import content_hash
from creators.models import Platform, RawRecord
from creators.text import replace_lone_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable

    from creators.settings import Settings

RAW = "creator-raw"
DATASETS = "creator-datasets"
JUDGEMENTS = "creator-judgements"
MODELS = "creator-models"
MEDIA = "creator-media"
OPINIONS = "creator-opinions"
_FOR_EVER = tuple(f"{folder}/" for folder in (RAW, DATASETS, JUDGEMENTS, MODELS, MEDIA, OPINIONS))
MAX_OBJECT_BYTES = 256 * 1024 * 1024
"""An object that unpacks to more than this is refused rather than read into memory."""
_COPY_BYTES = 8 * 1024 * 1024
_COPIES = 2
"""Chunks under way at once; the store's own 12 would be 100 MB."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class LakeObject:
    """One object with raw records: where it lies and how many it holds."""

    key: str
    records: int


def _translated(
    method: Callable[Concatenate[Lake, P], R],
) -> Callable[Concatenate[Lake, P], R]:
    """Let the object store's own errors end here."""

    @wraps(method)
    def call(self: Lake, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except FileNotFoundError as error:
            detail = f"the lake has no object {args[0] if args else ''}"
            raise NotFound(detail) from error
        except (BaseError, OSError) as error:
            # The first line says what happened; the rest is the library's own insides.
            detail = f"the lake at {self.url} does not answer: {str(error).partition(chr(10))[0]}"
            raise LakeUnavailable(detail) from error

    return call


def serialise(records: Iterable[RawRecord]) -> bytes:
    """Return the records as canonical JSON lines: equal records are equal bytes."""
    lines = (
        json.dumps(_plain(record), ensure_ascii=False, sort_keys=True, separators=(",", ":")) for record in records
    )
    return replace_lone_surrogates("".join(f"{line}\n" for line in lines)).encode()


def _plain(record: RawRecord) -> dict[str, Any]:
    # A field that came later: without it a record is the bytes that it always was.
    return record.model_dump(mode="json", exclude={"target"} if record.target is None else None)


def object_key(records: Sequence[RawRecord], payload: bytes, landed_on: date, *, batch: bool) -> str:
    """Return the key of an object; all its records share platform and source."""
    first = records[0]
    digest = content_hash(payload)
    name = f"part-{digest}.jsonl.zst" if batch else f"{digest}.json.zst"
    return f"{RAW}/{first.platform}/{landed_on:%Y/%m/%d}/{first.source}/{name}"


def checksum_of(key: str) -> str:
    """Return the checksum that a raw object's name promises."""
    return PurePosixPath(key).name.removeprefix("part-").partition(".")[0]


def day_prefixes(first: date, last: date) -> list[str]:
    """Return the folders of raw objects that landed on the days from ``first`` to ``last``."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [f"{RAW}/{platform}/{day:%Y/%m/%d}" for platform in Platform for day in days]


def source_of(key: str) -> str:
    """Return the source that the records of a raw object come from."""
    return PurePosixPath(key).parent.name


class Lake:
    """Gateway to the object store: a local folder by default, ``s3://`` by setting."""

    def __init__(self, url: str, *, timeout_s: float = 30, allow_http: bool = False) -> None:
        self.url = url
        limit = timedelta(seconds=timeout_s)
        remote = {
            "client_options": {"timeout": limit, "allow_http": allow_http},
            "retry_config": {"max_retries": 3, "retry_timeout": limit},
        }
        # Folders that deleting has emptied go with what was in them.
        local = {"mkdir": True, "automatic_cleanup": True}
        options: dict[str, Any] = local if url.startswith("file:") else remote
        try:
            self._store: Any = from_url(url, **options)
        except OSError as error:
            detail = f"the lake at {url} cannot be opened: {error}"
            raise LakeUnavailable(detail) from error
        except (BaseError, ValueError) as error:
            reason = str(error).splitlines()[0]
            detail = f"CREATORSCOPE_LAKE_URL: {url!r} is not file:///path or s3://bucket/prefix: {reason}"
            raise SetupError(detail, field="lake_url") from error

    @_translated
    def put(self, records: Sequence[RawRecord], *, landed_on: date, batch: bool = True) -> LakeObject:
        """Write records of one platform and source as one object; the same content again changes nothing."""
        payload = serialise(records)
        key = object_key(records, payload, landed_on, batch=batch)
        self._create(key, zstandard.compress(payload, 3))
        return LakeObject(key, len(records))

    def _create(self, key: str, data: bytes) -> bool:
        try:
            self._store.put(key, data, mode="create")
        except AlreadyExistsError:
            return False
        return True

    @_translated
    def read(self, key: str) -> list[RawRecord]:
        """Return the records of one object.

        Raises:
            LakeCorrupt: its content does not hash to its name.
        """
        payload = self._unpack(key, bytes(self._store.get(key).bytes()))
        return [RawRecord.model_validate_json(line) for line in payload.decode().split("\n") if line]

    @staticmethod
    def _unpack(key: str, packed: bytes) -> bytes:
        try:
            # stream_reader bounds what a forged frame header could make us allocate.
            with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
                payload = reader.read(MAX_OBJECT_BYTES + 1)
        except zstandard.ZstdError as error:
            detail = f"lake object {key} does not unpack: {error}"
            raise LakeCorrupt(detail) from error
        if len(payload) > MAX_OBJECT_BYTES:
            detail = f"lake object {key} unpacks to more than {MAX_OBJECT_BYTES} bytes"
            raise LakeCorrupt(detail)
        if content_hash(payload) != checksum_of(key):
            detail = f"lake object {key} does not hash to its name: it was changed after it was written"
            raise LakeCorrupt(detail)
        return payload

    @_translated
    def list_keys(self, prefix: str = RAW, *, since: datetime | None = None) -> list[str]:
        """Return the keys below ``prefix``, sorted; with ``since``, of what was written at that time or later."""
        found = (meta for page in self._store.list(prefix) for meta in page)
        return sorted(meta["path"] for meta in found if since is None or meta["last_modified"] >= since)

    def verify(self) -> Iterator[tuple[str, str | None]]:
        """Yield every raw object with what is wrong with it, or None."""
        for key in self.list_keys():
            try:
                self.read(key)
            except (LakeCorrupt, ValueError) as error:
                yield key, str(error)
            else:
                yield key, None

    @_translated
    def put_json(self, key: str, value: dict[str, Any]) -> dict[str, Any]:
        """Create a small JSON object and return what the lake now holds there: the first writer wins."""
        self._create(key, json.dumps(value, sort_keys=True).encode())
        stored: dict[str, Any] = json.loads(bytes(self._store.get(key).bytes()))
        return stored

    @_translated
    def get_json(self, key: str) -> dict[str, Any]:
        """Return a small JSON object; raises :class:`NotFound`."""
        stored: dict[str, Any] = json.loads(bytes(self._store.get(key).bytes()))
        return stored

    @_translated
    def create(self, key: str, data: bytes) -> bool:
        """Create an object; returns False, and changes nothing, where there is one already."""
        return self._create(key, data)

    @_translated
    def get(self, key: str) -> bytes:
        """Return a whole object; raises :class:`NotFound`."""
        return bytes(self._store.get(key).bytes())

    @_translated
    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return up to ``length`` bytes of an object from byte ``start`` on; raises :class:`NotFound`."""
        return bytes(self._store.get_range(key, start=start, length=length))

    @_translated
    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects that are no raw records; one that is gone already is no error."""
        doomed = [key for key in keys if not key.startswith(_FOR_EVER)]
        for key in doomed:
            with suppress(FileNotFoundError):
                self._store.delete(key)

    @_translated
    def put_file(self, key: str, path: Path) -> None:
        """Copy a local file into the lake unless it is there already."""
        if not self._exists(key):
            # The store uploads to a temporary name and renames: a reader never sees half a file.
            self._store.put(key, path, chunk_size=_COPY_BYTES, max_concurrency=_COPIES)

    @_translated
    def exists(self, key: str) -> bool:
        """Return whether there is such an object."""
        return self._exists(key)

    def _exists(self, key: str) -> bool:
        try:
            self._store.head(key)
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def local_file(self, key: str) -> Iterator[Path]:
        """Give a path at which the object can be read: itself in a local lake, a temporary copy otherwise."""
        if isinstance(self._store, LocalStore):
            path = Path(str(self._store.prefix)) / key
            if not path.is_file():
                detail = f"the lake has no object {key}"
                raise NotFound(detail)
            yield path
            return
        with tempfile.NamedTemporaryFile(suffix=PurePosixPath(key).suffix) as copy:
            self._download(key, copy.file)
            yield Path(copy.name)

    @_translated
    def _download(self, key: str, target: Any) -> None:
        for chunk in obstore.get(self._store, key).stream(min_chunk_size=_COPY_BYTES):
            target.write(chunk)
        target.flush()


def open_lake(settings: Settings) -> Lake:
    """Return the lake that the settings name."""
    return Lake(settings.resolved_lake_url, timeout_s=settings.lake_timeout_s, allow_http=settings.lake_allow_http)
