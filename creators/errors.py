"""Every error the product raises on purpose, and what the caller must do about it.

CreatorscopeError
├── BadInput            reject   422  the request or file is wrong; its message names the field and the fix
│   ├── BadMapping      reject   422
│   ├── BadDataset      reject   422
│   ├── BadRecord       skip     422  one record is wrong: dead-letter it and go on
│   │   └── SchemaDrift skip     422  a source answers in another form than it documents
│   ├── BadCursor       reject   400
│   ├── MalformedBody   reject   400
│   ├── BodyTooLarge    reject   413
│   ├── BodyTooSlow     reject   408
│   └── BadRange        reject   416
├── NotFound            reject   404
├── NotLocal            reject   403  asked from elsewhere for what only this machine may ask
├── ExportNotReady      reject   409  its file is not written yet, or never will be
├── Overloaded          retry    429
├── Unavailable         retry    503  a store does not answer; the work is kept and tried again
│   ├── ClusterUnavailable
│   ├── QueueUnavailable
│   ├── LakeUnavailable
│   └── IndexNotReady
├── SourceError         retry    502  a source cannot serve a target now
│   ├── SourceUnavailable    timeout, 5xx, a torn or oversized answer: ask another source
│   ├── SourceLimited        no allowance is left; ``retry_at`` says when there is
│   ├── SourceRefused        the credential is not good, or the policy forbids the call
│   └── TargetGone      reject   404  the source says that there is no such account
├── ClusterRefused      stop     500  OpenSearch refused a request as wrong: our defect, or a foreign index
├── EncoderMismatch     stop     409  the index was built by another encoder
├── IndexOutdated       stop     409  the index was made from an older definition than this program has
├── LakeCorrupt         stop     500
├── JobRefused          stop     403  a queued function is not on the allow-list
└── SetupError          stop     500  this machine cannot run what was asked; the message says how to fix it
    ├── ArtifactError
    ├── JavaMissing
    └── EngineFailed
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class Reaction(StrEnum):
    """What the code that catches an error does next."""

    REJECT = "reject"
    SKIP = "skip"
    RETRY = "retry"
    STOP = "stop"


class CreatorscopeError(Exception):
    """Root of the tree; ``detail`` is written for the person who can act on it."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    reaction: ClassVar[Reaction] = Reaction.STOP

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class BadInput(CreatorscopeError):
    """The caller sent something that can never work."""

    status = 422
    code = "bad_input"
    reaction = Reaction.REJECT


class BadMapping(BadInput):
    """A dataset mapping file is wrong."""

    code = "bad_mapping"


class BadDataset(BadInput):
    """A dataset file cannot be read as what it claims to be."""

    code = "bad_dataset"


class BadRecord(BadInput):
    """One record cannot be understood; it goes to the dead letters and its neighbours go on."""

    code = "bad_record"
    reaction = Reaction.SKIP


class SchemaDrift(BadRecord):
    """An answer lacks what its source documents as always there, or has it in another type."""

    code = "schema_drift"


class BadCursor(BadInput):
    """A page cursor is forged, expired, or belongs to another query."""

    status = 400
    code = "bad_cursor"


class MalformedBody(BadInput):
    """A request body is not JSON."""

    status = 400
    code = "malformed_body"


class BodyTooLarge(BadInput):
    """A request body is larger than the API accepts."""

    status = 413
    code = "body_too_large"


class BodyTooSlow(BadInput):
    """A request body does not arrive in time."""

    status = 408
    code = "body_too_slow"


class BadRange(BadInput):
    """A part of a file is asked for that begins after its end."""

    status = 416
    code = "bad_range"


class NotFound(CreatorscopeError):
    """The named thing does not exist."""

    status = 404
    code = "not_found"
    reaction = Reaction.REJECT


class NotLocal(CreatorscopeError):
    """A request comes from elsewhere that only a program on this machine may make."""

    status = 403
    code = "not_local"
    reaction = Reaction.REJECT


class ExportNotReady(CreatorscopeError):
    """The file of an export is asked for before it is written, or after the export failed or was cancelled."""

    status = 409
    code = "export_not_ready"
    reaction = Reaction.REJECT


class Overloaded(CreatorscopeError):
    """Too many requests are in flight; come back later."""

    status = 429
    code = "overloaded"
    reaction = Reaction.RETRY


class Unavailable(CreatorscopeError):
    """A store does not answer in time."""

    status = 503
    code = "unavailable"
    reaction = Reaction.RETRY


class ClusterUnavailable(Unavailable):
    """OpenSearch does not answer."""

    code = "cluster_unavailable"


class QueueUnavailable(Unavailable):
    """Redis does not answer."""

    code = "queue_unavailable"


class LakeUnavailable(Unavailable):
    """The object store does not answer."""

    code = "lake_unavailable"


class IndexNotReady(Unavailable):
    """The creators index does not exist yet."""

    code = "index_not_ready"


class SourceError(CreatorscopeError):
    """A source cannot serve a target now."""

    status = 502
    code = "source_error"
    reaction = Reaction.RETRY


class SourceUnavailable(SourceError):
    """A source does not answer, or not in a usable form."""

    code = "source_unavailable"


class SourceLimited(SourceError):
    """A source has no allowance left; ``retry_at`` is when it has some again, where that is known."""

    code = "source_limited"

    def __init__(self, detail: str, *, field: str | None = None, retry_at: datetime | None = None) -> None:
        super().__init__(detail, field=field)
        self.retry_at = retry_at


class SourceRefused(SourceError):
    """A source does not accept the credential, or its policy forbids the call."""

    code = "source_refused"


class TargetGone(SourceError):
    """There is no such account at the source: deleted, suspended or never there."""

    status = 404
    code = "target_gone"
    reaction = Reaction.REJECT


class ClusterRefused(CreatorscopeError):
    """OpenSearch refused a request as wrong."""

    code = "cluster_refused"


class EncoderMismatch(CreatorscopeError):
    """Vectors in the index and vectors of the query come from different encoders."""

    status = 409
    code = "encoder_mismatch"


class IndexOutdated(CreatorscopeError):
    """An index was made from another definition than the one that this program writes."""

    status = 409
    code = "index_outdated"


class LakeCorrupt(CreatorscopeError):
    """A lake object does not hash to its own name."""

    code = "lake_corrupt"


class JobRefused(CreatorscopeError):
    """A queued job names a function outside the allow-list."""

    status = 403
    code = "job_refused"


class SetupError(CreatorscopeError):
    """This machine lacks something; the message says what and how to get it."""

    code = "setup_error"


class ArtifactError(SetupError):
    """A downloaded artifact is missing or does not match its pinned checksum."""

    code = "artifact_error"


class JavaMissing(SetupError):
    """No Java runtime that OpenSearch accepts was found."""

    code = "java_missing"


class EngineFailed(SetupError):
    """OpenSearch or Redis did not start; the message carries its own last lines."""

    code = "engine_failed"
