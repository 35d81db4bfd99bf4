"""A value that must not be shown, and the form it has in YAML and JSON: ``{secret: value}``.

Only a map with the single key ``secret`` is that form; ``{client: a, secret: b}`` is an ordinary map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SECRET_KEY = "secret"  # noqa: S105 - the name of the form, not a secret
HIDDEN = "[secret]"
SHORTEST_SOUGHT = 8
"""Characters. A shorter secret is not looked for in other values: it may stand there by chance."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must not be shown. Its repr does not show it either."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


def is_secret_form(value: object) -> bool:
    """Whether ``value`` is a map with the single key ``secret``."""
    return isinstance(value, Mapping) and len(value) == 1 and SECRET_KEY in value


def wrap_secrets(value: Any) -> Any:
    """``value`` with every ``{secret: …}`` in it, however deep, as a ``Secret``; a secret in a secret is one secret."""
    if isinstance(value, Secret):
        return Secret(reveal(wrap_secrets(value.value)))
    if isinstance(value, Mapping):
        if is_secret_form(value):
            return Secret(reveal(wrap_secrets(value[SECRET_KEY])))
        return {key: wrap_secrets(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [wrap_secrets(item) for item in value]
    return value


def contains_secret(value: Any) -> bool:
    """Whether a ``Secret`` or a ``{secret: …}`` is anywhere in ``value``."""
    if isinstance(value, Secret) or is_secret_form(value):
        return True
    if isinstance(value, Mapping):
        return any(contains_secret(item) for item in value.values())
    return isinstance(value, list | tuple) and any(contains_secret(item) for item in value)


def reveal(value: Any) -> Any:
    """``value`` with every ``Secret`` replaced by what it holds: for Pulumi's door only."""
    return _replace(value, lambda secret: reveal(secret.value))


def redact(value: Any) -> Any:
    """``value`` with every ``Secret`` and ``{secret: …}`` shown as ``[secret]``: for people, records and logs."""
    return _replace(wrap_secrets(value), lambda _: HIDDEN)


def to_forms(value: Any) -> Any:
    """``value`` as JSON that ``wrap_secrets`` reads back: every ``Secret`` as ``{secret: …}``, in plain text."""
    return _replace(value, lambda secret: {SECRET_KEY: reveal(secret.value)})


def hide_shown(values: Mapping[str, Any], known: Any) -> dict[str, Any]:
    """``values``, with each as a ``Secret`` that shows the text of a ``Secret`` in ``known``."""
    sought = [text for text in _texts(known, secret=False) if len(text) >= SHORTEST_SOUGHT]
    return {
        name: Secret(reveal(value))
        if any(text in shown for shown in _texts(value, secret=True) for text in sought)
        else value
        for name, value in values.items()
    }


def _texts(value: Any, *, secret: bool) -> Iterator[str]:
    """The texts in ``value`` that are secret: all of them, if it is part of a secret already."""
    if isinstance(value, Secret):
        yield from _texts(value.value, secret=True)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item, secret=secret)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, secret=secret)
    elif isinstance(value, str) and secret:
        yield value


def _replace(value: Any, replacement: Any) -> Any:
    if isinstance(value, Secret):
        return replacement(value)
    if isinstance(value, Mapping):
        return {key: _replace(item, replacement) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replace(item, replacement) for item in value]
    return value
