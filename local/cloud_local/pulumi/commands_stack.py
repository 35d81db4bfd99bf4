"""`pulumi stack …` and `pulumi cancel`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import checkpoint
from .arguments import Arguments
from .backend import StackReference
from .configuration import decrypt, to_text
from .errors import PulumiError
from .locks import break_locks, lock
from .output import print_json, print_line
from .passphrase import PROVIDER, Crypter
from .pending_creates import tell_of_removed
from .urns import ROOT_STACK_TYPE
from .values import masked, reveal
from .workspace import Workspace


def init(workspace: Workspace, arguments: Arguments) -> None:
    """Create a stack and select it."""
    names = [*arguments.words, *([arguments.text("stack")] if arguments.text("stack") else [])]
    if len(names) != 1:
        raise PulumiError("only one of --stack or argument stack name may be specified, not both")
    provider = arguments.text("secrets-provider", "default")
    if provider not in ("default", PROVIDER):
        raise PulumiError(f"the emulated engine has only the passphrase secrets provider, not {provider}")
    stack = workspace.reference(names[0])
    backend = workspace.backend
    with lock(backend, stack):
        if backend.exists(stack):
            raise PulumiError(f"stack '{stack.qualified}' already exists")
        settings = workspace.settings_of(stack)
        if not settings.salt:
            settings.salt = Crypter.create(workspace.read_passphrase()).state
            settings.save()
        deployment = {
            "manifest": checkpoint.manifest(),
            "secrets_providers": {"type": PROVIDER, "state": {"salt": settings.salt}},
            "metadata": {},
        }
        backend.save(stack, deployment)
    print_line(f"Created stack '{stack.display(workspace.project_name)}'")
    if not arguments.flag("no-select"):
        workspace.select(stack)


def select(workspace: Workspace, arguments: Arguments) -> None:
    """Select a stack for further commands; with `--create` it is made when it doesn't exist."""
    name = arguments.words[0] if arguments.words else arguments.text("stack")
    if not name:
        raise PulumiError("a stack name must be given in non-interactive mode")
    if arguments.flag("create") and not workspace.backend.exists(workspace.reference(name)):
        init(workspace, Arguments([name], arguments.values | {"stack": ""}))
        return
    workspace.select(workspace.existing(name))


def show(workspace: Workspace, arguments: Arguments) -> None:
    """The stack, its resources and outputs."""
    stack = workspace.stack
    if arguments.flag("show-name"):
        print_line(stack.name)
        return
    resources = (workspace.backend.load(stack) or {}).get("resources") or []
    print_line(f"Current stack is {workspace.stack_display}:")
    print_line(f"Current stack resources ({len(resources)}):")
    for resource in resources:
        print_line(f"    {resource['type']:<50} {resource['urn'].split('::', 3)[3]}")
    output(workspace, Arguments([], {"show-secrets": arguments.flag("show-secrets")}))


def list_stacks(workspace: Workspace, arguments: Arguments) -> None:
    """The project's stacks, or with `--all` all stacks of the backend."""
    project = arguments.text("project") or (None if arguments.flag("all") else workspace.project.name)
    rows: list[dict[str, Any]] = []
    for stack in workspace.backend.stacks():
        if project is not None and stack.project != project:
            continue
        deployment = workspace.backend.load(stack)
        row: dict[str, Any] = {
            "name": stack.display(workspace.project_name),
            "current": stack.qualified == workspace.selected,
        }
        if deployment is not None:
            row["lastUpdate"] = _milliseconds(deployment["manifest"]["time"])
            row["resourceCount"] = len(deployment.get("resources") or [])
        rows.append(row)
    if arguments.flag("json"):
        print_json(rows)
        return
    print_line(f"{'NAME':<30} {'LAST UPDATE':<26} RESOURCE COUNT")
    for row in rows:
        name = row["name"] + ("*" if row["current"] else "")
        print_line(f"{name:<30} {row.get('lastUpdate', 'n/a'):<26} {row.get('resourceCount', 'n/a')}")


def _milliseconds(text: str) -> str:
    """A Go timestamp cut to milliseconds, as the CLI's JSON has it."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return f"{seconds}.{fraction[:3]:0<3}Z"


def remove(workspace: Workspace, arguments: Arguments) -> None:
    """Delete a stack that has no resources (or with `--force`, one that has), its history and its settings file."""
    stack = workspace.existing(arguments.words[0]) if arguments.words else workspace.stack
    shown = stack.display(workspace.project_name)
    if not arguments.flag("yes"):
        raise PulumiError("non-interactive mode requires --yes flag")
    with lock(workspace.backend, stack):
        resources = (workspace.backend.load(stack) or {}).get("resources") or []
        only_root = len(resources) == 1 and resources[0]["type"] == ROOT_STACK_TYPE
        if resources and not only_root and not arguments.flag("force"):
            raise PulumiError(
                f"'{shown}' still has resources; removal rejected. Possible actions:\n"
                f"- Make sure that '{shown}' is the stack that you want to destroy\n"
                "- Run `pulumi destroy` to delete the resources, then run `pulumi stack rm`\n"
                "- Run `pulumi stack rm --force` to override this error"
            )
        workspace.backend.remove(stack, remove_backups=arguments.flag("remove-backups"))
    if not arguments.flag("preserve-config") and stack.project == workspace.project_name:
        workspace.project.stack_file(stack.name).unlink(missing_ok=True)
    print_line(f"Stack '{shown}' has been removed!")
    if workspace.project_or_none is not None:
        workspace.select(None)


def rename(workspace: Workspace, arguments: Arguments) -> None:
    """Give a stack another name (and project): in its URNs, its history and its settings file."""
    old, backend = workspace.stack, workspace.backend
    new = workspace.reference(arguments.words[0])
    with lock(backend, old):
        if backend.exists(new):
            raise PulumiError(f"a stack named {new.qualified} already exists")
        deployment = backend.load(old)
        backend.save(new, _renamed(deployment, old, new))
        backend.rename(old, new)
    if new.project == workspace.project_name:
        file = workspace.project.stack_file(old.name)
        if file.exists():
            file.rename(workspace.project.stack_file(new.name))
    workspace.select(new)
    print_line(f"Renamed {old.display(workspace.project_name)} to {new.display(workspace.project_name)}")


def _renamed(value: Any, old: StackReference, new: StackReference) -> Any:
    """A deployment document with all URNs of one stack turned into those of another."""
    before, after = f"urn:pulumi:{old.name}::{old.project}::", f"urn:pulumi:{new.name}::{new.project}::"
    if isinstance(value, str):
        return after + value.removeprefix(before) if value.startswith(before) else value
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    if isinstance(value, dict):
        renamed = {key: _renamed(item, old, new) for key, item in value.items()}
        if value.get("type") == ROOT_STACK_TYPE and "urn" in value:
            # The stack resource is named after project and stack.
            renamed["urn"] = f"{after}{ROOT_STACK_TYPE}::{new.project}-{new.name}"
            return renamed
        root_before = f"{before}{ROOT_STACK_TYPE}::{old.project}-{old.name}"
        if value.get("parent") == root_before:
            renamed["parent"] = f"{after}{ROOT_STACK_TYPE}::{new.project}-{new.name}"
        return renamed
    return value


def output(workspace: Workspace, arguments: Arguments) -> None:
    """The stack's outputs, or one of them."""
    deployment = workspace.backend.load(workspace.stack)
    values = checkpoint.stack_outputs(deployment, workspace.crypter_of(deployment) if deployment else None)
    shown: dict[str, Any] = reveal(values) if arguments.flag("show-secrets") else masked(values)
    if arguments.words:
        name = arguments.words[0]
        if name not in shown:
            raise PulumiError(f"current stack does not have output property '{name}'")
        value = shown[name]
        if arguments.flag("json") or not isinstance(value, str):
            print_json(value)
        else:
            print_line(value)
        return
    if arguments.flag("json"):
        print_json(dict(sorted(shown.items())))
        return
    print_line(f"Current stack outputs ({len(shown)}):")
    if not shown:
        print_line("    No output values currently in this stack")
    for key, value in sorted(shown.items()):
        print_line(f"    {key}  {value if isinstance(value, str) else json.dumps(value)}")


def export(workspace: Workspace, arguments: Arguments) -> None:
    """The stack's deployment as a document; with `--show-secrets` the secrets are bare."""
    deployment = workspace.backend.load(workspace.stack)
    if deployment is not None and arguments.flag("show-secrets"):
        crypter = workspace.crypter_of(deployment)
        if crypter is not None and "ciphertext" in json.dumps(deployment):
            snapshot = checkpoint.deserialize(deployment, crypter)
            revealed = checkpoint.serialize(snapshot, crypter, show_secrets=True)
            deployment = {**deployment, **{k: v for k, v in revealed.items() if k != "manifest"}}
    document: dict[str, Any] = {"version": checkpoint.VERSION, "deployment": deployment}
    features = checkpoint.features_of(deployment or {})
    if features:
        document = {"version": 4, "features": features, "deployment": deployment}
    text = json.dumps(document, indent=4, ensure_ascii=False)
    if arguments.text("file"):
        Path(arguments.text("file")).write_text(text + "\n")
    else:
        print_line(text)


def import_state(workspace: Workspace, arguments: Arguments) -> None:
    """Replace the stack's deployment by a document, sealing its secrets; its pending operations are left out.

    Refuses one of another stack unless forced.
    """
    text = Path(arguments.text("file")).read_text() if arguments.text("file") else sys.stdin.read()
    try:
        document = json.loads(text)
        version, deployment = document["version"], document["deployment"]
    except (ValueError, KeyError, TypeError) as error:
        raise PulumiError(f"could not deserialize deployment: {error}") from error
    if version not in (3, 4):
        raise PulumiError(f"could not deserialize deployment: unsupported version {version}")
    stack, backend = workspace.stack, workspace.backend
    with lock(backend, stack):
        if not deployment:
            backend.save(stack, None)
        else:
            crypter = workspace.crypter()
            snapshot = checkpoint.deserialize(deployment, workspace.crypter_of(deployment) or crypter)
            foreign = [
                f"resource '{r.urn}' is from a different stack ({r.urn.split('::')[0].removeprefix('urn:pulumi:')} != "
                f"{stack.name})"
                for r in snapshot.resources
                if r.urn.split("::")[0] != f"urn:pulumi:{stack.name}"
            ]
            if foreign and not arguments.flag("force"):
                reasons = [*foreign, "importing this file could be dangerous; rerun with --force to proceed anyway"]
                listed = "".join(f"\n    {number}) {reason}" for number, reason in enumerate(reasons, 1))
                raise PulumiError(f"{len(reasons)} errors occurred:{listed}")
            tell_of_removed(snapshot.pending_operations)
            snapshot.pending_operations.clear()
            serialized = checkpoint.serialize(snapshot, crypter)
            backend.save(stack, {**serialized, "manifest": deployment.get("manifest") or serialized["manifest"]})
    print_line("Import complete.")


def history(workspace: Workspace, arguments: Arguments) -> None:
    """Past updates, the latest first."""
    size = int(arguments.text("page-size", "10"))
    updates = workspace.backend.history(workspace.stack, size, int(arguments.text("page", "1")))
    show_secrets = arguments.flag("show-secrets")
    rows = [_history_row(workspace, update, show_secrets) for update in updates]
    if arguments.flag("json"):
        print_json(rows)
        return
    if not rows:
        print_line("Stack has never been updated")
    for row in rows:
        print_line(f"UpdateKind: {row['kind']}\nStatus: {row['result']}\nMessage: {row['message']}")
        print_line(f"Started: {row['startTime']}  Ended: {row['endTime']}\n")


def _history_row(workspace: Workspace, update: dict[str, Any], show_secrets: bool) -> dict[str, Any]:
    config = {}
    for key, raw in (update.get("config") or {}).items():
        is_secret = "secure" in json.dumps(raw) and isinstance(raw, dict)
        entry: dict[str, Any] = {}
        if not is_secret or show_secrets:
            value = decrypt(raw, workspace.crypter()) if is_secret else raw
            entry["value"] = to_text(value)
            if isinstance(value, (dict, list)):
                entry["objectValue"] = value
        config[key] = {**entry, "secret": is_secret}
    return {
        "version": update["version"],
        "kind": update["kind"],
        "startTime": _seconds(update["startTime"]),
        "message": update["message"],
        "environment": update["environment"],
        "config": config,
        "result": update["result"],
        "endTime": _seconds(update["endTime"]),
        "resourceChanges": update.get("resourceChanges") or {},
    }


def _seconds(unix: int) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def tag(workspace: Workspace, arguments: Arguments) -> None:
    """`stack tag get|set|rm|ls`."""
    verb, *rest = arguments.words or [""]
    stack, backend = workspace.stack, workspace.backend
    tags = backend.tags(stack)
    if verb == "ls" and not rest:
        if arguments.flag("json"):
            print_json(tags)
        else:
            print_line(f"{'NAME':<30} VALUE")
            for name, value in sorted(tags.items()):
                print_line(f"{name:<30} {value}")
    elif verb == "get" and len(rest) == 1:
        if rest[0] not in tags:
            raise PulumiError(f"stack tag '{rest[0]}' not found for stack '{workspace.stack_display}'")
        print_line(tags[rest[0]])
    elif verb == "set" and len(rest) == 2:
        backend.save_tags(stack, {**tags, rest[0]: rest[1]})
    elif verb == "rm" and len(rest) == 1:
        backend.save_tags(stack, {name: value for name, value in tags.items() if name != rest[0]})
    else:
        raise PulumiError("usage: pulumi stack tag get <name> | set <name> <value> | rm <name> | ls")


def cancel(workspace: Workspace, arguments: Arguments) -> None:
    """Delete the stack's locks. On a self-managed backend this doesn't stop a running update."""
    stack = workspace.existing(arguments.words[0]) if arguments.words else workspace.stack
    break_locks(workspace.backend, stack)
    print_line(f"The currently running update for '{stack.name}' has been canceled!")
