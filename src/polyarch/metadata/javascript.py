"""How JavaScript reads blanks and numbers, where Python reads them otherwise.

Source: ECMA-262, "WhiteSpace", "StringToNumber" and "Number::toString".
"""

import math
import re

BLANKS = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What `trim` and `\\s` mean there; Python counts the separators U+001C to U+001F and U+0085."""

_DECIMAL = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_PREFIXED = re.compile(r"0[xX](?P<hex>[0-9a-fA-F]+)|0[oO](?P<octal>[0-7]+)|0[bB](?P<binary>[01]+)")
_BASES = {"hex": 16, "octal": 8, "binary": 2}

_PLAIN_BELOW = 21
"""Integers are written without an exponent up to this many digits."""


def trim(text: str) -> str:
    """Leave out the blanks at both ends."""
    return text.strip(BLANKS)


def number(text: str) -> float:
    """Read a number as `Number(text)` does: empty text is 0, what is no number is NaN."""
    text = trim(text)
    if not text:
        return 0.0
    prefixed = _PREFIXED.fullmatch(text)
    if prefixed:
        base = prefixed.lastgroup or "hex"
        try:
            return float(int(prefixed[base], _BASES[base]))
        except OverflowError:
            return math.inf
    return float(text) if _DECIMAL.fullmatch(text) else math.nan


def number_text(value: float) -> str:
    """Write a number that is not negative and whole: exactly up to 2^53, then rounded."""
    if math.isinf(value):
        return "Infinity"
    digits, _, exponent = f"{value!r}".partition("e")
    whole, _, fraction = digits.partition(".")
    fraction = fraction.rstrip("0")
    places = int(exponent or 0)
    if len(whole) + places <= _PLAIN_BELOW and len(fraction) <= places:
        return whole + fraction.ljust(places, "0")
    return f"{whole}{'.' if fraction else ''}{fraction}e+{places}"
