"""Indices come and go whole: created under their content hash, reached by alias, replaced and never edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from creators.errors import EncoderMismatch, IndexOutdated, NotFound
from mappings.registry import (
    CREATORS,
    FAMILIES,
    PIPELINES,
    IndexFamily,
    definition,
    physical_name,
    pipeline,
    pipeline_name,
)

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster


def _alias_actions(member: str, family: IndexFamily, physical: str) -> list[tuple[str, str, str]]:
    actions = [("add", physical, member)]
    if family.is_split:
        actions.append(("add", physical, family.definition))
    return actions


def check_encoder(cluster: Cluster, encoder: str) -> None:
    """Refuse to mix vectors of two encoders.

    Raises:
        EncoderMismatch: the creators index was built by another encoder; the message says how to go on.
    """
    try:
        metas = cluster.mapping_meta(CREATORS)
    except NotFound:
        return
    for index, meta in metas.items():
        if meta.get("encoder") != encoder:
            detail = (
                f"{index} was built by encoder {meta.get('encoder')}, this process has {encoder}: "
                "set CREATORSCOPE_ENCODER_DIR and CREATORSCOPE_ENCODER_PRECISION back, or run `creatorscope rebuild` "
                "to encode everything again"
            )
            raise EncoderMismatch(detail)


def ensure(cluster: Cluster, *, encoder: str, creators_shards: int = 1) -> list[str]:
    """Create every index that is missing, with its aliases, and the search pipelines; returns the indices created.

    Args:
        cluster: where.
        encoder: fingerprint of the encoder of the creators' vectors.
        creators_shards: shards of the index of creators, where it is created here.

    Raises:
        EncoderMismatch: see :func:`check_encoder`. IndexOutdated: see :func:`check_definitions`.
    """
    check_encoder(cluster, encoder)
    check_definitions(cluster, encoder=encoder)
    aliases = {alias for held in cluster.aliases().values() for alias in held}
    created = []
    for family in FAMILIES:
        for member in family.members:
            if member in aliases:
                continue
            physical = physical_name(member, family, encoder=encoder)
            body = definition(family.definition, encoder=encoder)
            if family.definition == CREATORS:
                body["settings"]["number_of_shards"] = creators_shards
            if cluster.create_index(physical, body):
                created.append(physical)
            cluster.update_aliases(_alias_actions(member, family, physical))
    for name in PIPELINES:
        cluster.put_pipeline(pipeline_name(name), pipeline(name))
    return created


def check_definitions(cluster: Cluster, *, encoder: str) -> None:
    """Refuse to write into an index that was made from another definition than this program has.

    Raises:
        IndexOutdated: the strict mapping would refuse documents; the message says how to go on.
    """
    by_alias = {alias: physical for physical, held in cluster.aliases().items() for alias in held}
    for family in FAMILIES:
        for member in family.members:
            expected = physical_name(member, family, encoder=encoder)
            if family.derived and by_alias.get(member, expected) != expected:
                detail = (
                    f"{by_alias[member]} was made by another version of this program, which has {expected}: "
                    "run `creatorscope rebuild` to make the derived indices again from the lake"
                )
                raise IndexOutdated(detail)


def drop_derived(cluster: Cluster) -> list[str]:
    """Delete every index that can be made again from the lake; returns their names."""
    derived = {member for family in FAMILIES if family.derived for member in family.members}
    doomed = sorted(physical for physical, held in cluster.aliases().items() if held & derived)
    cluster.delete_indices(doomed)
    return doomed
