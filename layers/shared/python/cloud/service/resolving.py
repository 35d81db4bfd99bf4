"""A stack's configuration as Pulumi gets it: the eight tiers merged, placeholders resolved, keys in their namespaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from cloud.domain.configuration import resolve_configuration, stack_tiers
from cloud.domain.errors import NotFound
from cloud.domain.identifiers import pulumi_stack_name
from cloud.domain.manifest import Manifest
from cloud.domain.operations import Operation, OperationKind
from cloud.domain.placeholders import Placeholder, references
from cloud.domain.placeholders_resolution import Lookup, resolve
from cloud.domain.records import StackRecord
from cloud.ports.workflow import Lookups
from cloud.service.planning import load_manifest
from cloud.service.platform import Platform, Stored
from cloud.service.results import SECRET_OUTPUT
from cloud.service.sealing import unseal

DEPLOYED_BY = "cloud"

OutputOf = Callable[[StackRecord | None, Placeholder], Any]
"""Gives the output of another stack, of which the row is given if there is one. Raises NotFound."""


def resolve_stack(
    platform: Platform, operation: Operation, stack: str, output_of: OutputOf | None = None
) -> dict[str, Any]:
    """Full Pulumi keys (``ecommerce:cidr``, ``aws:region``) to JSON values or ``Secret``.

    Strict for a deploy: raises ConfigurationError with every placeholder that can't be resolved. A destroy leaves them as
    text, because it runs on the state and not on the configuration. With ``output_of``, which a preview has for what is
    planned, it is strict too, and values may be or hold ``Unknown``; without it an output is what is deployed.
    """
    stored = load_manifest(platform, operation)
    if stack not in stored.manifest.stacks:
        return _platform_keys(stored.manifest, operation, stack, tags={})
    merged = unseal(platform, operation.deployment_id, merged_configuration(stored, operation, stack))
    strict = operation.kind is OperationKind.DEPLOY or output_of is not None
    lookup = _lookup(platform, operation, stored, merged, output_of or partial(deployed_output, operation))
    resolved = resolve(merged, lookup, strict=strict).value
    configured = {key if ":" in key else f"{operation.project}:{key}": value for key, value in resolved.items()}
    tags = stored.manifest.tags(stack, operation.environment)
    return {**configured, **_platform_keys(stored.manifest, operation, stack, tags)}


def merged_configuration(stored: Stored, operation: Operation, stack: str) -> Mapping[str, Any]:
    """What the tiers make of the stack's configuration: placeholders as they were written, secrets sealed."""
    tiers = stack_tiers(
        stored.manifest,
        stack,
        operation.environment,
        config_file=stored.config_files.get(f"{stack}.{operation.environment}"),
        settings=operation.options.settings,
    )
    return resolve_configuration(tiers).values


def _platform_keys(manifest: Manifest, operation: Operation, stack: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """What the platform sets in every stack: who it is, and the provider's settings (programs build no provider).

    The tags are constant per deployment: who deployed and when stands on the operation, or every run would change every
    resource.
    """
    environment = manifest.environment(operation.environment)
    own_tags = {
        "project": operation.project,
        "environment": operation.environment,
        "deployment": operation.deployment_id,
        "stack": stack,
        "managed-by": "pulumi",
        "version": "1",
        "deployed-by": DEPLOYED_BY,
    }
    keys: dict[str, Any] = {
        f"{operation.project}:deploymentId": operation.deployment_id,
        f"{operation.project}:stackName": stack,
        f"{operation.project}:environment": operation.environment,
        f"{operation.project}:projectName": operation.project,
        f"{operation.project}:orgName": operation.org,
        "aws:defaultTags": {"tags": {**tags, **own_tags}},
    }
    if environment.region:
        keys["aws:region"] = environment.region
    if environment.role_arn:
        keys["aws:assumeRoles"] = [{"roleArn": environment.role_arn}]
    return keys


def _lookup(
    platform: Platform, operation: Operation, stored: Stored, config: Mapping[str, Any], output_of: OutputOf
) -> Lookup:
    """What each placeholder stands for; the outputs of all stacks that are referred to are read at once."""
    needed = sorted(references(config))
    records = platform.stores.stacks.get_many(operation.deployment_id, needed, operation.environment) if needed else {}
    environment = stored.manifest.environment(operation.environment)
    known = {
        ("deployment", "id"): operation.deployment_id,
        ("deployment", "org"): operation.org,
        ("deployment", "project"): operation.project,
        ("env", "name"): operation.environment,
        ("env", "region"): environment.region,
        ("env", "account"): environment.account,
    }

    @cache
    def aws() -> Lookups:
        return platform.lookups(environment.region, environment.role_arn)

    def lookup(placeholder: Placeholder) -> Any:
        key = (placeholder.namespace, placeholder.name)
        if key in known:
            return known[key]
        if placeholder.namespace == "stack":
            return output_of(records.get(placeholder.stack), placeholder)
        found = aws()
        if placeholder.namespace == "ssm":
            return found.ssm(placeholder.name)
        if placeholder.namespace == "secret":
            return found.secret(placeholder.name)
        return found.aws(tuple(placeholder.name.split(".")))

    return lookup


def deployed_output(operation: Operation, record: StackRecord | None, placeholder: Placeholder) -> Any:
    """The output as it is deployed. Raises NotFound, also for a secret one."""
    if record is None or not record.is_deployed:
        raise NotFound(f"{placeholder.stack} is not deployed in {operation.environment}")
    if placeholder.output not in record.outputs:
        names = ", ".join(sorted(record.outputs)) or "none"
        raise NotFound(f"{placeholder.stack} has no output {placeholder.output!r}; it has: {names}")
    value = record.outputs[placeholder.output]
    if value == SECRET_OUTPUT:
        raise secret_output(operation, placeholder)
    return value


def secret_output(operation: Operation, placeholder: Placeholder) -> NotFound:
    """The refusal of a secret output: no configuration file may hold it."""
    stack = pulumi_stack_name(operation.deployment_id, placeholder.stack, operation.environment)
    return NotFound(
        "it is a secret output, which stays in Pulumi's state; read it in the program: "
        f"StackReference to {stack}, or reference({placeholder.stack!r}) of the kit"
    )
