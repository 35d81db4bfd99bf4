"""Stack configuration: keys, values, secrets inside objects, and what programs and default providers get of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import PulumiError
from .passphrase import Crypter
from .project import Project, StackSettings
from .property_paths import Path, parse_path
from .values import Properties, Secret


@dataclass(frozen=True)
class ConfigValue:
    """One value: as text (objects are JSON), decrypted, and whether any of it is secret. `raw` is as in the file."""

    text: str
    is_secret: bool
    is_object: bool
    raw: Any


def full_key(project: str, key: str) -> str:
    """`key` in its namespace, which is the project's unless it has one. Raises PulumiError for a malformed key."""
    parts = key.split(":")
    if len(parts) == 3 and parts[1] == "config":
        parts = [parts[0], parts[2]]
    if len(parts) == 1:
        parts = [project, *parts]
    if len(parts) != 2 or not all(parts):
        raise PulumiError(f"invalid configuration key: could not parse {key} as a configuration key")
    return ":".join(parts)


def contains_secure(value: Any) -> bool:
    """True when a raw value is a secret or holds one."""
    if isinstance(value, dict):
        return is_secure(value) or any(map(contains_secure, value.values()))
    return isinstance(value, list) and any(map(contains_secure, value))


def is_secure(value: Any) -> bool:
    """True for `{"secure": ciphertext}`."""
    return isinstance(value, dict) and value.keys() == {"secure"} and isinstance(value["secure"], str)


def decrypt(value: Any, crypter: Crypter) -> Any:
    """A raw value with its secrets opened."""
    if is_secure(value):
        return crypter.decrypt(value["secure"])
    if isinstance(value, dict):
        return {k: decrypt(v, crypter) for k, v in value.items()}
    return [decrypt(v, crypter) for v in value] if isinstance(value, list) else value


def to_text(value: Any) -> str:
    """What a program sees: strings as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def evaluate(project: Project, settings: StackSettings, crypter: LazyCrypter) -> dict[str, ConfigValue]:
    """The stack's whole configuration, project defaults included. Raises PulumiError for a missing required value."""
    raws = dict(_project_defaults(project))
    raws.update({full_key(project.name, key): value for key, value in settings.config.items()})
    result = {}
    for key, raw in sorted(raws.items()):
        if raw is _REQUIRED:
            raise PulumiError(f"Stack is missing configuration value '{key.removeprefix(project.name + ':')}'")
        sealed = contains_secure(raw)
        value = decrypt(raw, crypter()) if sealed else raw
        result[key] = ConfigValue(to_text(value), sealed, isinstance(raw, (dict, list)) and not is_secure(raw), raw)
    return result


class _Required:
    pass


_REQUIRED = _Required()


def _project_defaults(project: Project) -> Iterator[tuple[str, Any]]:
    for key, declared in (project.document.get("config") or {}).items():
        name = full_key(project.name, key)
        if not isinstance(declared, dict):
            yield name, declared
        elif "value" in declared:
            yield name, declared["value"]
        elif "default" in declared:
            yield name, declared["default"]
        elif "type" in declared:
            yield name, _REQUIRED


class LazyCrypter:
    """Makes the stack's crypter on first use, so that no key is derived for a stack without secrets."""

    def __init__(self, passphrase: Any, state: str) -> None:
        self._passphrase = passphrase
        self._state = state
        self._crypter: Crypter | None = None

    def __call__(self) -> Crypter:
        if self._crypter is None:
            self._crypter = Crypter(self._passphrase(), self._state)
        return self._crypter


def package_inputs(config: dict[str, ConfigValue], package: str) -> Properties:
    """The inputs of a package's default provider: `aws:region` gives `region`, secrets stay secret.

    Dynamic providers (`pulumi-python`) get all of the configuration under its full keys.
    """
    prefix = "" if package == "pulumi-python" else f"{package}:"
    return {
        key.removeprefix(prefix): Secret(value.text) if value.is_secret else value.text
        for key, value in config.items()
        if key.startswith(prefix)
    }


def set_path(container: dict[str, Any], key: str, path: Path, value: Any) -> None:
    """Put a value at a path under `key`. Lists grow by one place at most. Raises PulumiError where nothing can be put."""
    steps: Path = [key, *path]
    here: Any = container
    for part, following in zip(steps, [*steps[1:], None], strict=True):
        if isinstance(here, list):
            if not isinstance(part, int) or part > len(here):
                raise PulumiError("could not set config: array index out of range")
            if part == len(here):
                here.append(None)
        elif not isinstance(here, dict) or is_secure(here):
            raise PulumiError("could not set config: an array or an object was expected on the path")
        if following is None:
            here[part] = value
            return
        child = here.get(part) if isinstance(here, dict) else here[part]
        if child is None:
            child = [] if isinstance(following, int) else {}
        here[part] = child
        here = child


def remove_path(container: dict[str, Any], key: str, path: Path) -> None:
    """Remove what is at a path under `key`, if it is there."""
    here: Any = container
    steps: Path = [key, *path]
    for part in steps[:-1]:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(here, dict):
        here.pop(str(steps[-1]), None)
    elif isinstance(here, list) and isinstance(steps[-1], int) and steps[-1] < len(here):
        del here[steps[-1]]


def get_path(value: Any, path: Path) -> Any:
    """What is at a path. Raises KeyError when nothing is."""
    for part in path:
        try:
            value = value[part]
        except (IndexError, TypeError) as error:
            raise KeyError(part) from error
    return value


def split_key(project: str, text: str, *, as_path: bool) -> tuple[str, Path]:
    """A key argument of the CLI: with `--path`, `outer.inner[0]` is the key `outer` and a path in it."""
    if not as_path:
        return full_key(project, text), []
    namespace, separator, rest = text.rpartition(":")
    try:
        path = parse_path(rest)
    except ValueError as error:
        raise PulumiError(f"invalid configuration key: {error}") from error
    if not path or not isinstance(path[0], str):
        raise PulumiError(f"invalid configuration key: {text}")
    return full_key(project, f"{namespace}{separator}{path[0]}"), path[1:]
