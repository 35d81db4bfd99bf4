"""The file backend, laid out as Pulumi's self-managed backend is, so that either engine can open the other's directory.

.pulumi/meta.yaml
.pulumi/stacks/<project>/<stack>.json[.bak]
.pulumi/history/<project>/<stack>/<stack>-<ns>.{history,checkpoint}.json
.pulumi/backups/<project>/<stack>/<stack>.<ns>.json
.pulumi/locks/organization/<project>/<stack>/<id>.json        (locks.py)
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from .checkpoint import FEATURES, VERSION, features_of
from .errors import PulumiError
from .launcher_watch import die_with_launcher

ORGANIZATION = "organization"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class StackReference:
    """A stack in the backend."""

    project: str
    name: str

    @property
    def qualified(self) -> str:
        """`organization/<project>/<stack>`."""
        return f"{ORGANIZATION}/{self.project}/{self.name}"

    def display(self, current_project: str | None) -> str:
        """The short name inside its own project."""
        return self.name if self.project == current_project else self.qualified


def parse_stack_reference(text: str, current_project: str | None) -> StackReference:
    """Read `stack`, `organization/stack` or `organization/project/stack`. Raises PulumiError for anything else."""
    if not text:
        raise PulumiError("stack name must not be empty")
    parts = text.split("/")
    if len(parts) > 3:
        raise PulumiError(f"could not parse stack name '{text}'")
    if len(parts) > 1 and parts[0] != ORGANIZATION:
        raise PulumiError("organization name must be 'organization'")
    project = parts[1] if len(parts) == 3 else current_project
    if project is None:
        raise PulumiError(
            "no Pulumi.yaml project file found; either run this command from a directory containing a Pulumi project, "
            "or pass the fully qualified stack name (organization/project/stack)"
        )
    if not _NAME.fullmatch(parts[-1]) or parts[-1] in {".", ".."} or not _NAME.fullmatch(project):
        raise PulumiError("a stack name may only contain alphanumeric, hyphens, underscores, or periods")
    return StackReference(project, parts[-1])


def write_atomically(path: Path, text: str, *, staging: Path | None = None) -> None:
    """Replace a file whole: a reader, and a crash, see the old or the new text, never a part.

    The new text is prepared in `staging`, by default beside the file; it must be on the same file system.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = (staging or path.parent) / f".{path.name}.{os.getpid()}.tmp"
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    die_with_launcher()
    temporary.replace(path)


def _compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


class Backend:
    """Stacks in a directory. All writes are atomic; callers hold the stack's lock where the CLI does."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "file":
            raise PulumiError(
                f"the emulated engine keeps state in file:// backends only, not in {url}; install the Pulumi CLI for others"
            )
        path = Path(unquote(parts.netloc + parts.path)).expanduser()
        if not path.is_dir():
            raise PulumiError(f"unable to open bucket {url}: stat {path}: no such file or directory")
        self.url = f"file://{path.resolve()}"
        self.root = path.resolve() / ".pulumi"

    def ensure_meta(self) -> None:
        """Write the layout's version into a new backend. Raises PulumiError when the backend has another layout."""
        meta = self.root / "meta.yaml"
        if not meta.exists():
            if any((self.root / "stacks").glob("*.json")):
                raise PulumiError(
                    "this backend has the layout of an old CLI; run `pulumi state upgrade` with a Pulumi CLI"
                )
            write_atomically(meta, "version: 1\n")
        version = (yaml.safe_load(meta.read_text()) or {}).get("version")
        if version != 1:
            raise PulumiError(
                f"state store unsupported: 'meta.yaml' version ({version}) is not supported by this engine"
            )

    def stack_file(self, stack: StackReference) -> Path:
        """Where a stack's checkpoint is; it exists exactly when the stack does."""
        return self.root / "stacks" / stack.project / f"{stack.name}.json"

    def exists(self, stack: StackReference) -> bool:
        """True when the stack exists. Raises PulumiError when its checkpoint is compressed, which isn't supported."""
        file = self.stack_file(stack)
        for suffix in (".gz", ".zst"):
            if file.with_name(file.name + suffix).exists():
                raise PulumiError(f"the emulated engine can't read compressed state: {file.name}{suffix}")
        return file.exists()

    def stacks(self) -> Iterator[StackReference]:
        """All stacks of all projects, by name."""
        for file in sorted((self.root / "stacks").glob("*/*.json")):
            if not file.name.startswith("."):
                yield StackReference(file.parent.name, file.stem)

    def load(self, stack: StackReference) -> dict[str, Any] | None:
        """The stack's deployment document, None before its first update. Raises PulumiError for an unreadable one."""
        try:
            document = json.loads(self.stack_file(stack).read_text())
            latest: dict[str, Any] | None = document["checkpoint"].get("latest")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PulumiError(f"failed to load checkpoint: {error}") from error
        if document["version"] not in (3, 4):
            raise PulumiError(f"failed to load checkpoint: unsupported version {document['version']}")
        unknown = set(document.get("features") or ()) - set(FEATURES)
        if unknown:
            raise PulumiError(f"the state uses {', '.join(sorted(unknown))}, which the emulated engine lacks")
        return latest

    def save(self, stack: StackReference, deployment: dict[str, Any] | None) -> None:
        """Write the checkpoint; what was there becomes its `.bak`."""
        file = self.stack_file(stack)
        if file.exists():
            shutil.copyfile(file, file.with_name(f"{file.name}.bak"))
        features = features_of(deployment or {})
        checkpoint = {"stack": stack.qualified, **({"latest": deployment} if deployment else {})}
        document: dict[str, Any] = {"version": 4 if features else VERSION}
        if features:
            document["features"] = features
        write_atomically(file, _compact({**document, "checkpoint": checkpoint}))

    def remove(self, stack: StackReference, *, remove_backups: bool = False) -> None:
        """Forget the stack and its history; its checkpoint stays as `.bak` unless backups go as well."""
        file = self.stack_file(stack)
        backup = file.with_name(f"{file.name}.bak")
        if remove_backups:
            for leftover in (file, backup):
                leftover.unlink(missing_ok=True)
            shutil.rmtree(self._folder("backups", stack), ignore_errors=True)
        else:
            file.replace(backup)
        for name in (f"{file.name}.attrs", f"{stack.name}.pulumi-tags"):
            file.with_name(name).unlink(missing_ok=True)
        shutil.rmtree(self._folder("history", stack), ignore_errors=True)

    def rename(self, old: StackReference, new: StackReference) -> None:
        """Move the history to a new name; the caller has saved the new checkpoint."""
        file = self.stack_file(old)
        file.replace(file.with_name(f"{file.name}.bak"))
        for entry in self._folder("history", old).glob(f"{old.name}-*.json"):
            target = self._folder("history", new) / f"{new.name}{entry.name.removeprefix(old.name)}"
            target.parent.mkdir(parents=True, exist_ok=True)
            entry.replace(target)

    def record_update(self, stack: StackReference, update: dict[str, Any]) -> None:
        """Add an update to the history, with the checkpoint that it left, and back that checkpoint up."""
        now = time.time_ns()
        folder = self._folder("history", stack)
        write_atomically(folder / f"{stack.name}-{now}.history.json", _compact(update))
        file = self.stack_file(stack)
        shutil.copyfile(file, folder / f"{stack.name}-{now}.checkpoint.json")
        backup = self._folder("backups", stack) / f"{stack.name}.{time.time_ns()}.json"
        backup.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, backup)

    def history(self, stack: StackReference, page_size: int = 0, page: int = 1) -> list[dict[str, Any]]:
        """Past updates, the latest first; all of them when `page_size` is 0."""
        files = sorted(self._folder("history", stack).glob("*.history.json"), reverse=True)
        if page_size > 0:
            start = (max(page, 1) - 1) * page_size
            files = files[start : start + page_size]
        return [json.loads(file.read_text()) for file in files]

    def tags(self, stack: StackReference) -> dict[str, str]:
        """The stack's tags."""
        file = self._tags_file(stack)
        tags: dict[str, str] = json.loads(file.read_text())["tags"] if file.exists() else {}
        return tags

    def save_tags(self, stack: StackReference, tags: dict[str, str]) -> None:
        """Replace the stack's tags."""
        write_atomically(self._tags_file(stack), _compact({"version": 1, "tags": tags}))

    def _tags_file(self, stack: StackReference) -> Path:
        return self.stack_file(stack).with_name(f"{stack.name}.pulumi-tags")

    def _folder(self, kind: str, stack: StackReference) -> Path:
        return self.root / kind / stack.project / stack.name
