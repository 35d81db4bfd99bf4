"""``cloud init``: a deployment's folder from a template, and the template's stacks. All of it, or nothing.

Everything is written into a draft folder beside its place and moved at the end; the deployment's own folder comes last, so
that a deployment that can be seen is complete.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.domain.errors import AlreadyExists, ConfigurationError, NotFound, Problem
from cloud.domain.identifiers import ENVIRONMENT, deployment_directory, new_deployment_id
from cloud_cli.placing import copy_folder, draft_in, make_folders, move_all, name_the_kit
from cloud_cli.templates import DEFAULT, Source, find_template, load_template
from cloud_cli.workspace import JOURNAL, MANIFEST, Workspace

if TYPE_CHECKING:
    from cloud.domain.manifest import Manifest
    from cloud.domain.template import Template

ACCOUNTS = "accounts."
"""Variables ``accounts.{environment}`` are given by ``--account environment=ID``."""
_OPTIONS = ("id", "org", "project", "region")


@dataclass(frozen=True, slots=True)
class Created:
    """What ``cloud init`` made. ``made`` and ``kept`` are folders of programs below the root: new ones, and those that stood
    there already; ``examples`` are the environments whose account is the template's."""

    id: str
    workspace: Workspace
    source: Source
    made: tuple[str, ...]
    kept: tuple[str, ...]
    examples: tuple[str, ...]
    warnings: tuple[Problem, ...]


def create_deployment(
    root: Path,
    *,
    org: str,
    project: str,
    template: str = DEFAULT,
    deployment_id: str = "",
    accounts: Mapping[str, str] | None = None,
    region: str = "",
    variables: Sequence[tuple[str, str]] = (),
) -> Created:
    """Make ``deploy/{id}-{org}-{project}/`` below ``root`` (made too), and the stacks that are not there yet.

    ``variables`` are further ones of the template, as text. Raises ConfigurationError with every value that is wrong,
    NotFound for the template or a program of it, AlreadyExists for the deployment.
    """
    source = find_template(template, root)
    chosen = load_template(source)
    options = {"id": deployment_id or new_deployment_id(secrets.choice), "org": org, "project": project}
    options |= {f"{ACCOUNTS}{environment}": account for environment, account in (accounts or {}).items()}
    options |= {"region": region} if region else {}
    given = _given(chosen, options, variables)
    text, manifest, warnings = _manifest(chosen, given)
    folder = root / deployment_directory(given["id"], given["org"], given["project"])
    same = sorted(root.glob(f"deploy/{given['id']}-*"))
    if same or folder.exists():
        raise AlreadyExists(
            f"{(same or [folder])[0]} is there already.",
            hint="Leave out --id for a new one, or remove the folder.",
            deployment_id=given["id"],
        )
    programs = _programs(manifest)
    missing = {place: _program(place, source) for place in programs if not (root / place).exists()}
    _write(root, folder, text, missing)
    examples = [
        name.removeprefix(ACCOUNTS) for name in chosen.variables if name.startswith(ACCOUNTS) and name not in given
    ]
    kept = tuple(place for place in programs if place not in missing)
    return Created(given["id"], Workspace(folder / MANIFEST), source, tuple(missing), kept, tuple(examples), warnings)


def _given(template: Template, options: Mapping[str, str], variables: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The values of the variables. Raises ConfigurationError with the problems of all of them."""
    from cloud.domain.template_values import fill, read_assignments

    given, problems = read_assignments(template.variables, [*options.items(), *variables])
    problems += [
        Problem(f"{environment!r} is not an environment name", "--account", expected=ENVIRONMENT.form)
        for environment in (name.removeprefix(ACCOUNTS) for name in options if name.startswith(ACCOUNTS))
        if not ENVIRONMENT.matches(environment)
    ]
    try:
        fill(template, given)
    except ConfigurationError as error:
        told = {problem.path for problem in problems}
        problems += [problem for problem in error.problems if problem.path not in told]
    if problems:
        listed = [replace(problem, path=_option(problem.path)) for problem in problems]
        raise ConfigurationError("No deployment was made.", problems=listed)
    return given


def _manifest(template: Template, given: Mapping[str, Any]) -> tuple[str, Manifest, tuple[Problem, ...]]:
    from cloud.domain.template_parsing import make_manifest

    text, checked = make_manifest(template, given)
    if checked.manifest is None:
        raise ConfigurationError(
            f"No deployment was made: the template {template.name} makes no manifest of these values.",
            problems=checked.problems,
        )
    return text, checked.manifest, tuple(checked.warnings)


def _option(variable: str) -> str:
    """How a variable is given on the command line."""
    if variable.startswith(ACCOUNTS):
        return f"--account {variable.removeprefix(ACCOUNTS)}"
    if variable.startswith("--"):
        return variable
    return f"--{variable}" if variable in _OPTIONS else f"--var {variable}"


def _programs(manifest: Manifest) -> list[str]:
    """The folders that the manifest's programs are in, and what they include, each once."""
    places: Iterable[str] = (
        place.removeprefix("./").rstrip("/")
        for stack in manifest.stacks.values()
        for place in (stack.source, *stack.include)
    )
    return list(dict.fromkeys(places))


def _program(place: str, source: Source) -> Path:
    """Where a program is copied from: the template's own repository, else what comes with the installation. Raises NotFound."""
    from cloud_local import bundle

    shipped = bundle.folder("stacks")
    candidates = [source.root / place] if source.root else []
    candidates += [shipped / place.removeprefix("stacks/")] if place.startswith("stacks/") else []
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise NotFound(
        f"The template {source.name} needs the folder {place}, which there is not.",
        hint=f"`cloud new-stack {place.rpartition('/')[2]} --no-register` makes one."
        if place.startswith("stacks/")
        else "",
    )


def _write(root: Path, folder: Path, manifest: str, missing: Mapping[str, Path]) -> None:
    made = make_folders(root)
    try:
        with draft_in(root) as draft:
            deployment = draft / "deployment"
            (deployment / "config").mkdir(parents=True)
            (deployment / MANIFEST).write_bytes(manifest.encode())
            (deployment / JOURNAL).touch()
            places = []
            for number, (place, program) in enumerate(missing.items()):
                copy_folder(program, draft / str(number))
                name_the_kit(draft / str(number), root / place)
                places.append((draft / str(number), root / place))
            move_all([*places, (deployment, folder)])
    except BaseException:
        for path in reversed(made):
            path.rmdir()
        raise
