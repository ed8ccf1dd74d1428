"""Bytes of a picture that somebody else made become pixels, or a reason why not; nothing is decoded beyond a limit."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from creators.errors import BadInput, SetupError

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]

MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
"""A file of a few kB can say that it unpacks to gigabytes."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MAX_SIDE = 2_000
"""Pixels of the longer side that are looked at; what is larger is made smaller."""


def pixels_of(data: bytes) -> Pixels:
    """Return a picture, of a film its first frame, as uint8 of shape (height, width, 3), red first, at most 2,000 wide.

    What is transparent becomes white.

    Raises:
        BadInput: it is too large, of another format, or damaged.
        SetupError: the extra ``ocr`` is not installed.
    """
    if len(data) > MAX_BYTES:
        detail = f"a picture of {len(data):,} bytes: send at most {MAX_BYTES:,}"
        raise BadInput(detail, field="file")
    check_installed()
    from PIL.Image import DecompressionBombError

    try:
        # What cannot be identified is an OSError.
        return _flattened(_opened(data))
    except (DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        detail = f"it cannot be read as a picture ({type(error).__name__}): send {', '.join(FORMATS)}"
        raise BadInput(detail, field="file") from error


def check_installed() -> None:
    """Do nothing where pictures can be read here; raises :class:`SetupError` without the extra ``ocr``."""
    try:
        import PIL.Image  # noqa: F401 - whether it is there is the question
    except ImportError as error:
        detail = "reading pictures needs the package pillow: install creatorscope[ocr]"
        raise SetupError(detail) from error


def _opened(data: bytes) -> Image:
    import PIL.Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bombs, which are told by their size below
        opened = PIL.Image.open(BytesIO(data), formats=FORMATS)
    if opened.width * opened.height > MAX_PIXELS:
        detail = f"a picture of {opened.width} x {opened.height}: send at most {MAX_PIXELS:,} pixels"
        raise BadInput(detail, field="file")
    return opened


def _flattened(opened: Image) -> Pixels:
    import PIL.Image

    opened.thumbnail((MAX_SIDE, MAX_SIDE))
    whole = opened.convert("RGBA")
    paper = PIL.Image.new("RGBA", whole.size, "white")
    return np.array(PIL.Image.alpha_composite(paper, whole).convert("RGB"))
