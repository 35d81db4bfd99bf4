"""The control plane's predictions for a plan that was made here: which stacks will probably turn out unchanged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cloud.domain.errors import CloudError

if TYPE_CHECKING:
    from cloud.client.rest import CloudClient
    from cloud.domain.plan import Plan
    from cloud_cli.checking import Project


def with_predictions(client: CloudClient, project: Project, plan: Plan, request: Mapping[str, Any]) -> Plan:
    """The plan with them, as long as what is on disk is what was uploaded; else, or without an answer, as it is.

    ``request`` is that of the operation. A manifest with secrets never counts as uploaded: they can't be compared here.
    """
    from cloud.domain.plan import Plan as Planned

    try:
        if not _is_uploaded(client.manifest(project.deployment_id), project):
            return plan
        made = Planned.from_dict(client.plan(project.deployment_id, request))
    except CloudError:
        return plan
    return plan.with_predictions({name: stack.prediction for name, stack in made.stacks.items()})


def _is_uploaded(stored: Mapping[str, Any], project: Project) -> bool:
    from cloud_cli.publishing import zip_programs

    texts = (
        (stored["manifest"], project.manifest.to_dict()),
        (stored["config_files"], dict(project.config_files)),
    )
    if any(json.dumps(there, sort_keys=True) != json.dumps(here, sort_keys=True) for there, here in texts):
        return False
    digests = {stack: hashlib.sha256(archive).hexdigest() for stack, archive in zip_programs(project).items()}
    return bool(stored["programs"] == digests)
