"""The tags every resource carries.

They reach resources through the provider's default tags (``aws:defaultTags``, which the control plane writes), so a
program sets them on nothing. It needs them in hand only where default tags do not reach: what an auto scaling group
launches, what a backup plan stores.
"""

from __future__ import annotations

import json

import pulumi

from cloud_stack.context import context


def standard_tags() -> dict[str, str]:
    """The provider's default tags; where none are set, those the context knows (all but the manifest's version)."""
    configured = json.loads(pulumi.Config("aws").get("defaultTags") or "{}").get("tags")
    if configured:
        return {str(name): str(value) for name, value in configured.items()}
    here = context()
    owner = "pulumi" if here.standalone else "cloud"
    return {
        "project": here.project,
        "environment": here.environment,
        "deployment": here.deployment,
        "stack": here.stack,
        "managed-by": owner,
        "deployed-by": owner,
    }
