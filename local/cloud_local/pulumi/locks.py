"""Stack locks, as the self-managed backend keeps them: one file per holder in the stack's lock folder."""

from __future__ import annotations

import getpass
import json
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .backend import Backend, StackReference, write_atomically
from .errors import PulumiError
from .launcher_watch import die_with_launcher
from .resource_state import timestamp


def _folder(backend: Backend, stack: StackReference) -> Path:
    return backend.root / "locks" / stack.qualified


def _check(backend: Backend, stack: StackReference, own: Path) -> None:
    others = sorted(f for f in _folder(backend, stack).glob("*.json") if f != own)
    if not others:
        return
    message = (
        f"the stack is currently locked by {len(others)} lock(s). Either wait for the other process(es) to end or delete "
        "the lock file with `pulumi cancel`."
    )
    for file in others:
        try:
            holder = json.loads(file.read_text())
        except FileNotFoundError:  # released while we looked
            continue
        where = f"{backend.url}/{file.relative_to(backend.root.parent)}"
        message += (
            f"\n  {where}: created by {holder['username']}@{holder['hostname']} (pid {holder['pid']}) "
            f"at {holder['timestamp']}"
        )
    raise PulumiError(message)


@contextmanager
def lock(backend: Backend, stack: StackReference) -> Iterator[None]:
    """Hold the stack's lock. Raises PulumiError("the stack is currently locked by …") when somebody else does.

    The second check after writing our own file settles a race: both see each other, and neither goes on.
    """
    own = _folder(backend, stack) / f"{uuid.uuid4()}.json"
    _check(backend, stack, own)
    holder = {
        "pid": os.getpid(),
        "username": getpass.getuser(),
        "hostname": socket.gethostname(),
        "timestamp": timestamp(),
    }
    # Staged outside the folder: whatever lies in it counts as a lock.
    write_atomically(own, json.dumps(holder, separators=(",", ":")), staging=backend.root)
    try:
        _check(backend, stack, own)
        yield
    finally:
        die_with_launcher()
        own.unlink(missing_ok=True)


def break_locks(backend: Backend, stack: StackReference) -> None:
    """Delete all locks of a stack, whoever holds them: what `pulumi cancel` does on a self-managed backend."""
    for file in _folder(backend, stack).glob("*.json"):
        file.unlink(missing_ok=True)
