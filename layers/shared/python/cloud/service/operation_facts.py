"""What never changes of an operation, read once per process: who asked for what, where, with which manifest.

For those who need nothing that changes (its state, a cancel): a read less on the way from one stack to the next.
"""

from __future__ import annotations

from cloud.domain.operations import Operation
from cloud.service.platform import Platform

KEPT = 64


def facts_of(platform: Platform, deployment_id: str, operation_id: str) -> Operation:
    """The operation as it once was; only what is said at its creation may be used of it. Raises NotFound."""
    known = platform.operations.get((deployment_id, operation_id))
    if known is None:
        known = platform.stores.operations.get(deployment_id, operation_id)
        while len(platform.operations) >= KEPT:
            platform.operations.pop(next(iter(platform.operations)), None)
        platform.operations[deployment_id, operation_id] = known
    return known
