"""Every signal, in the order in which a creator's are computed."""

from __future__ import annotations

from typing import Any

from enrich.signals.account_type import AccountTypeSignal
from enrich.signals.anomalies import AnomaliesSignal
from enrich.signals.audience_quality import AudienceQualitySignal
from enrich.signals.authenticity import AuthenticitySignal
from enrich.signals.brand_risk import BrandRiskSignal, RiskJudge
from enrich.signals.brands import BrandsSignal
from enrich.signals.builder import BuilderSignal
from enrich.signals.cadence import CadenceSignal
from enrich.signals.contact import ContactSignal
from enrich.signals.content_type import ContentTypeSignal
from enrich.signals.contract import Encode, Signal
from enrich.signals.engagement import EngagementSignal
from enrich.signals.growth import GrowthSignal
from enrich.signals.language import LanguageSignal
from enrich.signals.location import LocationSignal
from enrich.signals.media import MediaSignal
from enrich.signals.momentum import MomentumSignal
from enrich.signals.niche import NicheSignal
from enrich.signals.pronouns import PronounsSignal
from enrich.signals.sponsorship import SponsorshipSignal
from mappings.peers import Peers


def registered(
    encode: Encode, judge: RiskJudge | None = None, *, is_shipped: bool = True, peers: Peers | None = None
) -> tuple[Signal[Any], ...]:
    """Return every signal, made anew: one reads its model or encodes its descriptions here, once.

    Args:
        encode: makes vectors of texts.
        judge: a language model that is asked beside the rest, where the operator has configured one.
        is_shipped: whether the vectors are those of the shipped encoder, which the niche head has learnt.
        peers: whom creators are compared with; None: the shipped reference.
    """
    return (
        NicheSignal(encode, is_shipped=is_shipped),
        LanguageSignal(),
        LocationSignal(),
        PronounsSignal(),
        AccountTypeSignal(),
        ContactSignal(),
        ContentTypeSignal(encode),
        EngagementSignal(peers),
        GrowthSignal(),
        MomentumSignal(),
        CadenceSignal(),
        AnomaliesSignal(peers),
        AudienceQualitySignal(peers),
        AuthenticitySignal(),
        SponsorshipSignal(),
        BrandsSignal(),
        BuilderSignal(peers),
        MediaSignal(),
        BrandRiskSignal(encode, judge),
    )
