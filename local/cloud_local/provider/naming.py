"""Automatic names, as pulumi-aws gives them: the resource's name, a dash, seven random hexadecimal digits."""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

RANDOM_DIGITS: Final = 7


class NameTooLong(ValueError):
    """The resource's name leaves no room for the random digits."""


def _unchanged(name: str) -> str:
    return name


@dataclass(frozen=True)
class AutoName:
    """How a type is named where the program gives no name."""

    property: str = "name"
    longest: int = 255
    prefix: str = ""
    transform: Callable[[str], str] = _unchanged
    unique: bool = True
    """Whether random digits are added; object keys go without."""

    def make(self, resource_name: str, seed: bytes = b"", suffix: str = "") -> str:
        """A new unique name; the same seed gives the same name (the engine keeps it between preview and update).

        Raises:
            NameTooLong: with the sentence of Pulumi's own NewUniqueName.
        """
        if not self.unique:
            return self.transform(resource_name)
        stem = f"{self.prefix}{self.transform(resource_name)}-"
        if len(stem) + RANDOM_DIGITS + len(suffix) > self.longest:
            raise NameTooLong(
                f"name '{stem}' plus {RANDOM_DIGITS} random chars is longer than maximum length {self.longest}"
            )
        return stem + _digits(seed) + suffix


def _digits(seed: bytes) -> str:
    if not seed:
        return secrets.token_hex((RANDOM_DIGITS + 1) // 2)[:RANDOM_DIGITS]
    generator = random.Random(hashlib.sha256(seed).digest())  # noqa: S311 - must be a function of the seed
    return "".join(generator.choice("0123456789abcdef") for _ in range(RANDOM_DIGITS))
