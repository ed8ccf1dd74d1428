"""JSON values in SMILE, the binary form of JSON that OpenSearch's REST interface takes.

Written to the specification, version 1.0.6 (https://github.com/FasterXML/smile-format-specification), without its
tables of repeated names and values. Arrays of float32 are written by NumPy, six bytes a number: a type byte and the 32
bits in groups of seven. No byte of what is written is 0xFF, which separates the parts of a bulk request.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = b":)\n\x00"
SEPARATOR = b"\xff"
_NULL, _FALSE, _TRUE, _EMPTY = b"\x21", b"\x22", b"\x23", b"\x20"
_OBJECT, _OBJECT_END, _ARRAY, _ARRAY_END, _TEXT_END = b"\xfa", b"\xfb", b"\xf8", b"\xf9", b"\xfc"
_INT, _LONG, _DOUBLE, _FLOAT = b"\x24", b"\x25", b"\x29", 0x28
_SHIFTS = np.array([28, 21, 14, 7, 0], dtype=np.uint32)


def dumps(value: Mapping[str, Any]) -> bytes:
    """Return an object in SMILE, with its header.

    Raises:
        TypeError: a value is no JSON value and no array of numbers. OverflowError: an integer has more than 64 bits.
    """
    parts = [HEADER]
    _write(value, parts)
    return b"".join(parts)


def floats(vector: NDArray[np.float32]) -> bytes:
    """Return an array of float32."""
    bits = np.ascontiguousarray(vector, dtype=np.float32).view(np.uint32)
    rows = np.empty((len(bits), 6), dtype=np.uint8)
    rows[:, 0] = _FLOAT
    rows[:, 1:] = (bits[:, None] >> _SHIFTS) & 0x7F
    return _ARRAY + rows.tobytes() + _ARRAY_END


def _write(value: Any, parts: list[bytes]) -> None:
    if isinstance(value, str):
        parts.append(_text(value))
    elif value is None or isinstance(value, bool):
        parts.append(_NULL if value is None else _TRUE if value else _FALSE)
    elif isinstance(value, int):
        parts.append(_integer(value))
    elif isinstance(value, float):
        parts.append(_DOUBLE + _sevens(struct.unpack(">Q", struct.pack(">d", value))[0], 10))
    else:
        _write_many(value, parts)


def _write_many(value: Any, parts: list[bytes]) -> None:
    if isinstance(value, Mapping):
        parts.append(_OBJECT)
        for name, one in value.items():
            parts.append(_name(str(name)))
            _write(one, parts)
        parts.append(_OBJECT_END)
    elif isinstance(value, np.ndarray):
        parts.append(floats(value))
    elif isinstance(value, Sequence):
        parts.append(_ARRAY)
        for one in value:
            _write(one, parts)
        parts.append(_ARRAY_END)
    else:
        detail = f"a {type(value).__name__} has no form in SMILE"
        raise TypeError(detail)


@lru_cache(maxsize=4096)
def _name(name: str) -> bytes:
    data = name.encode()
    if not data:
        return _EMPTY
    if len(data) == len(name) <= 64:
        return bytes([0x80 + len(data) - 1]) + data
    if 2 <= len(data) <= 57:
        return bytes([0xC0 + len(data) - 2]) + data
    return b"\x34" + data + _TEXT_END


def _text(value: str) -> bytes:
    data = value.encode()
    size = len(data)
    if not size:
        return _EMPTY
    if size == len(value):
        if size <= 64:
            return bytes([(0x40 + size - 1) if size <= 32 else (0x60 + size - 33)]) + data
        return b"\xe0" + data + _TEXT_END
    if size <= 65:
        return bytes([(0x80 + size - 2) if size <= 33 else (0xA0 + size - 34)]) + data
    return b"\xe4" + data + _TEXT_END


def _integer(value: int) -> bytes:
    folded = value * 2 if value >= 0 else -value * 2 - 1
    if folded < 32:
        return bytes([0xC0 + folded])
    if folded >= 1 << 64:
        detail = f"{value} has more than 64 bits"
        raise OverflowError(detail)
    return (_INT if folded < 1 << 32 else _LONG) + _variable(folded)


def _variable(value: int) -> bytes:
    """Return an unsigned integer: seven bits a byte, the last one six with the highest bit set."""
    figures = [0x80 | (value & 0x3F)]
    value >>= 6
    while value:
        figures.append(value & 0x7F)
        value >>= 7
    return bytes(reversed(figures))


def _sevens(bits: int, count: int) -> bytes:
    return bytes((bits >> (7 * place)) & 0x7F for place in reversed(range(count)))
