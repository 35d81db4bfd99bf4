"""Put a manifest: check all of it, then write. Nothing is half-written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from cloud.domain.configuration_sources import parse_config_file
from cloud.domain.errors import AlreadyExists, ConfigurationError, NotFound, PreconditionFailed, Problem
from cloud.domain.manifest import Manifest
from cloud.domain.nodes import nodes_of
from cloud.domain.records import Deployment, EnvironmentRecord, Registration
from cloud.domain.secret import to_forms, wrap_secrets
from cloud.domain.stack_graph import deployment_problems
from cloud.domain.states import DeploymentStatus
from cloud.domain.suggestions import did_you_mean
from cloud.service.optimistic import until_fresh
from cloud.service.platform import Platform
from cloud.service.sealing import seal, unseal


def validate_manifest(text: str) -> dict[str, Any]:
    """Give ``{valid, warnings}``. Raises ConfigurationError with every problem."""
    from cloud.domain.manifest_parsing import check_manifest

    checked = check_manifest(text)
    if checked.manifest is None:
        raise ConfigurationError(f"The manifest has {len(checked.problems)} problems.", problems=checked.problems)
    return {"valid": True, "warnings": [warning.render() for warning in checked.warnings]}


def get_manifest(platform: Platform, deployment_id: str) -> dict[str, Any]:
    """The latest manifest with its version, its parsed configuration files and its programs' digests; secrets are sealed.

    Raises NotFound when there is none.
    """
    deployment = platform.stores.deployments.get(deployment_id)
    if not deployment.manifest_version:
        raise NotFound(f"{deployment_id} has no manifest yet.", deployment_id=deployment_id)
    document = platform.stores.artifacts.get_manifest(deployment_id, deployment.manifest_version)
    kept = {name: document[name] for name in ("manifest", "config_files", "programs")}
    return {"version": deployment.manifest_version, **kept}


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

    What is equal to the latest version in all of these is that version. ``configs`` maps file names (``network.dev.yaml``)
    to YAML text. Gives ``{version, warnings}``. Raises ConfigurationError with every problem of every file, NotFound for a
    deployment or a program that isn't there, PreconditionFailed when ``if_match`` (a version) is not the latest.
    """
    deployment = platform.stores.deployments.get(deployment_id)
    _require_version(deployment, if_match)
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
    # Programs first: they only name what is there. Then the pointer, which is the moment at which the manifest counts. A
    # crash before the environments' rows are written is healed by putting the manifest again.
    now = platform.timestamp()
    platform.stores.deployments.register_stacks(
        [Registration(deployment_id, stack, digest, now) for stack, digest in sorted(programs.items())]
    )
    version = until_fresh(partial(_next_version, platform, deployment_id, manifest, document, if_match))
    for name in manifest.environments:
        until_fresh(partial(_put_environment, platform, deployment, manifest, name))
    for record in platform.stores.deployments.list_environments(deployment_id):
        if record.name not in manifest.environments:
            until_fresh(partial(_disable_environment, platform, deployment_id, record.name))
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
            problems += error.problems
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
        problems += _config_problems(manifest, configs, files)
    if problems or manifest is None:
        raise ConfigurationError(f"The manifest has {len(problems)} problems.", problems=problems)
    return manifest, files, tuple(checked.warnings)


def _config_problems(manifest: Manifest, configs: Mapping[str, str], files: Mapping[str, Any]) -> Iterator[Problem]:
    """Files that belong to no stack and environment, and what the placeholders in them do to the order."""
    known = {f"{stack}.{environment}.yaml" for stack in manifest.stacks for environment in manifest.environments}
    for name in sorted(set(configs) - known):
        yield Problem(
            "the manifest has no such stack and environment",
            file=f"config/{name}",
            expected="{stack}.{environment}.yaml",
            suggestion=did_you_mean(name, known),
        )
    told = {
        problem.message: replace(problem, file="config")
        for environment in (manifest.environments if files else ())
        for problem in deployment_problems(nodes_of(manifest, environment, config_files=files))
    }
    yield from told.values()


def _require_version(deployment: Deployment, if_match: str) -> None:
    if if_match and if_match != str(deployment.manifest_version):
        raise PreconditionFailed(
            f"The manifest is at version {deployment.manifest_version}, not {if_match}.",
            hint="Read it again and put your change on top.",
            deployment_id=deployment.id,
        )


def _next_version(
    platform: Platform, deployment_id: str, manifest: Manifest, document: Mapping[str, Any], if_match: str
) -> int:
    """Write the version's object once, then point the row to it: a crash in between leaves an object nobody reads.

    The latest version when it holds the same already. ``if_match`` is checked on the row that the write is conditional on:
    of two writers with the same one, one is refused.
    """
    current = platform.stores.deployments.get(deployment_id)
    _require_version(current, if_match)
    if current.manifest_version and _holds_the_same(platform, current, document):
        return current.manifest_version
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


def _holds_the_same(platform: Platform, deployment: Deployment, document: Mapping[str, Any]) -> bool:
    """Whether the latest version is equal to ``document``. Equal secrets are sealed differently each time: they are opened."""
    latest = platform.stores.artifacts.get_manifest(deployment.id, deployment.manifest_version)
    if latest["programs"] != document["programs"]:
        return False
    return _opened(platform, deployment.id, latest) == _opened(platform, deployment.id, document)


def _opened(platform: Platform, deployment_id: str, document: Mapping[str, Any]) -> str:
    """The document's text, for comparing only. JSON tells ``true`` from ``1``, which Python takes for equal."""
    opened = unseal(platform, deployment_id, wrap_secrets([document["manifest"], document["config_files"]]))
    return json.dumps(to_forms(opened), sort_keys=True)


def _disable_environment(platform: Platform, deployment_id: str, name: str) -> None:
    """The manifest has lost the environment: what is there stays, and nothing is deployed to it any more."""
    record = platform.stores.deployments.get_environment(deployment_id, name)
    if record.enabled:
        platform.stores.deployments.put_environment(replace(record, enabled=False, updated_at=platform.timestamp()))


def _put_environment(platform: Platform, deployment: Deployment, manifest: Manifest, name: str) -> None:
    environment = manifest.environments[name]
    known = {record.name: record for record in platform.stores.deployments.list_environments(deployment.id)}
    current = known.get(name) or EnvironmentRecord(
        deployment.id, name, deployment.org, environment.enabled, DeploymentStatus.INITIALIZED, ""
    )
    wanted = replace(current, enabled=environment.enabled, account=environment.account, region=environment.region)
    if wanted != current or not current.version:
        platform.stores.deployments.put_environment(replace(wanted, updated_at=platform.timestamp()))
