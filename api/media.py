"""Files of a user become what the media of an account say: read, landed, on their way into the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from creators.errors import BadInput, NotFound
from creators.ids import parse_account_id
from creators.models import Platform
from enrich import profiles
from enrich.media import described, ocr
from enrich.media.pictures import MAX_BYTES, pixels_of
from enrich.media.taken import take_in
from enrich.signals.llm import model_of
from fetchers.landing import land_by_day

if TYPE_CHECKING:
    from creators.models import RawRecord
    from creators.stores.session import Stores


def read_files(stores: Stores, account_id: str, files: Sequence[Path], *, describe: bool) -> Iterator[RawRecord | None]:
    """Yield the record of each file; None where the language model gave no answer.

    Args:
        stores: of the installation.
        account_id: whose media they are; its profile is known.
        files: pictures, and with ``describe`` recordings.
        describe: whether the language model is asked what they show or say, rather than reading what is written.

    Raises:
        BadInput: a file cannot be used; the message names it.
        NotFound: the account is not known.
        SetupError: the extra is not installed, or no endpoint is configured.
    """
    _check_known(stores, account_id)
    model = model_of(stores) if describe else None
    method = described.method_of(model) if model else ocr.method()
    for file in files:
        ending = file.suffix.removeprefix(".")

        def read(data: bytes, ending: str = ending) -> ocr.Reading | None:
            return described.describe(stores, data, ending) if describe else ocr.read_picture(pixels_of(data))

        try:
            yield take_in(stores.lake, account_id, _bytes(file), method, read)
        except BadInput as error:
            detail = f"{file}: {error.detail}"
            raise BadInput(detail, field=error.field) from error


def land_records(stores: Stores, records: Sequence[RawRecord]) -> list[str]:
    """Land records under the day on which each was read, before everything else that waits; returns the lake keys."""
    return land_by_day(stores, records, urgent=True)


def _check_known(stores: Stores, account_id: str) -> None:
    platform = account_id.partition(":")[0]
    if platform not in set(Platform):
        detail = f"{account_id!r} is no account: write PLATFORM:ID, with a platform of {', '.join(Platform)}"
        raise BadInput(detail, field="account")
    parse_account_id(account_id)
    if account_id not in profiles.load_accounts(stores.cluster, [account_id]):
        detail = f"account {account_id} is not known here: bring its profile in first"
        raise NotFound(detail)


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        detail = f"it cannot be opened: {error.strerror}"
        raise BadInput(detail, field="file") from error
