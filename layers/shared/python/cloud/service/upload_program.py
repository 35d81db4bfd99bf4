"""Where to put a stack's program: content-addressed, so that an upload that is there already costs nothing."""

from __future__ import annotations

from typing import Any

from cloud.service.platform import Platform


def upload_program(platform: Platform, deployment_id: str, digest: str) -> dict[str, Any]:
    """Give ``{digest, exists, url}``; ``url`` takes one PUT of the zip and is empty when it exists. Raises NotFound."""
    platform.stores.deployments.get(deployment_id)
    exists = platform.stores.artifacts.has_program(digest)
    return {
        "digest": digest,
        "exists": exists,
        "url": "" if exists else platform.stores.artifacts.presign_program(digest),
    }
