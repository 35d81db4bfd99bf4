"""Offline validation: the manifest, its configuration files and its programs; every problem of all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.client.programs import check_program
from cloud.domain.errors import CloudError, ConfigurationError, Problem
from cloud.domain.suggestions import did_you_mean
from cloud_cli.session import UsageError
from cloud_cli.workspace import DEPLOY, Workspace, shown

if TYPE_CHECKING:
    from cloud.domain.document import Document
    from cloud.domain.manifest import Manifest

_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")


@dataclass(frozen=True, slots=True)
class Project:
    """A deployment that was found good. ``configs`` maps file names (``network.dev.yaml``) to their text, ``config_files``
    ``network.dev`` to what they hold; ``programs`` maps each stack that is enabled anywhere to its folder, ``includes`` to the
    folders that are packed with it, by their places."""

    workspace: Workspace
    manifest: Manifest
    text: str
    configs: Mapping[str, str]
    config_files: Mapping[str, Any]
    programs: Mapping[str, Path]
    includes: Mapping[str, Mapping[str, Path]]
    warnings: tuple[Problem, ...]

    @property
    def deployment_id(self) -> str:
        return self.manifest.deployment.id


@dataclass(slots=True)
class _Findings:
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    configs: dict[str, str] = field(default_factory=dict)
    config_files: dict[str, Any] = field(default_factory=dict)
    programs: dict[str, Path] = field(default_factory=dict)
    includes: dict[str, dict[str, Path]] = field(default_factory=dict)


def check_project(workspace: Workspace) -> Project:
    """Read and check all that a deploy would send. Raises one ConfigurationError with every problem; writes nothing."""
    from cloud.domain.manifest_parsing import check_manifest, manifest_error

    file = shown(workspace.manifest)
    source = _read(workspace.manifest)
    checked = check_manifest(source, file=file)
    found = _Findings(list(checked.problems), list(checked.warnings))
    _check_config_files(workspace, checked.manifest, found)
    if checked.manifest is not None:
        from cloud.domain.document_reader import read_document

        _check_programs(workspace, checked.manifest, read_document(source, file=file), found)
    if found.problems or checked.manifest is None:
        raise manifest_error(found.problems, file=file)
    text = source.decode("utf-8")
    return Project(
        workspace,
        checked.manifest,
        text,
        found.configs,
        found.config_files,
        found.programs,
        found.includes,
        tuple(found.warnings),
    )


def choose_environment(manifest: Manifest, given: str) -> str:
    """``given``, else the only enabled environment. Raises NotFound for one that the manifest lacks, UsageError for none."""
    if given:
        manifest.environment(given)
        return given
    enabled = [name for name, environment in manifest.environments.items() if environment.enabled]
    if len(enabled) == 1:
        return enabled[0]
    if not enabled:
        raise UsageError(
            "No environment is enabled.", hint="Set enabled: true in environments.NAME of the manifest, or use --env."
        )
    raise UsageError(f"Several environments are enabled: {', '.join(enabled)}.", hint=f"Choose: --env {enabled[0]}.")


def _read(path: Path) -> bytes:
    """At most a byte more than the reader takes, so that it sees what is too large and nobody reads all of it."""
    from cloud.domain.document_reader import MAX_BYTES

    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _check_config_files(workspace: Workspace, manifest: Manifest | None, found: _Findings) -> None:
    from cloud.domain.configuration_sources import parse_config_file

    folder = workspace.folder / "config"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = shown(path)
        if path.suffix != ".yaml" or not path.is_file():
            found.warnings.append(Problem("this is not read", file=name, expected="{stack}.{environment}.yaml"))
            continue
        if manifest is not None:
            found.problems += _name_problems(path.name.removesuffix(".yaml"), name, manifest)
        source = _read(path)
        try:
            found.config_files[path.name.removesuffix(".yaml")] = parse_config_file(source, file=name)
            found.configs[path.name] = source.decode("utf-8")
        except CloudError as error:
            found.problems += error.problems or (Problem(error.message, file=name),)


def _name_problems(name: str, file: str, manifest: Manifest) -> Iterator[Problem]:
    stack, _, environment = name.rpartition(".")
    for kind, part, known in (("stack", stack, manifest.stacks), ("environment", environment, manifest.environments)):
        if part not in known:
            yield Problem(f"the manifest has no {kind} {part!r}", file=file, suggestion=did_you_mean(part, known))


def _check_programs(workspace: Workspace, manifest: Manifest, document: Document, found: _Findings) -> None:
    root = workspace.root.resolve()
    for name in sorted(manifest.stacks):
        stack = manifest.stacks[name]
        if not any(manifest.is_enabled(name, environment) for environment in manifest.environments):
            continue
        folder = workspace.root / stack.source
        place = "source" if document.at(("stacks", name, "source")) is not None else ""
        at = document.problem("", ("stacks", name, *([place] if place else [])), key=not place)
        wrong = _source_problem(folder, root, stack.source)
        if wrong:
            found.problems.append(replace(at, message=wrong[0], expected=wrong[1]))
        else:
            found.programs[name] = folder
        for index, place in enumerate(stack.include):
            shared = workspace.root / place
            wrong = _include_problem(shared, workspace, place)
            if wrong:
                path = ("stacks", name, "include", index)
                found.problems.append(document.problem(wrong[0], path, expected=wrong[1]))
            else:
                found.includes.setdefault(name, {})[place] = shared
        if name in found.programs:
            try:
                check_program(folder, name=name, include=found.includes.get(name, {}))
            except ConfigurationError as error:
                found.problems.append(replace(at, message=error.message, expected=error.hint))


def _source_problem(folder: Path, root: Path, source: str) -> tuple[str, str] | None:
    """What is wrong with a stack's folder, and what was expected."""
    if not folder.resolve().is_relative_to(root):
        return f"{source} leads out of the project", f"a folder inside {root}"
    if not folder.is_dir():
        return f"there is no folder {source}", f"a Pulumi project, relative to {shown(root)}"
    if not any((folder / file).is_file() for file in _PROJECT_FILES):
        return f"{source} holds no Pulumi.yaml", "a Pulumi project"
    return None


def _include_problem(folder: Path, workspace: Workspace, place: str) -> tuple[str, str] | None:
    """What is wrong with a folder of ``include``, and what was expected. A program's zip holds no configuration."""
    root, real = workspace.root.resolve(), folder.resolve()
    if not real.is_relative_to(root):
        return f"{place} leads out of the project", f"a folder inside {root}"
    if not folder.is_dir():
        return f"there is no folder {place}", f"a folder, relative to {shown(root)}"
    for private in (root / DEPLOY, (workspace.folder / "config").resolve(), workspace.manifest.resolve()):
        if private.is_relative_to(real) or real.is_relative_to(private):
            return f"{place} holds manifests or their configuration", "a folder of nothing but code"
    return None
