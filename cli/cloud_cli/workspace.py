"""Finding the deployment that a command is about: its manifest, and the project around it.

project/                    the root: what the manifest's sources are relative to
├── deploy/
│   └── D1BRV40-acme-shop/  the deployment's folder: manifest.yaml, config/, operations.jsonl
└── stacks/
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cloud.domain.errors import NotFound
from cloud.domain.identifiers import DEPLOYMENT_ID
from cloud_cli.session import UsageError

DEPLOY = "deploy"
MANIFEST = "manifest.yaml"
JOURNAL = "operations.jsonl"
MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class Workspace:
    """A deployment on disk. ``manifest`` is absolute, but not resolved: links lead where the user put them."""

    manifest: Path

    @property
    def folder(self) -> Path:
        return self.manifest.parent

    @property
    def root(self) -> Path:
        """The folder that holds ``deploy/``; the manifest's own where it does not lie in one."""
        return self.folder.parent.parent if self.folder.parent.name == DEPLOY else self.folder

    @property
    def journal(self) -> Path:
        return self.folder / JOURNAL


def shown(path: Path) -> str:
    """The path as people see it: relative to the current folder where it lies below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def manifests_near(start: Path, pattern: str = "*") -> list[Path]:
    """The manifests of the project around ``start``: of the nearest folder upwards with any in ``deploy/``, sorted.

    Inside a deployment's own folder it is that one.
    """
    for folder in (start, *start.parents):
        if folder.parent.name == DEPLOY and (folder / MANIFEST).is_file() and pattern == "*":
            return [folder / MANIFEST]
        found = sorted(path for path in folder.glob(f"{DEPLOY}/{pattern}/{MANIFEST}") if path.is_file())
        if found:
            return found
    return []


def project_root(start: Path) -> Path:
    """The project around ``start``: the nearest folder upwards with deployments or templates of its own, else ``start``."""
    for folder in (start, *start.parents):
        if (folder / "templates" / "custom").is_dir() or any(folder.glob(f"{DEPLOY}/*/{MANIFEST}")):
            return folder
    return start


def find_workspace(given: str, start: Path) -> Workspace:
    """The deployment that ``given`` names: an id, the path of a manifest, of its folder or of its project.

    Empty means the only one there is.

    Raises NotFound when there is none, UsageError when there are several.
    """
    if DEPLOYMENT_ID.matches(given):
        found = manifests_near(start, f"{given}-*")
        if not found:
            hint = f"Run this where {DEPLOY}/{given}-…/{MANIFEST} is, or give the path of the manifest."
            raise NotFound(f"There is no manifest of {given} here.", hint=hint, deployment_id=given)
        return Workspace(_only(found, f"There are several manifests of {given}"))
    if given:
        return Workspace(_manifest_at(given, start))
    found = manifests_near(start)
    if not found:
        raise NotFound(
            f"There is no {DEPLOY}/*/{MANIFEST} here, nor in a folder above.",
            hint="`cloud init --org ORG --project PROJECT` makes a deployment.",
        )
    return Workspace(_only(found, "There are several deployments here"))


def _manifest_at(given: str, start: Path) -> Path:
    path = Path(os.path.abspath(start / Path(given).expanduser()))  # noqa: PTH100 - resolve() would follow links
    for candidate in (path, path / MANIFEST):
        if candidate.is_file():
            return candidate
    inside = sorted(path.glob(f"{DEPLOY}/*/{MANIFEST}"))
    if inside:
        return _only(inside, f"There are several deployments in {given}")
    raise NotFound(
        f"{given!r} is neither a deployment id nor the path of a manifest.",
        hint="A deployment id is D and 6 of 0-9 and A-Z, such as D1BRV40.",
    )


def _only(found: list[Path], several: str) -> Path:
    if len(found) == 1:
        return found[0]
    listed = [f"  {path.parent.name.partition('-')[0]}  {shown(path)}" for path in found[:MAX_LISTED]]
    more = len(found) - len(listed)
    listed += [f"  and {more} more"] if more else []
    raise UsageError("\n".join([f"{several}:", *listed]), hint="Name one: its id, or the path of its manifest.")
