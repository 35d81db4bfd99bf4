"""What a preview tells its program of the values that no configuration file and no state can hold, and how it went with them.

Pulumi's unknown can't travel in a stack's configuration, and a StackReference shows what is deployed, not what will be. So the
program gets a file, named by ``CLOUD_PREVIEW_FILE``, which the kit reads (``cloud_stack/preview.py`` is the other side):

    {"version": 1,
     "stacks": {"network": {"outputs": {"cidr": "10.0.0.0/16"}, "unknown": ["vpcId"], "secret": [], "open": false}},
     "config": {"ecommerce:vpcId": {"stacks": ["network"], "secret": false, "value": {"cloud:unknown": true}}}}

``outputs`` are known, those in ``unknown`` are not, ``secret`` marks some of either; ``open`` tells that names not listed may
be outputs too. The kit answers by making the file ``{file}.read`` when it has taken the configuration's unknowns. A program
that didn't, or that read one of the stacks by an ordinary StackReference, has worked with something else than what will be:
it isn't previewable, whatever it came to.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cloud.adapters.pulumi.configuration import has_secret
from cloud.adapters.pulumi.event_reader import EventReader
from cloud.adapters.pulumi.stack_run import ids_of
from cloud.domain.errors import CloudError, NotPreviewable, ProgramFailed
from cloud.domain.identifiers import pulumi_stack_name
from cloud.domain.secret import Secret, reveal
from cloud.domain.unknown import Unknown, until_deployed, waits_for
from cloud.ports.runner import PlannedOutputs, RunRequest

PREVIEW_FILE = "CLOUD_PREVIEW_FILE"
UNKNOWN_FORM = {"cloud:unknown": True}
"""Stands for an unknown inside a value of the file."""

_KIT_SAYS = re.compile(r"not previewable until ([a-z0-9-, ]+?) (?:is|are) deployed(?:: (.*))?", re.DOTALL)


class PreviewFile:
    """The file of one preview, in the run's folder, which is removed with the run."""

    def __init__(self, folder: Path, request: RunRequest) -> None:
        self._path = folder / "preview.json"
        self._request = request

    def write(self) -> dict[str, str]:
        """Write the file, for its owner only, and give the environment that names it.

        Raises NotPreviewable for a provider's setting that is unknown: without its region or role a preview would look into
        another account.
        """
        settings = {
            key: value
            for key, value in self._request.unknown_config.items()
            if not key.startswith(f"{self._request.project}:")
        }
        if settings:
            text = (
                f"{', '.join(sorted(settings))} is not known yet, and providers are not started without their settings."
            )
            raise _not_previewable(self._request, waits_for(settings), text)
        document = {
            "version": 1,
            "stacks": {name: _stack(planned) for name, planned in self._request.upstream.items()},
            "config": {key: _value(value) for key, value in self._request.unknown_config.items()},
        }
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False)
        return {PREVIEW_FILE: str(self._path)}

    def objection(self, reader: EventReader, failure: CloudError | None) -> NotPreviewable | None:
        """Why the preview doesn't count, although it ended well (``failure`` None) or failed; None when it does."""
        request = self._request
        if isinstance(failure, ProgramFailed) and (said := _KIT_SAYS.search(failure.message)):
            names = [name for name in re.split(r", | and ", said[1]) if name]
            return _not_previewable(request, names, said[2] or "")
        if failure is not None and not isinstance(failure, ProgramFailed):
            return None
        failed = f" It failed: {failure.message}" if failure else ""
        # `organization/ecommerce/D1BRV40-network-dev` and `D1BRV40-network-dev` name one stack.
        read = {reference.rpartition("/")[2] for reference in reader.references}
        stale = [stack for stack in request.upstream if self._pulumi_name(stack) in read]
        if stale:
            text = (
                f"The program reads {', '.join(sorted(stale))} by a StackReference of its own, which shows what is deployed,"
                " not what will be; the kit's reference() shows both."
            )
            return _not_previewable(request, stale, text + failed)
        if request.unknown_config and not self._was_read:
            keys = ", ".join(sorted(request.unknown_config))
            text = f"{keys} is not known yet, which only the kit's load() can tell a program."
            return _not_previewable(request, waits_for(request.unknown_config), text + failed)
        return None

    @property
    def _was_read(self) -> bool:
        return self._path.with_name(f"{self._path.name}.read").exists()

    def _pulumi_name(self, stack: str) -> str:
        return pulumi_stack_name(self._request.deployment_id, stack, self._request.environment)


def _stack(planned: PlannedOutputs) -> dict[str, Any]:
    hidden = [name for name, value in planned.outputs.items() if has_secret(value)]
    return {
        "outputs": {name: reveal(value) for name, value in planned.outputs.items()},
        "unknown": sorted({*planned.unknown, *planned.secret}),
        "secret": sorted({*hidden, *planned.secret}),
        "open": planned.is_open,
    }


def _value(value: Any) -> dict[str, Any]:
    return {"stacks": sorted(waits_for(value)), "secret": has_secret(value), "value": _marked(value)}


def _marked(value: Any) -> Any:
    """``value`` as JSON, with a mark in the place of every unknown."""
    if isinstance(value, Unknown):
        return UNKNOWN_FORM
    if isinstance(value, Secret):
        return _marked(value.value)
    if isinstance(value, Mapping):
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(item) for item in value]
    return value


def _not_previewable(request: RunRequest, stacks: Iterable[str], because: str) -> NotPreviewable:
    names = sorted(set(stacks))
    return NotPreviewable(
        f"{request.stack} is {until_deployed(names)}.",
        hint=because.strip(),
        **{**ids_of(request), "until": ", ".join(names)},
    )
