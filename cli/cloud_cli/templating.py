"""Custom templates made and deleted: folders in ``templates/custom/`` of the repository."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.domain.errors import AlreadyExists, NotFound
from cloud.domain.identifiers import DEPLOYMENT_ID
from cloud_cli.placing import draft_in, move_all
from cloud_cli.session import UsageError
from cloud_cli.templates import (
    CUSTOM,
    DECLARATION,
    MANIFEST_TEMPLATE,
    Source,
    check_source,
    find_template,
    load_template,
    require_template_name,
    template_sources,
)
from cloud_cli.workspace import find_workspace, project_root, shown

if TYPE_CHECKING:
    from cloud.domain.errors import Problem


@dataclass(frozen=True, slots=True)
class CreatedTemplate:
    """``origin`` is what it was made of, as people say it; ``left_out`` files of the deployment that no template takes over."""

    source: Source
    origin: str
    left_out: tuple[Path, ...]
    warnings: tuple[Problem, ...]


def create_template(name: str, given: str, start: Path) -> CreatedTemplate:
    """Make ``templates/custom/{name}/`` of a deployment or a template; an empty ``given`` is the only deployment here.

    Raises AlreadyExists for a name that is taken, NotFound for what is neither, ConfigurationError for what has problems.
    """
    require_template_name(name)
    root = project_root(start)
    folder = root / CUSTOM / name
    if folder.exists() or folder.is_symlink():
        raise AlreadyExists(f"{shown(folder)} is there already.", hint="Choose another name, or delete it first.")
    if name in template_sources(start):
        raise AlreadyExists(f"A template {name} comes with the installation.", hint="Choose another name.")
    declared, text, origin, left_out = _from(given, start)
    root.mkdir(parents=True, exist_ok=True)
    with draft_in(root) as draft:
        new = draft / name
        new.mkdir()
        (new / DECLARATION).write_bytes(declared)
        (new / MANIFEST_TEMPLATE).write_bytes(text)
        checked = check_source(Source(name, new, root))
        if checked.template is None:
            from cloud.domain.template_parsing import template_error

            raise template_error(f"{name}, made of {origin},", checked.problems)
        move_all([(new, folder)])
    return CreatedTemplate(Source(name, folder, root), origin, left_out, tuple(checked.warnings))


def delete_template(source: Source) -> None:
    """Delete a template of the repository's own; of a link the link. Raises UsageError for one that ships."""
    require_custom(source)
    if source.folder.is_symlink():
        source.folder.unlink()
    else:
        shutil.rmtree(source.folder)


def require_custom(source: Source) -> None:
    if source.root is None:
        raise UsageError(
            f"The template {source.name} comes with the installation and is not deleted.",
            hint=f"Only templates in {CUSTOM}/ are.",
        )


def _from(given: str, start: Path) -> tuple[bytes, bytes, str, tuple[Path, ...]]:
    """``template.yaml``, ``manifest.yaml.template``, what they are of, and what was left out."""
    if given and given in template_sources(start):
        source = find_template(given, start)
        load_template(source)
        return source.declaration.read_bytes(), source.manifest.read_bytes(), f"the template {given}", ()
    if given and not DEPLOYMENT_ID.matches(given) and not Path(given).exists():
        find_template(given, start)  # says which there are
    from cloud.domain.template_making import template_of

    try:
        workspace = find_workspace(given, start)
    except NotFound as error:
        if not given:
            error.hint = "Name a deployment or a template: --from minimal."
        raise
    with workspace.manifest.open(encoding="utf-8", newline="") as file:
        manifest = file.read()
    declared, text = template_of(
        manifest, description=f"Made from {workspace.folder.name}", file=shown(workspace.manifest)
    )
    config = workspace.folder / "config"
    left_out = tuple(sorted(config.glob("*.yaml"))) if config.is_dir() else ()
    return declared.encode(), text.encode(), f"the deployment {workspace.folder.name}", left_out
