"""What a deploy sends before it starts: the deployment's registration, the programs that are new, the manifest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cloud.domain.errors import NotFound

if TYPE_CHECKING:
    from cloud.client.rest import CloudClient
    from cloud_cli.checking import Project
    from cloud_cli.workspace import Workspace


def known_status(client: CloudClient, deployment_id: str) -> dict[str, Any] | None:
    """The deployment's status, or None when the control plane does not know it."""
    try:
        return client.status(deployment_id)
    except NotFound:
        return None


def publish(client: CloudClient, project: Project, *, tell: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Register the deployment unless it is known, upload its programs, put its manifest. Gives ``{version, warnings}``.

    A program is named by the digest of its files: what the control plane has is not sent again.
    """
    deployment = project.manifest.deployment
    # All programs are read before anything is sent: one that can't be packed leaves nothing behind.
    archives = zip_programs(project)
    if not client.exists(deployment.id):
        client.init(org=deployment.org, project=deployment.project, deployment_id=deployment.id)
        tell(f"Registered {deployment.id}.")
    digests = {stack: client.upload_program(deployment.id, archive) for stack, archive in archives.items()}
    return client.put_manifest(deployment.id, manifest=project.text, configs=dict(project.configs), programs=digests)


def zip_programs(project: Project) -> dict[str, bytes]:
    """The zips of all programs, by stack. Raises ConfigurationError for one that can't be packed."""
    from cloud.client.programs import zip_program

    return {
        stack: zip_program(folder, name=stack, include=project.includes.get(stack, {}))
        for stack, folder in sorted(project.programs.items())
    }


def write_journal(workspace: Workspace, operation: Mapping[str, Any], context: str) -> None:
    """Add the operation to the deployment's ``operations.jsonl``: one line, written when it is accepted."""
    line = {
        "operation_id": operation["id"],
        "kind": operation["kind"],
        "environment": operation["environment"],
        "requester": operation["requester"],
        "created_at": operation["created_at"],
        "manifest_version": operation["manifest_version"],
        "context": context,
    }
    with workspace.journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
