"""Text that is written on pictures, by RapidOCR (PP-OCRv6 small on ONNX Runtime); nothing leaves the machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from creators.errors import SetupError

if TYPE_CHECKING:
    from enrich.media.pictures import Pixels

LEAST_CONFIDENCE = 0.6
"""Lines below are more often texture than text."""
THREADS = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read.

    Attributes:
        text: line by line, from top to bottom; empty where nothing is written.
        confidence: 0 to 1, of its lines on average by their length; None without text.
        method: program and model.
    """

    text: str
    confidence: float | None
    method: str


def method() -> str:
    """Return what reads pictures here, with its version.

    Raises:
        SetupError: the extra ``ocr`` is not installed.
    """
    _engine()
    return f"rapidocr-{version('rapidocr')}/PP-OCRv6-small"


def read_picture(pixels: Pixels) -> Reading:
    """Return the text on a picture; raises :class:`SetupError` where the extra ``ocr`` is not installed."""
    # The library expects the channels of OpenCV, blue first.
    found = _engine()(pixels[:, :, ::-1].copy())
    lines = [
        (text.strip(), float(score))
        for text, score in zip(found.txts or (), found.scores or (), strict=True)
        if score >= LEAST_CONFIDENCE and text.strip()
    ]
    if not lines:
        return Reading("", None, method())
    letters = sum(len(text) for text, _ in lines)
    confidence = round(sum(len(text) * score for text, score in lines) / letters, 4)
    return Reading("\n".join(text for text, _ in lines), confidence, method())


@cache
def _engine() -> Any:
    try:
        from rapidocr import RapidOCR
    except ImportError as error:
        detail = "reading pictures needs the package rapidocr: install creatorscope[ocr]"
        raise SetupError(detail) from error
    threads = "EngineConfig.onnxruntime.intra_op_num_threads"
    return RapidOCR(params={"Global.log_level": "critical", threads: THREADS})
