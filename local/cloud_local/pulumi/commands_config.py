"""`pulumi config …`."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

from .arguments import Arguments
from .configuration import contains_secure, decrypt, get_path, is_secure, remove_path, set_path, split_key, to_text
from .errors import PulumiError
from .output import print_json, print_line
from .workspace import Workspace


def show(workspace: Workspace, arguments: Arguments) -> None:
    """All of the configuration; secrets only with `--show-secrets`."""
    reveal = arguments.flag("show-secrets")
    rows: dict[str, dict[str, Any]] = {}
    for key, value in workspace.config.items():
        row: dict[str, Any] = {}
        if reveal or not value.is_secret:
            row["value"] = value.text
            if value.is_object:
                row["objectValue"] = json.loads(value.text)
        rows[key] = {**row, "secret": value.is_secret}
    if arguments.flag("json"):
        print_json(rows)
        return
    print_line(f"{'KEY':<30} VALUE")
    for key, row in rows.items():
        print_line(f"{key.removeprefix(f'{workspace.project.name}:'):<30} {row.get('value', '[secret]')}")


def get(workspace: Workspace, arguments: Arguments) -> None:
    """One value, opened."""
    text = arguments.words[0]
    key, path = split_key(workspace.project.name, text, as_path=arguments.flag("path"))
    value = workspace.config.get(key)
    missing = PulumiError(
        f"configuration key '{_pretty(workspace, text)}' not found for stack '{workspace.stack_display}'"
    )
    if value is None:
        raise missing
    try:
        raw = get_path(value.raw, path)
    except KeyError:
        raise missing from None
    sealed = contains_secure(raw)
    opened = decrypt(raw, workspace.crypter()) if sealed else raw
    if not arguments.flag("json"):
        print_line(to_text(opened))
        return
    document: dict[str, Any] = {"value": to_text(opened)}
    if isinstance(opened, (dict, list)):
        document["objectValue"] = opened
    print_json({**document, "secret": sealed})


def _pretty(workspace: Workspace, key: str) -> str:
    return key.removeprefix(f"{workspace.project.name}:")


def set_value(workspace: Workspace, arguments: Arguments) -> None:
    """Set one value; without one on the command line it is read from standard input."""
    key, *values = arguments.words
    value = values[0] if values else sys.stdin.read().removesuffix("\n")
    kind = arguments.text("type", "string")
    _put(workspace, key, value, as_path=arguments.flag("path"), is_secret=arguments.flag("secret"), kind=kind)
    workspace.settings.save()


def set_all(workspace: Workspace, arguments: Arguments) -> None:
    """Set many values: `--plaintext k=v`, `--secret k=v`, or a `--json` document in the form of `pulumi config --json`."""
    if arguments.text("json"):
        if arguments.texts("plaintext") or arguments.texts("secret") or arguments.flag("path"):
            raise PulumiError("the --json option cannot be used with the --plaintext, --secret or --path options")
        _set_document(workspace, arguments.text("json"))
    for flag in ("plaintext", "secret"):
        for pair in arguments.texts(flag):
            key, separator, value = pair.partition("=")
            if not separator:
                raise PulumiError("config value must be in the form [key]=[value]")
            _put(workspace, key, value, as_path=arguments.flag("path"), is_secret=flag == "secret")
    workspace.settings.save()


def _set_document(workspace: Workspace, text: str) -> None:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise PulumiError(f"could not parse --json argument: {error}") from error
    for key, entry in document.items():
        if entry.get("value") is None and entry.get("objectValue") is None:
            raise PulumiError(f'value for --json object key "{key}" is nil')
        value = entry.get("objectValue", entry.get("value"))
        name, _ = split_key(workspace.project.name, key, as_path=False)
        sealed = {"secure": workspace.crypter().encrypt(to_text(value))} if entry.get("secret") else value
        workspace.settings.config = {**workspace.settings.config, name: sealed}


def _put(workspace: Workspace, text: str, value: str, *, as_path: bool, is_secret: bool, kind: str = "string") -> None:
    key, path = split_key(workspace.project.name, text, as_path=as_path)
    typed: Any = value
    if is_secret:
        typed = {"secure": workspace.crypter().encrypt(value)}
    elif kind == "int" or (path and kind == "string" and value.lstrip("-").isdigit()):
        typed = int(value)
    elif kind == "float":
        typed = float(value)
    elif (kind == "bool" or path) and value in ("true", "false"):
        typed = value == "true"
    elif kind not in ("string", "bool"):
        raise PulumiError(f'invalid type "{kind}"; must be one of string, int, bool, or float')
    config = dict(workspace.settings.config)
    if is_secure(config.get(key)) and path:
        raise PulumiError("could not set config: a secret has no parts")
    set_path(config, key, path, typed)
    workspace.settings.config = config


def remove(workspace: Workspace, arguments: Arguments) -> None:
    """Remove values (`rm` takes one, `rm-all` many)."""
    config = dict(workspace.settings.config)
    for text in arguments.words:
        key, path = split_key(workspace.project.name, text, as_path=arguments.flag("path"))
        remove_path(config, key, path)
    workspace.settings.config = config
    workspace.settings.save()


def refresh(workspace: Workspace, arguments: Arguments) -> None:
    """Bring the settings file to the configuration of the last update."""
    updates = workspace.backend.history(workspace.stack, 1)
    if not updates:
        raise PulumiError("getting latest configuration: no previous deployment")
    settings = workspace.settings
    if settings.file.exists() and not arguments.flag("force"):
        backup = settings.file.with_name(f"{settings.file.name}.bak")
        shutil.copyfile(settings.file, backup)
        print_line(f"backed up existing configuration file to {backup}")
    settings.config = updates[0].get("config") or {}
    deployment = workspace.backend.load(workspace.stack) or {}
    salt = ((deployment.get("secrets_providers") or {}).get("state") or {}).get("salt")
    if salt:
        settings.salt = salt
    settings.save()
    print_line(f"refreshed configuration for stack '{workspace.stack_display}'")
