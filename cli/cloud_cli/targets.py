"""The deployment and the environment that a command talks to the control plane about. Its manifest need not be at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.domain.errors import ConfigurationError, NotFound
from cloud.domain.events import Cursor
from cloud.domain.identifiers import DEPLOYMENT_ID
from cloud.domain.operations import OperationKind
from cloud_cli.session import UsageError
from cloud_cli.workspace import MANIFEST, Workspace, find_workspace, shown

if TYPE_CHECKING:
    from cloud.client.rest import CloudClient
    from cloud.domain.document import Document


@dataclass(frozen=True, slots=True)
class Target:
    """``workspace`` is None when only the id is known."""

    deployment_id: str
    workspace: Workspace | None = None


def find_target(given: str) -> Target:
    """The deployment that ``given`` names: an id (with or without a manifest here), or the path of a manifest.

    Raises NotFound, UsageError as ``find_workspace`` does, ConfigurationError for a manifest that names no deployment.
    """
    try:
        workspace = find_workspace(given, Path.cwd())
    except NotFound:
        if DEPLOYMENT_ID.matches(given):
            return Target(given)
        raise
    if DEPLOYMENT_ID.matches(given):
        return Target(given, workspace)
    return Target(_id_in(workspace), workspace)


def choose_remote_environment(client: CloudClient, target: Target, given: str) -> str:
    """``given``, else the only environment that is enabled, as the control plane has them.

    Raises NotFound for a deployment that it does not know, UsageError when there is none or several.
    """
    if given:
        return given
    status = client.status(target.deployment_id)
    enabled = [item["name"] for item in status["environments"] if item["enabled"]]
    used = [item["name"] for item in status["environments"] if item["operation"]]
    for names in (used, enabled):
        if len(names) == 1:
            return str(names[0])
    if not enabled:
        raise NotFound(
            f"{target.deployment_id} has no environment yet.",
            hint="`cloud deploy` uploads its manifest.",
            deployment_id=target.deployment_id,
        )
    raise UsageError(
        f"{target.deployment_id} has several environments: {', '.join(enabled)}.", hint=f"Choose: --env {enabled[0]}."
    )


def latest_operation(
    client: CloudClient, target: Target, environment: str, *, with_looks: bool = True
) -> Mapping[str, Any]:
    """The environment's running operation, else its latest; without ``environment`` the latest of all. Raises NotFound.

    ``with_looks`` False passes over previews and drift scans.
    """
    for item in client.status(target.deployment_id, environment)["environments"] if environment else ():
        if item["held_by"]:
            return client.operation(target.deployment_id, item["held_by"])
    for operation in client.operations(target.deployment_id):
        wanted = with_looks or not OperationKind(operation["kind"]).only_looks
        if wanted and environment in ("", operation["environment"]):
            return client.operation(target.deployment_id, operation["id"])
    raise NotFound(
        f"{target.deployment_id} has had no operation{f' in {environment}' if environment else ''} yet.",
        hint="`cloud deploy` starts one.",
        deployment_id=target.deployment_id,
    )


def stated_org() -> str:
    """The organisation of the manifest here. Raises UsageError when none is stated."""
    document = _read(find_workspace("", Path.cwd()))
    org = document.at(("deployment", "org"))
    if not isinstance(org, str):
        raise UsageError("The manifest here states no organisation.", hint="Name one: --org acme-corp.")
    return org


def _id_in(workspace: Workspace) -> str:
    """The id that the manifest states; the rest of it may be wrong."""
    document = _read(workspace)
    stated = document.at(("deployment", "id"))
    if isinstance(stated, str) and DEPLOYMENT_ID.matches(stated):
        return stated
    raise ConfigurationError(
        f"{document.file} names no deployment.",
        hint="`cloud validate` shows what is wrong with it." if document.root else f"Is it a {MANIFEST}?",
        problems=document.problems[:1],
    )


def _read(workspace: Workspace) -> Document:
    from cloud.domain.document_reader import read_document

    return read_document(workspace.manifest.read_bytes(), file=shown(workspace.manifest))


def parse_cursor(since: str, operation_id: str) -> tuple[str, int]:
    """The operation (empty: not named) and the sequence that ``--since`` and ``--operation`` name together.

    Raises UsageError for what is no cursor, and for the cursor of another operation.
    """
    if not since:
        return operation_id, 0
    text = since if ":" in since else f"{operation_id or '-'}:{since}"
    try:
        cursor = Cursor.parse(text)
    except ConfigurationError as error:
        raise UsageError(
            f"--since is {since!r}.", hint="It is the sequence of an event, or {operation_id}:{sequence}."
        ) from error
    if ":" in since and operation_id not in ("", cursor.operation_id):
        raise UsageError(f"--since is of {cursor.operation_id}, --operation is {operation_id}.", hint="Leave out one.")
    return (cursor.operation_id if ":" in since else operation_id), cursor.sequence
