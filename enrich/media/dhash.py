"""Which pictures are alike: a hash of 64 bits that scaling and compressing hardly change."""

from __future__ import annotations

import numpy as np

from enrich.media.pictures import Pixels, check_installed

METHOD = "dhash-1"
SIDE = 8
LEAST_CONTRAST = 8
"""Levels of grey, of 256, between the darkest and the brightest place: below, noise decides all bits."""


def dhash(pixels: Pixels) -> str | None:
    """Return the difference hash of a picture, 16 hex digits; None where it is of one shade.

    Grey, 9 x 8 places; a bit is set where a place is brighter than its left neighbour, row by row from the top left,
    the first place being the highest bit. Pictures whose hashes differ in few of the 64 bits are probably one.
    Source: N. Krawetz, "Kind of Like That", hackerfactor.com, 2013.

    Args:
        pixels: uint8, (height, width, 3).

    Raises:
        SetupError: the extra ``ocr`` is not installed.
    """
    check_installed()
    from PIL import Image

    small = Image.fromarray(pixels).convert("L").resize((SIDE + 1, SIDE), Image.Resampling.LANCZOS)
    grey = np.asarray(small, dtype=np.int16)
    if int(grey.max() - grey.min()) < LEAST_CONTRAST:
        return None
    return np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes().hex()


def distance(left: str, right: str) -> int:
    """Return in how many of 64 bits two hashes differ."""
    return (int(left, 16) ^ int(right, 16)).bit_count()
