"""``cloud new-stack``: a program in ``stacks/NAME/`` that deploys at once, and its entry in the manifest. All, or nothing.

The files come from ``templates/{stack,docs,config}/`` of the installation; a folder of the same name in the repository's own
``templates/`` takes the place of the whole one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.domain.errors import AlreadyExists, ConfigurationError, Problem
from cloud.domain.identifiers import STACK, config_file_name
from cloud_cli.cloning import clone_stack, cloned_entry, find_stack
from cloud_cli.placing import draft_in, move_all, name_the_kit, replace_text
from cloud_cli.workspace import Workspace, shown

SUFFIX = ".template"


@dataclass(frozen=True, slots=True)
class NewStack:
    """``workspace`` is None when the stack was not registered; ``configs`` are the configuration files that were written."""

    name: str
    folder: Path
    files: tuple[str, ...]
    workspace: Workspace | None
    configs: tuple[Path, ...]
    dependencies: tuple[str, ...]
    source: str


def create_stack(
    root: Path, name: str, *, workspace: Workspace | None, source: str = "", depends_on: Sequence[str] = ()
) -> NewStack:
    """Write the stack below ``root``, and register it in the manifest of ``workspace`` unless that is None.

    ``source`` is the stack to clone, ``depends_on`` further dependencies. Raises ConfigurationError for what is wrong with
    them, AlreadyExists for a name that is taken, NotFound for the source.
    """
    _require_free(root, name)
    program = find_stack(source, root) if source else None
    entry = _entry(name, source, workspace, depends_on) if workspace else {}
    manifest = _registered(workspace, name, entry) if workspace else ""
    with draft_in(root) as draft:
        if program:
            clone_stack(program, name, draft / name)
        else:
            _write(root, name, draft / name)
        name_the_kit(draft / name, root / "stacks" / name)
        files = sorted(str(path.relative_to(draft / name)) for path in (draft / name).rglob("*") if path.is_file())
        configs = _draft_configs(root, name, workspace, manifest, draft) if workspace and not source else []
        places = [(draft / name, root / "stacks" / name), *configs]

        def register() -> None:
            if workspace:
                replace_text(workspace.manifest, manifest, draft)

        move_all(places, then=register)
    written = tuple(target for _, target in configs)
    needs = tuple(entry.get("dependencies", ()))
    return NewStack(name, root / "stacks" / name, tuple(files), workspace, written, needs, source)


def templates_folder(kind: str, root: Path) -> Path:
    """``templates/{kind}/`` of the repository where it has one, else of the installation."""
    from cloud_local import bundle

    own = root / "templates" / kind
    return own if own.is_dir() else bundle.folder("templates") / kind


def _require_free(root: Path, name: str) -> None:
    if not STACK.matches(name):
        problem = Problem(f"{name[:60]!r} is not a stack name", expected=STACK.form)
        raise ConfigurationError(f"No stack was made: {problem.render()}.", problems=[problem])
    folder = root / "stacks" / name
    if folder.exists() or folder.is_symlink():
        raise AlreadyExists(
            f"{shown(folder)} is there already.",
            hint=f"Choose another name, or clone it: cloud new-stack NAME --from {name}.",
            stack=name,
        )


def _entry(name: str, source: str, workspace: Workspace, depends_on: Sequence[str]) -> dict[str, Any]:
    entry = cloned_entry(source, name, workspace) if source else {"source": f"stacks/{name}", "dependencies": []}
    return {**entry, "dependencies": list(dict.fromkeys([*entry["dependencies"], *depends_on]))}


def _registered(workspace: Workspace, name: str, entry: Mapping[str, Any]) -> str:
    """The manifest with the stack in it. Raises ConfigurationError when it has problems, with it or already without."""
    from cloud.domain.document_reader import read_document
    from cloud.domain.manifest_editing import add_stack
    from cloud.domain.suggestions import did_you_mean

    file = shown(workspace.manifest)
    with workspace.manifest.open(encoding="utf-8", newline="") as stream:
        text = stream.read()
    stacks = read_document(text, file=file).at(("stacks",))
    if isinstance(stacks, dict):
        unknown = [
            Problem(f"{file} has no stack {other!r}", f"--depends-on {other}", suggestion=did_you_mean(other, stacks))
            for other in entry["dependencies"]
            if other not in stacks and other != name
        ]
        if unknown:
            raise ConfigurationError("No stack was made.", problems=unknown)
    try:
        return add_stack(text, name, entry, file=file)
    except ConfigurationError as error:
        error.hint = "\n".join(
            filter(None, [error.hint, "With --no-register the stack is written, and the manifest left alone."])
        )
        raise


def _draft_configs(root: Path, name: str, workspace: Workspace, manifest: str, draft: Path) -> list[tuple[Path, Path]]:
    """Configuration files for the environments that there is a template for, with their places; what is there stays."""
    from cloud.domain.manifest_parsing import parse_manifest

    made = []
    for environment in parse_manifest(manifest).environments:
        target = workspace.folder / config_file_name(name, environment)
        template = templates_folder("config", root) / f"{environment}.yaml{SUFFIX}"
        if template.is_file() and not target.exists():
            text = _rendered(template, {**_values(name), "environment": environment})
            (draft / target.name).write_text(text, encoding="utf-8")
            made.append((draft / target.name, target))
    return made


def _write(root: Path, name: str, folder: Path) -> None:
    """Fill in the templates of a program, and those of its documents into ``docs/``."""
    values = _values(name)
    for kind, place in (("stack", folder), ("docs", folder / "docs")):
        templates = templates_folder(kind, root)
        for path in sorted(templates.rglob(f"*{SUFFIX}")):
            target = place / str(path.relative_to(templates)).removesuffix(SUFFIX)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_rendered(path, values), encoding="utf-8")
    if not (folder / "Pulumi.yaml").is_file():
        raise ConfigurationError(
            f"{shown(templates_folder('stack', root))} makes no Pulumi project.",
            hint="It needs a Pulumi.yaml.template.",
        )


def _values(name: str) -> dict[str, str]:
    return {"name": name, "class_name": "".join(part.capitalize() for part in name.split("-"))}


def _rendered(path: Path, values: Mapping[str, str]) -> str:
    from cloud.domain.template_rendering import render_text

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{shown(path)} is not UTF-8.") from error
    return render_text(text, values, file=shown(path))
