"""The stack's configuration file: written whole for each run, plain values only. Secrets are encrypted by the engine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cloud.domain.errors import ConfigurationError, Problem
from cloud.ports.runner import Secret, SecretsProvider

_KEY = re.compile(r"[^:\s]+:[^:]+")
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def stack_file(folder: Path, pulumi_stack: str) -> Path:
    """Where Pulumi looks for the stack's configuration. Raises ConfigurationError for what is no stack's name."""
    if not _STACK_NAME.fullmatch(pulumi_stack):
        raise ConfigurationError(f"{pulumi_stack!r} cannot be the name of a Pulumi stack.")
    return folder / f"Pulumi.{pulumi_stack}.yaml"


def write_stack_file(path: Path, config: Mapping[str, Any], keys: SecretsProvider) -> dict[str, str]:
    """Write the plain values of ``config`` and the ``keys``; return the secret ones as text, still to be encrypted.

    ``config`` maps full Pulumi keys to JSON values or ``Secret``. Maps and lists become Pulumi's structured configuration;
    a null is a value that isn't set. A value with a ``Secret`` anywhere inside becomes secret as a whole: programs read it
    with ``require_secret_object``. The keys come first in the file as Pulumi writes it; without them ``up`` would start new
    ones and fail to open what it finds. Raises ConfigurationError naming every value that cannot be written.
    """
    problems = list(_problems(config))
    if problems:
        raise ConfigurationError("The stack's configuration cannot be given to Pulumi.", problems=problems)
    settings: dict[str, Any] = {}
    if keys.provider:
        settings["secretsprovider"] = keys.provider
    if keys.encrypted_key:
        settings["encryptedkey"] = keys.encrypted_key
    if keys.encryption_salt:
        settings["encryptionsalt"] = keys.encryption_salt
    plain = {key: value for key, value in config.items() if value is not None and not has_secret(value)}
    if plain:
        settings["config"] = plain
    # Not allow_unicode: unescaped, a few characters (U+0085, U+2028) would be line breaks to YAML and come back as blanks.
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return {key: _text(value) for key, value in config.items() if has_secret(value)}


def read_keys(path: Path) -> SecretsProvider:
    """The keys that ``pulumi stack init`` wrote into the configuration file of a new stack; empty where there are none."""
    settings = (yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None) or {}
    return SecretsProvider(
        provider=settings.get("secretsprovider", "") if settings.get("encryptedkey") else "",
        encrypted_key=settings.get("encryptedkey", ""),
        encryption_salt=settings.get("encryptionsalt", ""),
    )


def has_secret(value: Any) -> bool:
    """Whether a ``Secret`` is ``value`` or anywhere inside it."""
    if isinstance(value, Secret):
        return True
    if isinstance(value, Mapping):
        return any(has_secret(part) for part in value.values())
    return isinstance(value, (list, tuple)) and any(has_secret(part) for part in value)


def _text(value: Any) -> str:
    """What Pulumi encrypts: a string as it stands, everything else as JSON, which ``require_secret_object`` reads back."""
    opened = _opened(value)
    return opened if isinstance(opened, str) else json.dumps(opened, ensure_ascii=False)


def _opened(value: Any) -> Any:
    if isinstance(value, Secret):
        return _opened(value.value)
    if isinstance(value, Mapping):
        return {key: _opened(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_opened(part) for part in value]
    return value


def _problems(config: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in config.items():
        if not _KEY.fullmatch(key):
            yield Problem(f"{key!r} is no full configuration key", path=key, expected="namespace:name")
        elif not has_secret(value):
            yield from _unwritable(value, key)


def _unwritable(value: Any, path: str) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            # In a stack's configuration file this is how Pulumi writes a ciphertext.
            yield Problem("a map whose only key is 'secure' would be read as an encrypted value", path=path)
        for name, part in value.items():
            yield from _unwritable(part, f"{path}.{name}")
    elif isinstance(value, (list, tuple)):
        for index, part in enumerate(value):
            yield from _unwritable(part, f"{path}[{index}]")
    elif not (value is None or isinstance(value, (str, int, float))):
        yield Problem(f"a {type(value).__name__} is no JSON value", path=path)
