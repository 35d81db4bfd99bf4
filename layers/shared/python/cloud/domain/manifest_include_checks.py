"""What is wrong between the folders of a stack: its ``source``, and those that ``include`` packs beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from cloud.domain.document import Path
from cloud.domain.manifest import Manifest, normal_folder
from cloud.domain.manifest_checks import Findings


def check_includes(manifest: Manifest, findings: Findings) -> None:
    """No folder is packed twice: not the program's own, not one inside another.

    Each keeps its path in the program's zip, so that two that overlap would bring the same files.
    """
    for name, stack in manifest.stacks.items():
        if not stack.include:
            continue
        given = findings.document.at(("stacks", name, "include"))
        accepted = set(stack.include)
        seen: set[str] = set()
        for index, item in enumerate(given):
            folder = normal_folder(item) if isinstance(item, str) else ""
            if folder not in accepted:
                continue  # refused for its form already
            path: Path = ("stacks", name, "include", index)
            outer = next((above for above in _above(folder) if above in accepted), "")
            if folder in seen:
                findings.problem(f"{folder!r} is listed twice", path, suggestion="list it once")
            elif outer:
                findings.problem(
                    f"{folder!r} is inside {outer!r}, which is listed too", path, suggestion="leave it out"
                )
            elif folder == stack.source or stack.source in _above(folder):
                findings.problem(
                    f"{folder!r} belongs to the program's own folder, which is packed anyway",
                    path,
                    suggestion="leave it out",
                )
            elif folder in _above(stack.source):
                findings.problem(
                    f"{folder!r} holds the program itself, {stack.source!r}",
                    path,
                    expected="a folder beside the program",
                )
            seen.add(folder)


def _above(folder: str) -> Iterator[str]:
    """The folders that ``folder`` lies in, itself left out."""
    return (str(parent) for parent in PurePosixPath(folder).parents if parent.name)
