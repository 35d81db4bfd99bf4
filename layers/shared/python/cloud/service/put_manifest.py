"""Put a manifest: check all of it, then write. Nothing is half-written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cloud.domain.configuration_sources import parse_config_file
from cloud.domain.errors import AlreadyExists, ConfigurationError, NotFound, Problem, StaleWrite
from cloud.domain.manifest import Manifest
from cloud.domain.records import Deployment, EnvironmentRecord, Registration
from cloud.domain.states import DeploymentStatus
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform
from cloud.service.sealing import seal


def validate_manifest(text: str) -> dict[str, Any]:
    """Give ``{valid, warnings}``. Raises ConfigurationError with every problem."""
    from cloud.domain.manifest_parsing import check_manifest

    checked = check_manifest(text)
    if checked.manifest is None:
        raise ConfigurationError(f"The manifest has {len(checked.problems)} problems.", problems=checked.problems)
    return {"valid": True, "warnings": [warning.render() for warning in checked.warnings]}


def get_manifest(platform: Platform, deployment_id: str) -> dict[str, Any]:
    """The latest manifest with its version; secrets are sealed. Raises NotFound when there is none."""
    deployment = platform.stores.deployments.get(deployment_id)
    if not deployment.manifest_version:
        raise NotFound(f"{deployment_id} has no manifest yet.", deployment_id=deployment_id)
    document = platform.stores.artifacts.get_manifest(deployment_id, deployment.manifest_version)
    return {"version": deployment.manifest_version, "manifest": document["manifest"]}


def put_manifest(
    platform: Platform,
    deployment_id: str,
    *,
    text: str,
    configs: Mapping[str, str],
    programs: Mapping[str, str],
    if_match: str = "",
) -> dict[str, Any]:
    """Store the manifest as a new version, with its configuration files and the digests of its stacks' programs.

    ``configs`` maps file names (``network.dev.yaml``) to YAML text. Gives ``{version, warnings}``. Raises ConfigurationError
    with every problem of every file, NotFound for a deployment or a program that isn't there, StaleWrite when ``if_match``
    (a version) is not the latest.
    """
    deployment = platform.stores.deployments.get(deployment_id)
    if if_match and if_match != str(deployment.manifest_version):
        raise StaleWrite(
            f"The manifest is at version {deployment.manifest_version}, not {if_match}.",
            hint="Read it again and put your change on top.",
            deployment_id=deployment_id,
        )
    manifest, files, warnings = _check(deployment, text, configs, programs)
    missing = sorted(digest for digest in set(programs.values()) if not platform.stores.artifacts.has_program(digest))
    if missing:
        raise NotFound(
            f"Programs were never uploaded: {', '.join(missing)}.",
            hint="Upload them first.",
            deployment_id=deployment_id,
        )
    registered = platform.stores.deployments.registrations(deployment_id)
    known = {name: registered[name].program_digest for name in manifest.stacks if name in registered}
    document = {
        "programs": {**known, **programs},
        "manifest": seal(platform, deployment_id, manifest.to_dict()),
        "config_files": seal(platform, deployment_id, files),
    }
    version = until_fresh(lambda: _next_version(platform, deployment_id, manifest, document))
    now = platform.timestamp()
    platform.stores.deployments.register_stacks(
        [Registration(deployment_id, stack, digest, now) for stack, digest in sorted(programs.items())]
    )
    for name in manifest.environments:
        until_fresh(lambda name=name: _put_environment(platform, deployment, manifest, name))  # type: ignore[misc]
    return {"version": version, "warnings": [warning.render() for warning in warnings]}


def _check(
    deployment: Deployment, text: str, configs: Mapping[str, str], programs: Mapping[str, str]
) -> tuple[Manifest, dict[str, Any], tuple[Problem, ...]]:
    from cloud.domain.manifest_parsing import check_manifest

    checked = check_manifest(text)
    problems = list(checked.problems)
    files: dict[str, Any] = {}
    for name, content in sorted(configs.items()):
        try:
            files[name.removesuffix(".yaml")] = parse_config_file(content, file=f"config/{name}")
        except ConfigurationError as error:
            problems += error.problems or (Problem(error.message, file=f"config/{name}"),)
    manifest = checked.manifest
    if manifest is not None:
        stated = manifest.deployment
        for field, given, known in (
            ("id", stated.id, deployment.id),
            ("org", stated.org, deployment.org),
            ("project", stated.project, deployment.project),
        ):
            if given != known:
                problems.append(Problem(f"{given!r} is not {known!r}", f"deployment.{field}", expected=repr(known)))
        problems += [
            Problem("the manifest has no such stack", f"programs.{name}")
            for name in sorted(set(programs) - set(manifest.stacks))
        ]
    if problems or manifest is None:
        raise ConfigurationError(f"The manifest has {len(problems)} problems.", problems=problems)
    return manifest, files, tuple(checked.warnings)


def _next_version(platform: Platform, deployment_id: str, manifest: Manifest, document: Mapping[str, Any]) -> int:
    """Write the version's object once, then point the row to it: a crash in between leaves an object nobody reads."""
    current = platform.stores.deployments.get(deployment_id)
    version = current.manifest_version + 1
    while True:
        try:
            platform.stores.artifacts.put_manifest(deployment_id, version, document)
            break
        except AlreadyExists:
            version += 1  # left by a writer that lost its race, or died before it moved the pointer
    platform.stores.deployments.put(
        replace(
            current,
            manifest_version=version,
            description=manifest.deployment.description,
            tags=dict(manifest.deployment.tags),
            updated_at=platform.timestamp(),
        )
    )
    return version


def _put_environment(platform: Platform, deployment: Deployment, manifest: Manifest, name: str) -> None:
    environment = manifest.environments[name]
    known = {record.name: record for record in platform.stores.deployments.list_environments(deployment.id)}
    current = known.get(name) or EnvironmentRecord(
        deployment.id, name, deployment.org, environment.enabled, DeploymentStatus.INITIALIZED, ""
    )
    wanted = replace(current, enabled=environment.enabled, account=environment.account, region=environment.region)
    if wanted != current or not current.version:
        platform.stores.deployments.put_environment(replace(wanted, updated_at=platform.timestamp()))
