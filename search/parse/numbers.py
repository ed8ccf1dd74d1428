"""Numbers as people write them: ``10k``, ``1.5m``, ``10,000``, ``10.000``, ``2 lakh``, ``10-50k``, ``at least 3 %``.

A comparison includes its ends: "over 10k" is 10 000 and more, because nobody means 10 001.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from search.parse.lexicon import Numbers
from search.parse.reader import Hit, Reader

_NUMBER = re.compile(r"(?P<digits>[0-9][0-9., ]*)(?P<unit>[a-z]*)")
_GROUPED = re.compile(r"[0-9]{1,3}(?:([., ])[0-9]{3})(?:\1[0-9]{3})*")
_AROUND = 0.25
"""``around 20k`` is 25 % less to 25 % more."""
_MIL_AS_MILLION = "mil"
_MAX = 1e15


@dataclass(frozen=True, slots=True)
class Number:
    """One number as written.

    Attributes:
        value: with its unit.
        mantissa: without.
        scale: the unit, or None where none is written.
        percent: a percent sign follows.
        grouped: thousands are set apart, so it is a large count.
        end: the token after it.
    """

    value: float
    mantissa: float
    scale: float | None
    percent: bool
    grouped: bool
    end: int


@dataclass(frozen=True, slots=True)
class Amount:
    """At least, at most, or both, as the words say it.

    Attributes:
        least, most: the ends, included; None where open.
        percent: they are percentages.
        large: a unit or separated thousands say that it is a count of many.
        compared: a comparison, a range or a plus is written, not the bare number.
        end: the token after it.
    """

    least: float | None
    most: float | None
    percent: bool
    large: bool
    compared: bool
    end: int


def read_number(reader: Reader, at: int, lexicon: Numbers) -> Number | None:
    """Return the number that starts at token ``at``, or None."""
    if reader.kind(at) == "number":
        return _with_unit(reader, at, lexicon)
    numeral = lexicon.numerals.find(reader.keys, at)
    if numeral is None:
        return None
    scale = lexicon.multipliers.find(reader.keys, numeral.end)
    if scale is None or reader.token(numeral.end).text.casefold() in {"k", "m", "b"}:
        return None
    return Number(numeral.value * scale.value, numeral.value, scale.value, percent=False, grouped=False, end=scale.end)


def _with_unit(reader: Reader, at: int, lexicon: Numbers) -> Number:
    match = _NUMBER.match(reader.keys[at])
    assert match is not None  # noqa: S101  # the tokeniser's numbers start with a digit
    unit, end, scale = match["unit"], at + 1, None
    if unit:
        scale = lexicon.multipliers.value(unit)
    elif found := _unit_apart(reader, end, lexicon):
        unit, scale, end = reader.keys[end], found.value, found.end
    percent = lexicon.percent.find(reader.keys, end)
    mantissa, grouped = _mantissa(match["digits"].strip(), has_unit=scale is not None or percent is not None)
    if unit == _MIL_AS_MILLION and not reader.romance:
        scale = 1e6
    value = min(mantissa * (scale or 1), _MAX)
    return Number(value, mantissa, scale, percent is not None, grouped, percent.end if percent else end)


def _unit_apart(reader: Reader, at: int, lexicon: Numbers) -> Hit[float] | None:
    found = lexicon.multipliers.find(reader.keys, at)
    # "10 k followers" has a unit, "10 m sprint" has metres.
    is_unit = found and (len(reader.keys[at]) > 1 or lexicon.metrics.find(reader.keys, found.end))
    return found if is_unit else None


def _mantissa(digits: str, *, has_unit: bool) -> tuple[float, bool]:
    """Return the number without its unit, and whether its thousands are set apart."""
    grouped = _GROUPED.fullmatch(digits)
    if grouped and not (has_unit and digits.count(grouped[1]) == 1 and grouped[1] != " "):
        return float(re.sub("[., ]", "", digits)), True
    whole, _, fraction = digits.replace(" ", "").replace(",", ".").rpartition(".")
    return float(f"{whole.replace('.', '') or fraction}.{fraction if whole else 0}"), False


def read_amount(reader: Reader, at: int, lexicon: Numbers) -> Amount | None:
    """Return the comparison, range or number that starts at token ``at``, or None."""
    return _range(reader, at, lexicon) or _compared(reader, at, lexicon) or _plain(reader, at, lexicon)


def _range(reader: Reader, at: int, lexicon: Numbers) -> Amount | None:
    lead = lexicon.between.find(reader.keys, at)
    first = read_number(reader, lead.end if lead else at, lexicon)
    if first is None:
        return None
    joint = lexicon.between_and.find(reader.keys, first.end)
    # Without "between", "10k and 50k" are two numbers.
    if joint is None or (lead is None and joint.value == "and"):
        return None
    second = read_number(reader, joint.end, lexicon)
    if second is None:
        return None
    low, high = _same_unit(first, second)
    low, high = min(low, high), max(low, high)
    numbers = (first, second)
    is_large = any(number.scale is not None or number.grouped for number in numbers)
    return Amount(low, high, any(n.percent for n in numbers), is_large, compared=True, end=second.end)


def _same_unit(first: Number, second: Number) -> tuple[float, float]:
    """Return both ends, the unit of one applied to the other where that keeps their order (``10-50k``, ``10k-50``)."""
    if first.scale is None and second.scale is not None and not first.grouped and first.mantissa < second.mantissa:
        return first.mantissa * second.scale, second.value
    if second.scale is None and first.scale is not None and not second.grouped and second.mantissa > first.mantissa:
        return first.value, second.mantissa * first.scale
    return first.value, second.value


def _compared(reader: Reader, at: int, lexicon: Numbers) -> Amount | None:
    comparator = lexicon.comparators.find(reader.keys, at)
    number = read_number(reader, comparator.end, lexicon) if comparator else None
    if comparator is None or number is None:
        return None
    amount = replace(_bounded(number, comparator.value), compared=True)
    after = lexicon.after_number.find(reader.keys, amount.end)
    # "over 10k+" says it twice.
    amount = replace(amount, end=after.end) if after and after.value == comparator.value else amount
    return _second_bound(reader, amount, comparator.value, lexicon)


def _second_bound(reader: Reader, amount: Amount, first: str, lexicon: Numbers) -> Amount:
    """Return the amount with its other end where one follows at once: ``min 5k max 20k``."""
    opposite = {"at_least": "at_most", "at_most": "at_least"}.get(first)
    at = reader.skip(amount.end, ("and", "but", ","))
    comparator = lexicon.comparators.find(reader.keys, at)
    if comparator is None or comparator.value != opposite:
        return amount
    number = read_number(reader, comparator.end, lexicon)
    if number is None or number.percent != amount.percent:
        return amount
    least, most = (number.value, amount.most) if opposite == "at_least" else (amount.least, number.value)
    if least is None or most is None or least > most:
        return amount
    return replace(amount, least=least, most=most, end=number.end)


def bounded_after(reader: Reader, amount: Amount, lexicon: Numbers) -> Amount:
    """Return the amount with the comparison that follows what it counts: ``10k followers or less``."""
    after = None if amount.compared else lexicon.after_number.find(reader.keys, amount.end)
    if after is None or amount.least is None:
        return amount
    least, most = _ends(amount.least, after.value)
    return replace(amount, least=least, most=most, compared=True, end=after.end)


def _plain(reader: Reader, at: int, lexicon: Numbers) -> Amount | None:
    number = read_number(reader, at, lexicon)
    if number is None:
        return None
    after = lexicon.after_number.find(reader.keys, number.end)
    if after is None or (after.value == "at_least" and not _is_comparison(reader, number, after.end)):
        return _bounded(number, "at_least")
    return replace(_bounded(number, after.value), compared=True, end=after.end)


def _is_comparison(reader: Reader, number: Number, end: int) -> bool:
    # "5 min crafts" has minutes; "10k min" a minimum.
    is_minutes = reader.keys[end - 1] == "min" and number.scale is None and not number.grouped
    return not is_minutes


def _bounded(number: Number, how: str) -> Amount:
    least, most = _ends(number.value, how)
    is_large = number.scale is not None or number.grouped
    return Amount(least, most, number.percent, is_large, compared=False, end=number.end)


def _ends(value: float, how: str) -> tuple[float | None, float | None]:
    ends: dict[str, tuple[float | None, float | None]] = {
        "at_least": (value, None),
        "at_most": (None, value),
        "about": (value * (1 - _AROUND), value * (1 + _AROUND)),
        "exactly": (value, value),
    }
    return ends[how]
