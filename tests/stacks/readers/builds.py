"""CodeBuild and Signer."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by

READERS: Mapping[str, Reader] = {
    "aws:codebuild/project:Project": told_by(
        "codebuild", "batch_get_projects", lambda resource: {"names": [resource["outputs"]["name"]]}, "projects"
    ),
    "aws:signer/signingProfile:SigningProfile": told_by(
        "signer",
        "get_signing_profile",
        lambda resource: {"profileName": resource["id"]},
        "status == 'Active'",  # a profile is cancelled, and its name told of for ever
        ("ResourceNotFoundException",),
    ),
}
