"""The ports to Step Functions, to WebSocket connections, to AWS look-ups, to the clock and to randomness."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol


class Workflow(Protocol):
    """Step Functions. Adapters: ``cloud.adapters.stepfunctions`` and ``cloud.adapters.memory.workflow``."""

    def start(self, name: str, payload: Mapping[str, Any]) -> str:
        """Start the deployment state machine; starting the same name with the same input twice is one execution.

        Gives the execution's ARN. Raises AlreadyExists for the same name with another input.
        """
        ...

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        """Complete a waiting task. A token that was used or has timed out is no error: somebody was faster."""
        ...

    def fail(self, token: str, error: str, cause: str) -> None:
        """Fail a waiting task; same rule for tokens that are gone."""
        ...

    def is_running(self, execution_arn: str) -> bool:
        """Whether the execution has not ended. Raises NotFound."""
        ...


class ConnectionGateway(Protocol):
    """API Gateway's ``@connections``."""

    def post(self, connection_id: str, frame: bytes) -> None:
        """Raises NotFound when the connection is gone (410), NetworkError when it does not take the frame in time."""
        ...

    def disconnect(self, connection_id: str) -> None:
        """Close it from our side; a connection that is gone is no error."""
        ...


class Lookups(Protocol):
    """What ``{{aws.…}}``, ``{{ssm.…}}`` and ``{{secret.…}}`` ask AWS, in an environment's account and region."""

    def aws(self, path: tuple[str, ...]) -> Any:
        """``account.id``, ``region``, ``azs``, ``vpc.default``, ``ami.NAME``. Raises NotFound."""
        ...

    def ssm(self, name: str) -> Any:
        """A parameter; a SecureString is a ``Secret``. Raises NotFound."""
        ...

    def secret(self, name: str) -> Any:
        """A secret's value, always a ``Secret``. Raises NotFound."""
        ...


class Clock(Protocol):
    """Time and identifiers, from outside so that the core stays deterministic."""

    def now(self) -> datetime:
        """In UTC."""
        ...

    def new_ulid(self) -> str: ...

    def new_deployment_id(self) -> str: ...


class Vault(Protocol):
    """Keeps the manifest's secrets: what is stored is sealed (KMS), never the value."""

    def seal(self, plain: str, context: str) -> str:
        """Text that only ``open`` with the same context reads back. Raises ConfigurationError when it is too long."""
        ...

    def open(self, sealed: str, context: str) -> str:
        """Raises StateError when it was not sealed here, or not for this context."""
        ...

    def mac(self, text: str, context: str) -> str:
        """A keyed digest (hex) of ``text``: equal for equal texts and contexts, and telling nothing of them without the key."""
        ...
