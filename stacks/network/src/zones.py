"""The availability zones of the region."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws


def availability_zones(count: int) -> list[str]:
    """The first ``count`` zones of the provider's region; no local or wavelength zones. Fails the run if there are fewer.

    A subnet cannot change its zone. Where zones may come or go, name them in ``availabilityZones``.
    """
    found = aws.get_availability_zones(
        state="available", filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
    )
    if len(found.names) < count:
        raise pulumi.RunError(f"azCount is {count}, but the region has {len(found.names)}: {', '.join(found.names)}")
    return list(found.names[:count])
