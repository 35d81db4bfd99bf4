"""``cloud new-stack --from``: a stack of the repository, or one that comes with the installation, copied under a name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.domain.errors import ConfigurationError, NotFound, Problem
from cloud_cli.placing import copy_folder
from cloud_cli.templates import DEFAULT, Source, load_template, read_bounded, shipped_templates

if TYPE_CHECKING:
    from cloud_cli.workspace import Workspace

_PROJECT = ("Pulumi.yaml", "Pulumi.yml")


def stack_sources(root: Path) -> dict[str, Path]:
    """The stacks that can be cloned at ``root``, by name, sorted: its own before those that come with the installation."""
    from cloud_local import bundle

    found: dict[str, Path] = {}
    for folder in (bundle.folder("stacks"), root / "stacks"):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if any((path / file).is_file() for file in _PROJECT):
                found[path.name] = path
    return dict(sorted(found.items()))


def find_stack(name: str, root: Path) -> Path:
    """Raises NotFound for a stack that there is not."""
    sources = stack_sources(root)
    if name not in sources:
        from cloud.domain.suggestions import did_you_mean

        hint = did_you_mean(name, sources) or f"There are: {', '.join(sources)}."
        raise NotFound(f"There is no stack {name!r} to clone, neither in stacks/ nor among those that ship.", hint=hint)
    return sources[name]


def clone_stack(source: Path, name: str, draft: Path) -> None:
    """Copy a program into ``draft``; its project and its documents get the new name, everything else stays."""
    copy_folder(source, draft)
    for file in _PROJECT:
        if (draft / file).is_file():
            text = (draft / file).read_text(encoding="utf-8")
            (draft / file).write_text(re.sub(r"(?m)^name:.*$", f"name: {name}", text, count=1), encoding="utf-8")
    for path in (draft / "docs").glob("Stack_*.md"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(rf"\A# {re.escape(source.name)}:", f"# {name}:", text), encoding="utf-8")


def cloned_entry(source: str, name: str, workspace: Workspace) -> dict[str, Any]:
    """What a clone has in the manifest: what its source has there, else what it has in the default template.

    Raises ConfigurationError when the manifest lacks a stack that it depends on.
    """
    from cloud.domain.document_reader import read_document

    document = read_document(read_bounded(workspace.manifest), file=str(workspace.manifest))
    stacks, environments = document.at(("stacks",)) or {}, document.at(("environments",)) or {}
    known = dict(stacks.get(source) or {}) if source in stacks else _shipped_entry(source)
    missing = [other for other in known.get("dependencies", ()) if other not in stacks]
    if missing:
        problems = [
            Problem(
                f"{source} depends on {other}, which the manifest lacks",
                suggestion=f"cloud new-stack {other} --from {other}",
            )
            for other in missing
        ]
        raise ConfigurationError("No stack was made.", problems=problems, hint="Add these first, or use --no-register.")
    entry = {key: value for key, value in known.items() if key not in ("source", "layer")}
    entry["config"] = _of_stacks_there(entry.get("config") or {}, {*stacks, source})
    entry["environments"] = {
        key: value for key, value in (entry.get("environments") or {}).items() if key in environments
    }
    optional = [other for other in entry.pop("optional_dependencies", ()) if other in stacks]
    kept: dict[str, Any] = {"source": f"stacks/{name}", "dependencies": []}
    kept |= {"optional_dependencies": optional} if optional else {}
    return {**kept, **{key: value for key, value in entry.items() if value}}


def _of_stacks_there(config: Mapping[str, Any], stacks: Collection[str]) -> dict[str, Any]:
    """A configuration without the keys that hand on outputs of stacks that the manifest lacks."""
    from cloud.domain.placeholders import Placeholder, occurrences

    lacking = {
        key
        for key, value in config.items()
        for item in occurrences(value)
        if isinstance(item.found, Placeholder) and item.found.stack and item.found.stack not in stacks
    }
    return {key: value for key, value in config.items() if key not in lacking}


def _shipped_entry(stack: str) -> Mapping[str, Any]:
    """What the default template's manifest says of a stack; nothing of one that it has not."""
    from cloud.domain.document_reader import read_document
    from cloud.domain.template_parsing import make_manifest, samples

    template = load_template(Source(DEFAULT, shipped_templates() / DEFAULT))
    text, _ = make_manifest(template, samples(template))
    found = read_document(text, file=template.file).at(("stacks", stack))
    return found if isinstance(found, dict) else {}
