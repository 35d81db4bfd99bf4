"""What is known in a preview of the control plane, when what the program needs isn't deployed yet.

The control plane names a file by ``CLOUD_PREVIEW_FILE``. It says what other stacks are going to export, as far as their own
previews know, and which configuration keys wait for it. What isn't known becomes an unknown Output, as Pulumi's own; no value
is made up. Outside such a preview (an update, a plain ``pulumi preview``) there is no file, and nothing here has an effect.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi

_VARIABLE = "CLOUD_PREVIEW_FILE"
_VERSION = 1
_UNKNOWN_FORM = {"cloud:unknown": True}


class NotPreviewableError(pulumi.RunError):
    """The program can't go on without a value that is not known before another stack is deployed."""


@dataclass(frozen=True, slots=True)
class PlannedStack:
    """What another stack is going to export. ``unknown`` outputs have no value yet, ``secret`` ones are to be kept secret;
    with ``is_open`` names that are not listed may be outputs too.
    """

    name: str
    outputs: Mapping[str, Any]
    unknown: frozenset[str]
    secret: frozenset[str]
    is_open: bool

    def get(self, output: str) -> pulumi.Output[Any] | None:
        """The output, unknown if need be; None when the stack won't have it."""
        if output in self.outputs:
            value = self.outputs[output]
        elif output in self.unknown or self.is_open:
            value = pulumi.UNKNOWN
        else:
            return None
        return _output(value, secret=output in self.secret)

    def require(self, output: str) -> pulumi.Output[Any]:
        """The output. Raises ``RunError`` when the stack won't have it, which no deployment will mend."""
        found = self.get(output)
        if found is None:
            names = sorted({*self.outputs, *self.unknown})
            near = difflib.get_close_matches(output, names, n=1)
            meant = f"; did you mean '{near[0]}'?" if near else f"; it plans {', '.join(names) or 'none'}"
            raise pulumi.RunError(f"the stack '{self.name}' will have no output '{output}'{meant}")
        return found


@dataclass(frozen=True, slots=True)
class UnknownValue:
    """A configuration value with unknowns somewhere in it, which wait for outputs of ``stacks``."""

    stacks: tuple[str, ...]
    value: Any
    is_secret: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is known."""
        return bool(self.value == _UNKNOWN_FORM)

    def with_outputs(self) -> Any:
        """The value with an unknown Output in the place of every unknown."""
        return _marks_replaced(self.value, secret=self.is_secret)


@dataclass(frozen=True, slots=True)
class Preview:
    """``stacks`` are those whose outputs aren't simply what is deployed. ``config`` has full keys (``ecommerce:vpcId``)."""

    stacks: Mapping[str, PlannedStack] = field(default_factory=dict)
    config: Mapping[str, UnknownValue] = field(default_factory=dict)
    file: Path | None = None

    def configuration_was_read(self) -> None:
        """Tell the control plane that the program knows of its unknowns."""
        if self.file is not None:
            self.file.with_name(f"{self.file.name}.read").touch()


def current_preview() -> Preview:
    """The running preview; an empty one outside the control plane's previews."""
    # The kit is no part of the control plane, and a program that it runs has no other way to learn of a file.
    path = os.environ.get(_VARIABLE, "")  # noqa: TID251
    if not path or not pulumi.runtime.is_dry_run():
        return Preview()
    file = Path(path)
    document = json.loads(file.read_text(encoding="utf-8"))
    if document["version"] != _VERSION:
        raise pulumi.RunError(
            f"the control plane tells previews in version {document['version']}, this cloud_stack reads {_VERSION}: "
            f"install the one that comes with the control plane"
        )
    return Preview(
        stacks={
            name: PlannedStack(
                name, planned["outputs"], frozenset(planned["unknown"]), frozenset(planned["secret"]), planned["open"]
            )
            for name, planned in document["stacks"].items()
        },
        config={
            key: UnknownValue(tuple(unknown["stacks"]), unknown["value"], unknown["secret"])
            for key, unknown in document["config"].items()
        },
        file=file,
    )


def not_previewable(stacks: Iterable[str], because: str) -> NotPreviewableError:
    """The error that the control plane shows as ``not previewable until network and security are deployed``."""
    names = sorted(set(stacks))
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return NotPreviewableError(
        f"not previewable until {listed} {'is' if len(names) == 1 else 'are'} deployed: {because}"
    )


def _output(value: Any, *, secret: bool) -> pulumi.Output[Any]:
    return pulumi.Output.secret(value) if secret else pulumi.Output.from_input(value)


def _marks_replaced(value: Any, *, secret: bool) -> Any:
    if value == _UNKNOWN_FORM:
        return _output(pulumi.UNKNOWN, secret=secret)
    if isinstance(value, dict):
        return {key: _marks_replaced(item, secret=secret) for key, item in value.items()}
    if isinstance(value, list):
        return [_marks_replaced(item, secret=secret) for item in value]
    return value
