"""The outputs of a stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from cloud_stack.context import context


def export_outputs(outputs: Mapping[str, Any]) -> None:
    """Export ``outputs`` (camelCase names), and with them the three of every stack: ``stack``, ``deployment``, ``env``.

    Pulumi drops an output that is None, and a consumer cannot tell it from a misspelt one: export an empty string for what
    this configuration does not create. Raises ``ValueError`` for an output with one of the three names, or that is None.
    """
    here = context()
    common = {"stack": here.stack, "deployment": here.deployment, "env": here.environment}
    if taken := common.keys() & outputs.keys():
        raise ValueError(f"every stack exports these itself: {', '.join(sorted(taken))}")
    if absent := [name for name, value in outputs.items() if value is None]:
        raise ValueError(f"these outputs would be dropped, export an empty string instead: {', '.join(sorted(absent))}")
    for name, value in {**outputs, **common}.items():
        pulumi.export(name, value)
