"""``cloud init``: a deployment's folder from a template, and the template's stacks. All of it, or nothing.

Everything is written into a draft folder beside its place and moved at the end; the deployment's own folder comes last, so
that a deployment that can be seen is complete.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cloud.client.programs import LEFT_OUT_FOLDERS, LEFT_OUT_SUFFIXES
from cloud.domain.errors import AlreadyExists, ConfigurationError, Problem
from cloud.domain.identifiers import (
    DEPLOYMENT_ID,
    ENVIRONMENT,
    ORGANISATION,
    PROJECT,
    Identifier,
    deployment_directory,
    new_deployment_id,
)
from cloud_cli.templates import ACCOUNTS, Template, load_template
from cloud_cli.workspace import JOURNAL, MANIFEST, Workspace

_FORMS: tuple[tuple[str, Identifier], ...] = (("id", DEPLOYMENT_ID), ("org", ORGANISATION), ("project", PROJECT))


@dataclass(frozen=True, slots=True)
class Created:
    """What ``cloud init`` made. ``kept`` are the stacks that stood there already; ``examples`` the environments whose
    account is the template's example."""

    id: str
    workspace: Workspace
    stacks: tuple[str, ...]
    kept: tuple[str, ...]
    examples: tuple[str, ...]


def create_deployment(
    root: Path,
    *,
    org: str,
    project: str,
    template: str = "minimal",
    deployment_id: str = "",
    accounts: Mapping[str, str] | None = None,
    region: str = "",
) -> Created:
    """Make ``deploy/{id}-{org}-{project}/`` below ``root`` (made too), and the stacks that are not there yet.

    Raises ConfigurationError with every name that is wrong, NotFound for the template, AlreadyExists for the deployment.
    """
    given = {"id": deployment_id or new_deployment_id(secrets.choice), "org": org, "project": project}
    given |= {f"{ACCOUNTS}{environment}": account for environment, account in (accounts or {}).items()}
    given |= {"region": region} if region else {}
    chosen = load_template(template)
    manifest = _render(chosen, given)
    folder = root / deployment_directory(given["id"], org, project)
    same = sorted(root.glob(f"deploy/{given['id']}-*"))
    if same or folder.exists():
        raise AlreadyExists(
            f"{(same or [folder])[0]} is there already.",
            hint="Leave out --id for a new one, or remove the folder.",
            deployment_id=given["id"],
        )
    from cloud.domain.manifest_parsing import parse_manifest

    parse_manifest(manifest, file=f"the template {template}")
    made = _write(root, folder, manifest, chosen)
    examples = [
        name.removeprefix(ACCOUNTS) for name in chosen.variables if name.startswith(ACCOUNTS) and name not in given
    ]
    kept = tuple(stack for stack in chosen.stacks if stack not in made)
    return Created(given["id"], Workspace(folder / MANIFEST), tuple(made), kept, tuple(examples))


def _render(template: Template, given: Mapping[str, str]) -> str:
    """The manifest, with every problem of the names and of the template's other variables at once."""
    problems = [
        Problem(
            "a value is needed" if not given[name] else f"{given[name]!r} is not {_article(form.kind)}",
            f"--{name}",
            expected=form.form,
        )
        for name, form in _FORMS
        if not form.matches(given[name])
    ]
    problems += [
        Problem(f"{name!r} is not {_article(ENVIRONMENT.kind)}", "--account", expected=ENVIRONMENT.form)
        for name in (key.removeprefix(ACCOUNTS) for key in given if key.startswith(ACCOUNTS))
        if not ENVIRONMENT.matches(name)
    ]
    wrong = {problem.path.removeprefix("--") for problem in problems}
    try:
        text = template.render(given)
    except ConfigurationError as error:
        text = ""
        problems += [item for item in error.problems if item.path.removeprefix("--") not in wrong]
    if problems:
        raise ConfigurationError("No deployment was made.", problems=problems)
    return text


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _write(root: Path, folder: Path, manifest: str, template: Template) -> list[str]:
    """Write the draft and move it to its place; gives the stacks that were made."""
    made_folders = _make_folders(folder.parent, root / "stacks")
    moved: list[Path] = []
    missing = [stack for stack in template.stacks if not (root / "stacks" / stack).exists()]
    try:
        with tempfile.TemporaryDirectory(prefix=".cloud-init-", dir=root) as name:
            draft = Path(name)
            _draft(draft, manifest, missing)
            places = [(draft / "stacks" / stack, root / "stacks" / stack) for stack in missing]
            for source, target in (*places, (draft / "deployment", folder)):
                source.rename(target)
                moved.append(target)
    except BaseException:
        for path in moved:
            shutil.rmtree(path, ignore_errors=True)
        for path in reversed(made_folders):
            path.rmdir()
        raise
    return missing


def _draft(draft: Path, manifest: str, stacks: list[str]) -> None:
    from cloud_local import bundle

    deployment = draft / "deployment"
    (deployment / "config").mkdir(parents=True)
    (deployment / MANIFEST).write_text(manifest, encoding="utf-8")
    (deployment / JOURNAL).touch()
    left_out = shutil.ignore_patterns(*LEFT_OUT_FOLDERS, *(f"*{suffix}" for suffix in LEFT_OUT_SUFFIXES))
    for stack in stacks:
        shutil.copytree(bundle.folder("stacks") / stack, draft / "stacks" / stack, ignore=left_out)


def _make_folders(*folders: Path) -> list[Path]:
    """Make the folders with their parents; gives those that were not there, the outermost first."""
    made: list[Path] = []
    for folder in folders:
        for path in reversed([folder, *folder.parents]):
            if not path.exists():
                path.mkdir()
                made.append(path)
    return made
