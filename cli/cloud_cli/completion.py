"""Shell completion of deployment ids, stacks and environments, from the manifests below the current folder.

Completion never fails and never talks to a server: a broken manifest completes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

MAX_COMPLETED = 200


def deployments(incomplete: str) -> list[str]:
    """The ids of the deployments under ``deploy/``."""
    return _matching((path.parent.name.partition("-")[0] for path in _manifests()), incomplete)


def stacks(incomplete: str) -> list[str]:
    return _matching(_keys("stacks"), incomplete)


def environments(incomplete: str) -> list[str]:
    return _matching(_keys("environments"), incomplete)


def templates(incomplete: str) -> list[str]:
    return _matching(_templates(), incomplete)


def origins(incomplete: str) -> list[str]:
    """What a template can be made of: deployments and templates."""
    return [*deployments(incomplete), *templates(incomplete)]


def sources(incomplete: str) -> list[str]:
    """The stacks that can be cloned: of the repository, and those that come with the installation."""
    return _matching(_sources(), incomplete)


def _matching(names: Iterator[str], incomplete: str) -> list[str]:
    try:
        return sorted({name for name in names if name.startswith(incomplete)})[:MAX_COMPLETED]
    except Exception:  # noqa: BLE001 - whatever is wrong, a shell must not be shown it on TAB
        return []


def _manifests() -> list[Path]:
    from cloud_cli.workspace import manifests_near

    return manifests_near(Path.cwd())


def _templates() -> Iterator[str]:
    from cloud_cli.templates import template_names

    yield from template_names()


def _sources() -> Iterator[str]:
    from cloud_cli.cloning import stack_sources
    from cloud_cli.workspace import project_root

    yield from stack_sources(project_root(Path.cwd()))


def _keys(section: str) -> Iterator[str]:
    from cloud.domain.document_reader import read_document

    for path in _manifests():
        value = read_document(path.read_bytes(), file=path.name).value
        names = value.get(section) if isinstance(value, dict) else None
        yield from names if isinstance(names, dict) else ()
