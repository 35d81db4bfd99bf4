"""The outputs that a preview plans, as the engine's events tell them: known, unknown or hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloud.adapters.pulumi.redaction import SECRET_MARK
from cloud.ports.runner import PlannedOutputs

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's mark for a value that a preview can't know (sdk/go/common/resource/plugin)."""

_CIPHERTEXT = "ciphertext"


def planned_outputs(outputs: Mapping[str, Any]) -> PlannedOutputs:
    """Sort the root stack's outputs, as they stand in a preview's events.

    An output with an unknown anywhere inside is unknown as a whole. One with a secret inside is secret as a whole, known or
    not: the engine blanks it out, and writes its mark for secrets over known ones in any other text as well.
    """
    known: dict[str, Any] = {}
    unknown: list[str] = []
    secret: list[str] = []
    for name, value in sorted(outputs.items()):
        texts = list(_texts(value))
        if any(SECRET_MARK in text for text in texts):
            secret.append(name)
        elif any(UNKNOWN in text for text in texts):
            unknown.append(name)
        else:
            known[name] = value
    return PlannedOutputs(known, tuple(unknown), tuple(secret))


def _texts(value: Any) -> Iterator[str]:
    """All texts in ``value``; what is encrypted or blanked out is the mark for secrets."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        if _CIPHERTEXT in value:
            yield SECRET_MARK
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
