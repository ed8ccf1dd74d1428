"""What every normaliser returns, and how it says that a source has changed its form."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from creators.annotations import Annotation
from creators.errors import SchemaDrift
from creators.models import Account, Frozen, Lead, Post

P = TypeVar("P", bound="Payload")


class Normalised(Frozen):
    """What one raw record says: the accounts it describes, the posts it carries, and whom it names."""

    accounts: tuple[Account, ...]
    posts: tuple[Post, ...] = ()
    leads: tuple[Lead, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    missing: tuple[str, ...] = ()
    """Documented fields that this record lacks; counted as data quality, each is null in the account."""


class Payload(BaseModel):
    """A part of a source's answer as documented.

    What has no default is always there according to the documentation: without it the form has drifted. What has one
    may be missing. Fields that are not named stay in the lake.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    def missing(self, *names: str) -> tuple[str, ...]:
        """Return those of ``names`` that the answer lacks."""
        return tuple(name for name in names if name not in self.model_fields_set)


def read_payload(model: type[P], body: Any) -> P:
    """Return an answer as its documented form.

    Raises:
        SchemaDrift: a field is missing that is always there, or has another type; the message names it.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole answer"
        detail = f"{model.__name__}: {where}: {first['msg']}: the source answers in another form than it documents"
        raise SchemaDrift(detail, field=where) from error
