"""Every error that the control plane raises on purpose, in one tree.

    CloudError
    ├── ConfigurationError      the manifest, a setting or an argument is wrong (carries Problems)
    ├── DependencyError         the graph of stacks is wrong: a cycle, an unknown or own dependency
    ├── StateError              what is stored does not allow it
    │   ├── LockHeld · StaleWrite · IllegalTransition · AlreadyExists · PreconditionFailed
    ├── PulumiError             Pulumi, or the program that it ran, failed
    │   ├── ProgramFailed · PendingOperations · StackBusy · EngineMissing · RunTimedOut · RunInterrupted
    │   ├── NotPreviewable
    ├── AwsError                AWS refused or failed
    │   ├── Throttled · AccessDenied · CredentialsExpired · QuotaExceeded
    ├── NetworkError            a server could not be reached
    ├── AuthError               not signed in
    │   └── Forbidden           signed in, but not allowed
    ├── NotFound
    └── InternalError           a defect of the platform itself

The attributes of the class decide how the doors show an error: ``code`` (stable, kebab-case), ``retryable``,
``http_status`` and ``exit_code``. The state machine's Retry and Catch, the REST problem body and the CLI's exit codes are
derived from this tree; ``tests/unit/domain/test_errors.py`` proves that no class is left unmapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input, and where.

    ``line`` and ``column`` count from 1; 0 means that the input has no positions. ``path`` is the place in the document
    (``stacks.network.timeout``); ``expected`` and ``suggestion`` are sentences or empty.
    """

    message: str
    path: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    expected: str = ""
    suggestion: str = ""

    def render(self) -> str:
        """``file:line:column: path: message (expected …; suggestion)`` with the parts that are known."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        head = ": ".join(part for part in (place, self.path, self.message) if part)
        extra = "; ".join(part for part in (self.expected and f"expected {self.expected}", self.suggestion) if part)
        return f"{head} ({extra})" if extra else head


class CloudError(Exception):
    """The root. ``message`` is a sentence a user can act on, ``hint`` the next thing to try, ``ids`` what it is about."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[Problem] = (), **ids: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)
        self.ids: Mapping[str, str] = {key: value for key, value in ids.items() if value}

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON; ``from_dict`` reads it back on the other side of a door."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            "ids": dict(self.ids),
            "problems": [asdict(problem) for problem in self.problems],
        }


class ConfigurationError(CloudError):
    code, http_status, exit_code = "configuration", 422, 3


class DependencyError(CloudError):
    code, http_status, exit_code = "dependency", 422, 3


class StateError(CloudError):
    code, http_status, exit_code = "state", 409, 5


class LockHeld(StateError):
    code = "lock-held"


class StaleWrite(StateError):
    """Somebody else wrote first; read again and retry."""

    code, retryable = "stale-write", True


class IllegalTransition(StateError):
    code = "illegal-transition"


class AlreadyExists(StateError):
    code = "already-exists"


class PreconditionFailed(StateError):
    """What was to be changed is not as the caller last saw it (If-Match)."""

    code, http_status = "precondition-failed", 412


class PulumiError(CloudError):
    code, http_status, exit_code = "pulumi", 500, 1


class ProgramFailed(PulumiError):
    """The program raised, or one of its resources could not be created, changed or deleted."""

    code = "program-failed"


class NotPreviewable(PulumiError):
    """The preview needs outputs of stacks that are not deployed; ``ids["until"]`` names them."""

    code, http_status = "not-previewable", 409


class PendingOperations(PulumiError):
    code, http_status, exit_code = "pending-operations", 409, 5


class StackBusy(PulumiError):
    """Pulumi's own lock on the stack is held by another update."""

    code, http_status, exit_code = "stack-busy", 409, 5


class EngineMissing(PulumiError):
    code, http_status = "engine-missing", 503


class RunTimedOut(PulumiError):
    code, http_status = "run-timed-out", 504


class RunInterrupted(PulumiError):
    """The run was cancelled before it ended."""

    code, http_status = "run-interrupted", 409


class AwsError(CloudError):
    code, http_status = "aws", 502


class Throttled(AwsError):
    code, retryable, http_status = "throttled", True, 429


class AccessDenied(AwsError):
    code, http_status, exit_code = "access-denied", 403, 6


class CredentialsExpired(AwsError):
    code, http_status, exit_code = "credentials-expired", 401, 6


class QuotaExceeded(AwsError):
    code, http_status, exit_code = "quota-exceeded", 422, 3


class NetworkError(CloudError):
    code, retryable, http_status = "network", True, 503


class AuthError(CloudError):
    code, http_status, exit_code = "auth", 401, 6


class Forbidden(AuthError):
    """The caller is known, and may not."""

    code, http_status = "forbidden", 403


class NotFound(CloudError):
    code, http_status, exit_code = "not-found", 404, 4


class InternalError(CloudError):
    code = "internal"


def error_classes(root: type[CloudError] = CloudError) -> Iterator[type[CloudError]]:
    """Every class of the tree, the root first."""
    yield root
    for child in root.__subclasses__():
        yield from error_classes(child)


def from_dict(data: Mapping[str, Any]) -> CloudError:
    """The error that ``to_dict`` wrote; an unknown code becomes a plain CloudError that keeps the text."""
    by_code = {cls.code: cls for cls in error_classes()}
    cls = by_code.get(str(data.get("code", "")), CloudError)
    problems = [Problem(**problem) for problem in data.get("problems", ())]
    ids = {str(key): str(value) for key, value in dict(data.get("ids", {})).items()}
    return cls(str(data.get("message", "")), hint=str(data.get("hint", "")), problems=problems, **ids)
