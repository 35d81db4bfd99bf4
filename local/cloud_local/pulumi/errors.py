"""Errors of the emulated engine.

PulumiError              printed as `error: …`, exit 1
├── Bail                 already reported to the user, exit 1
├── UsageError           unknown command, flag or argument, exit 1
├── StackNotFound        exit 6, as the CLI's taxonomy has it
└── StackNotSelected     exit 6
OperationFailed          a provider call that failed; carries what is known about the resource
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class PulumiError(Exception):
    """An error whose message is shown to the user; `exit_code` follows the CLI's exit code taxonomy."""

    exit_code = 1


class Bail(PulumiError):
    """A failure that was already reported; nothing more is printed."""


class UsageError(PulumiError):
    """The command line makes no sense."""


class StackNotFound(PulumiError):
    """The Automation API recognises the text `no stack named … found`."""

    exit_code = 6

    def __init__(self, name: str) -> None:
        super().__init__(f"no stack named '{name}' found")


class StackNotSelected(PulumiError):
    """No `--stack`, and no stack was selected in this workspace."""

    exit_code = 6

    def __init__(self) -> None:
        super().__init__("no stack selected; specify a stack name with --stack")


class Status(IntEnum):
    """What is known of a resource after a provider call (resource.Status of the engine)."""

    OK = 0
    PARTIAL_FAILURE = 1
    UNKNOWN = 2


class OperationFailed(Exception):
    """A provider call failed.

    With `Status.PARTIAL_FAILURE` the resource exists, but did not initialise: `resource_id`, `properties` and `inputs`
    hold its state and `reasons` why. `unimplemented`: the provider has no such method.
    """

    def __init__(
        self,
        message: str,
        status: Status = Status.UNKNOWN,
        *,
        resource_id: str = "",
        properties: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        reasons: list[str] | None = None,
        unimplemented: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.unimplemented = unimplemented
        self.resource_id = resource_id
        self.properties = properties
        self.inputs = inputs
        self.reasons = reasons or []


class DeleteProtected(OperationFailed):
    """A protected resource is to be deleted. The engine goes on after it, to report all of them in one run."""

    def __init__(self, urn: str) -> None:
        super().__init__(
            f'resource "{urn}" cannot be deleted\n'
            "because it is protected. To unprotect the resource, either remove the `protect` flag from the resource in "
            f"your Pulumi program and run `pulumi up`, or use the command:\n`pulumi state unprotect '{urn}'`",
            Status.OK,
        )


class DiffUnavailable(Exception):
    """The provider's configuration isn't known in this preview, so nobody can say what would change."""

    def __init__(self) -> None:
        super().__init__(
            "The provider for this resource has inputs that are not known during preview.\n"
            "This preview may not correctly represent the changes that will be applied during an update."
        )
