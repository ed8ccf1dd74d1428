"""Items that actors of Apify collect become accounts, posts and leads.

A record is one run; its kind is the platform, and each platform has its actor, whose items have a form of their own:
:mod:`~enrich.normalise.collected_profiles` of Instagram, :mod:`~enrich.normalise.collected_videos` of TikTok and
:mod:`~enrich.normalise.collected_posts` of X.
"""

from __future__ import annotations

from creators.errors import SchemaDrift
from creators.models import RawRecord
from enrich.normalise import collected_posts, collected_profiles, collected_videos
from enrich.normalise.contract import Normalised

READERS = {
    "instagram": collected_profiles.instagram,
    "tiktok": collected_videos.tiktok,
    "x": collected_posts.x,
}
"""Kind of a record → what reads its items."""


def normalise(record: RawRecord) -> Normalised:
    """Return what the items of one run say.

    Raises:
        SchemaDrift: their form is not the one that the actor describes.
    """
    reader = READERS.get(record.kind)
    if reader is None:
        detail = f"kind {record.kind!r} of {record.source} is none of {', '.join(READERS)}"
        raise SchemaDrift(detail, field="kind")
    return reader(record)
