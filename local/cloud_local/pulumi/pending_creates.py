"""What `pulumi refresh` is told about interrupted creations, edited into the state before the refresh itself begins.

As the engine has it (pkg/cmd/pulumi/operations/refresh.go): the edit is made even with `--preview-only`. An "imported"
creation is only marked: it gets its id and becomes an operation of type importing. A refresh that isn't a preview then forgets
it, as it forgets everything pending but creations, and adds no resource: the next `up` creates it again.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import checkpoint
from .checkpoint import Operation, Snapshot
from .errors import PulumiError
from .locks import lock
from .workspace import Workspace


def edit_pending_creates(workspace: Workspace, urns_and_ids: Sequence[str], *, clear: bool) -> None:
    """Apply `--import-pending-creates` (each URN followed by its id), then `--clear-pending-creates`, to the state.

    Raises PulumiError for a URN without an id, and when somebody else holds the stack's lock.
    """
    if len(urns_and_ids) % 2:
        raise PulumiError("each URN must be followed by an ID: found an odd number of entries")
    if not urns_and_ids and not clear:
        return
    stack, backend = workspace.stack, workspace.backend
    document = backend.load(stack)
    if not document:
        return
    crypter = workspace.crypter_of(document)
    snapshot = checkpoint.deserialize(document, crypter)
    ids = dict(zip(urns_and_ids[::2], urns_and_ids[1::2], strict=True))
    unused = _mark(snapshot, ids)
    if clear:
        snapshot.pending_operations[:] = [o for o in snapshot.pending_operations if o.type != "creating"]
    with lock(backend, stack):
        backend.save(stack, checkpoint.serialize(snapshot, crypter or workspace.crypter()))
    if unused:
        # The engine's list begins with as many empty names as it found: one or more, so it always takes the long form.
        names = [*([""] * len(unused)), *unused]
        listed = '"\n- "'.join(names)
        sys.stderr.write(f'warning: the following urns did not correspond to a pending create\n- "{listed}"\n')


def _mark(snapshot: Snapshot, ids: dict[str, str]) -> list[str]:
    """Turn the named creations into imports; the URNs that named none."""
    left = dict(ids)
    for operation in snapshot.pending_operations:
        if operation.type == "creating" and operation.resource.urn in left:
            operation.resource.id = left.pop(operation.resource.urn)
            operation.type = "importing"
    return list(left)


def tell_of_removed(operations: Sequence[Operation]) -> None:
    """The engine's words when `pulumi stack import` leaves out the pending operations of what it is given."""
    for operation in operations:
        urn = operation.resource.urn
        sys.stderr.write(f"warning: removing pending operation '{operation.type}' on '{urn}' from snapshot\n")
