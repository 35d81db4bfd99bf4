"""The profile that images are signed with."""

from __future__ import annotations

from pulumi_aws import signer

from cloud_stack import Context, Limit
from src.configuration import SigningConfig

PLATFORM = "Notation-OCI-SHA384-ECDSA"
"""Signer's platform for container images."""


def create_signing_profile(context: Context, settings: SigningConfig) -> signer.SigningProfile:
    """Signer takes letters, digits and underscores only; a profile's name is never free again, so Pulumi completes it."""
    return signer.SigningProfile(
        "images",
        name_prefix=f"{context.name('images', limit=Limit.SIGNING_PROFILE - 30).replace('-', '_')}_",
        platform_id=PLATFORM,
        signature_validity_period={"value": settings.validity_months, "type": "MONTHS"},
    )
