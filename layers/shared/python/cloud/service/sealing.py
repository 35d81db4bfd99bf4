"""Secrets of a manifest: sealed before they are stored, opened when a stack's configuration is resolved.

``{secret: value}`` is stored as ``{secret: {sealed: …}}``; the value itself is JSON inside the seal, so that it keeps its type.
The placeholders in it stand beside the seal, without their defaults: they are dependencies, and the planner opens no seals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cloud.domain.placeholders import placeholders
from cloud.domain.secret import SECRET_KEY, Secret, is_secret_form
from cloud.service.platform import Platform

SEALED = "sealed"
PLACEHOLDERS = "placeholders"


def seal(platform: Platform, deployment_id: str, value: Any) -> Any:
    """``value`` with every ``{secret: …}`` in it sealed for the deployment.

    One that is sealed already (a manifest that was read over REST and is put back) stays as it is, if the seal is ours.
    Raises StateError for a seal that isn't.
    """

    def sealed(form: Mapping[str, Any]) -> Any:
        value = form[SECRET_KEY]
        if _is_sealed(value):
            platform.vault().open(str(value[SEALED]), deployment_id)
            return form
        text = platform.vault().seal(json.dumps(value), deployment_id)
        named = sorted({f"{{{{{found.key}}}}}" for found in placeholders(value) if found.stack})
        return {SECRET_KEY: {SEALED: text, **({PLACEHOLDERS: named} if named else {})}}

    return _each_form(value, sealed)


def unseal(platform: Platform, deployment_id: str, value: Any) -> Any:
    """``value`` with every sealed secret as a ``Secret``. One that was never sealed stays the ``Secret`` it is."""

    def opened(held: Any) -> Secret:
        if _is_sealed(held):
            return Secret(json.loads(platform.vault().open(str(held[SEALED]), deployment_id)))
        return Secret(held)

    if isinstance(value, Secret):
        return opened(value.value)
    if isinstance(value, Mapping):
        return {key: unseal(platform, deployment_id, item) for key, item in value.items()}
    if isinstance(value, list):
        return [unseal(platform, deployment_id, item) for item in value]
    return value


def _is_sealed(value: Any) -> bool:
    return isinstance(value, Mapping) and SEALED in value and value.keys() <= {SEALED, PLACEHOLDERS}


def _each_form(value: Any, replace: Callable[[Mapping[str, Any]], Any]) -> Any:
    if isinstance(value, Mapping):
        if is_secret_form(value):
            return replace(value)
        return {key: _each_form(item, replace) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_each_form(item, replace) for item in value]
    return value
