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
    from cloud_cli.templates import template_names

    return _matching(iter(template_names()), incomplete)


def _matching(names: Iterator[str], incomplete: str) -> list[str]:
    try:
        return sorted({name for name in names if name.startswith(incomplete)})[:MAX_COMPLETED]
    except Exception:  # noqa: BLE001 - whatever is wrong, a shell must not be shown it on TAB
        return []


def _manifests() -> list[Path]:
    from cloud_cli.workspace import manifests_near

    return manifests_near(Path.cwd())


def _keys(section: str) -> Iterator[str]:
    from cloud.domain.document_reader import read_document

    for path in _manifests():
        value = read_document(path.read_bytes(), file=path.name).value
        names = value.get(section) if isinstance(value, dict) else None
        yield from names if isinstance(names, dict) else ()
