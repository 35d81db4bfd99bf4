"""Plain YAML scalars: what YAML 1.1 and 1.2 agree on, and what only one of them takes for a number or a boolean.

Rules: https://yaml.org/type/ (1.1) and https://yaml.org/spec/1.2.2/#1032-tag-resolution (1.2, the core schema). Dates are
texts, as in 1.2: JSON has no dates, and policies write them plain (``Version: 2012-10-17``).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_YES = re.compile(r"yes|Yes|YES|on|On|ON")
_NO = re.compile(r"no|No|NO|off|Off|OFF")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER_IN_ONE_VERSION = re.compile(
    r"""[-+]?0[0-9_]+                                       # 0123: octal in 1.1, decimal in 1.2
      | [-+]?[1-9][0-9_]*                                   # 1_000: a number in 1.1
      | [-+]?0b[01_]+ | [-+]?0o[0-7]+ | [-+]?0x[0-9a-fA-F_]+
      | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?    # 12:30: base 60 in 1.1
      | [-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?  # 1e3: a number in 1.2
    """,
    re.VERBOSE,
)
_LARGEST_DIGITS = 20  # of a 64-bit integer, sign included; longer texts are not even converted


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The versions of YAML read this scalar differently. The message does not quote it: it may be a secret."""

    message: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class NotJson:
    """A number that JSON, or a 64-bit integer, cannot hold."""

    message: str
    expected: str


def read_plain(text: str) -> Any:
    """The value of a plain scalar (None, bool, int, float or str), or Ambiguous or NotJson."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "-+.0123456789":
        if _YES.fullmatch(text):
            return Ambiguous(f"{text} is a boolean in YAML 1.1 and a text in YAML 1.2", "write true, or quote the text")
        if _NO.fullmatch(text):
            return Ambiguous(
                f"{text} is a boolean in YAML 1.1 and a text in YAML 1.2", "write false, or quote the text"
            )
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text, 10)
    if _HEXADECIMAL.fullmatch(text):
        return _integer(text, 16)
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else NotJson("the number is too large", "a finite number")
    if _NOT_FINITE.fullmatch(text):
        return NotJson(f"{text} is not a number in JSON", "a finite number, or a text in quotes")
    if _NUMBER_IN_ONE_VERSION.fullmatch(text):
        return Ambiguous(
            "the versions of YAML disagree about this number", "quote the text, or write the number in plain decimals"
        )
    return text


def _integer(text: str, base: int) -> int | NotJson:
    if len(text) <= _LARGEST_DIGITS and -(2**63) <= (value := int(text, base)) < 2**63:
        return value
    return NotJson("the number does not fit 64 bits", "a 64-bit integer, or a text in quotes")
