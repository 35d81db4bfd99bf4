"""What went wrong, as one typed error: told from the engine's own events and messages, short, and with the next step."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloud.adapters.pulumi.dependencies import TOOLS
from cloud.adapters.pulumi.event_reader import Diagnostic, EventReader, resource_name
from cloud.adapters.pulumi.pending import Decision, Verdict
from cloud.domain.errors import (
    AccessDenied,
    AwsError,
    CloudError,
    ConfigurationError,
    CredentialsExpired,
    EngineMissing,
    PendingOperations,
    ProgramFailed,
    PulumiError,
    QuotaExceeded,
    RunInterrupted,
    RunTimedOut,
    StackBusy,
    Throttled,
)

_SHELL_SIGNAL = 128
_LAST_SIGNAL = 64

_LOCKED = re.compile(r"the stack is currently locked by|Another update is currently in progress", re.IGNORECASE)
_LOCK_OWNER = re.compile(r"created by (\S+) \(pid (\d+)\) at (\S+)")
_PLUGIN = re.compile(r"no (\w+) plugin '?(pulumi-[\w-]+?)(?:-v?(\d[\w.+-]*))?'? found|failed to load \w+ plugin (\S+):")
_NO_TOOL = re.compile(
    r"[Cc]ould not find `?(npm|yarn|pnpm|bun|node|uv|poetry)`? (?:on|in|executable)|unable to find program: (\w+)"
    r"|exec: \"(node|npm|go|uv|poetry|bun)\": executable file not found"
)
_ONLY_PYTHON = re.compile(r"the emulated engine runs Python programs only, not (\S+)")
_PASSPHRASE = re.compile(r"incorrect passphrase|passphrase must be set|failed to decrypt|unable to open secrets", re.I)
_MISSING_CONFIG = re.compile(r"Missing required configuration variable '([^']+)'")
_EXIT_CODE = re.compile(r"program exited with non-zero exit code: (-?\d+)")
_FRAME = re.compile(r'^\s+File ".*", line \d+')
_TOLD = re.compile(r"^\s+Error: (.+)$", re.MULTILINE)
_NOISE = re.compile(r"^(?:update|preview|destroy|refresh) (?:failed|canceled)\b")

# AWS's error codes, as boto3, the SDKs for Go and the providers on them write them. The first that matches counts: an
# expired token is often reported together with a denial.
_AWS: tuple[tuple[type[AwsError], re.Pattern[str], str], ...] = (
    (
        CredentialsExpired,
        re.compile(
            r"ExpiredToken|RequestExpired|TokenRefreshRequired|security token included in the request is (?:expired|invalid)"
            r"|InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SSO session .{0,40}expired"
        ),
        "Renew the credentials of the environment's role and start the operation again.",
    ),
    (
        AccessDenied,
        re.compile(
            r"AccessDenied|UnauthorizedOperation|is not authorized to perform|AuthorizationError|NotAuthorized\b"
            r"|\bForbidden\b|StatusCode: 403"
        ),
        "Give the environment's role the permission that the message names, then start the operation again.",
    ),
    (
        Throttled,
        re.compile(
            r"Throttl(?:ing|ed)|Rate exceeded|TooManyRequests|RequestLimitExceeded|SlowDown|Request rate is too high"
            r"|ProvisionedThroughputExceeded"
        ),
        "AWS asked to slow down; start the operation again, with a lower max_parallel if it persists.",
    ),
    (
        QuotaExceeded,
        re.compile(r"LimitExceeded|QuotaExceeded|ServiceQuota|VcpuLimit|has reached (?:its|the) (?:limit|quota)"),
        "Ask AWS for a higher quota, or remove what is not needed.",
    ),
)

Ids = Mapping[str, Any]
"""What an error is about (``deployment_id``, ``stack``, …: strings), as its keyword arguments."""

INSTALL_HINT = (
    "Install the Pulumi CLI (https://www.pulumi.com/docs/install/), or name the folder that holds bin/pulumi with"
    " --pulumi-root."
)
_GO_ON = "What was done is kept in Pulumi's state: correct the cause and start the operation again."


@dataclass(frozen=True, slots=True)
class FailedCommand:
    """How the CLI ended: ``exit_code`` as the system gives it (negative: killed by that signal), and what it said."""

    exit_code: int
    stdout: str = ""
    stderr: str = ""

    @property
    def signal(self) -> int:
        """The signal that killed it, also where a launcher says so as shells do (128 + signal); 0: none did."""
        if self.exit_code < 0:
            return -self.exit_code
        return self.exit_code - _SHELL_SIGNAL if _SHELL_SIGNAL < self.exit_code <= _SHELL_SIGNAL + _LAST_SIGNAL else 0


def explain(failed: FailedCommand, reader: EventReader, ids: Ids) -> CloudError:
    """The error for a command that failed on its own (not interrupted). ``ids`` go on the error."""
    said = reader.redactor.message(f"{failed.stderr}\n{_tail(failed.stdout)}")
    culprit = _culprit(reader)
    text = culprit.message if culprit else said
    specific = _about_the_stack(said, ids) or _about_the_engine(f"{text}\n{said}", ids)
    if specific:
        return specific
    if failed.signal:
        return PulumiError(
            f"Pulumi was killed by signal {failed.signal}.",
            hint="It may have run out of memory. Start the operation again: the state holds what was finished.",
            **ids,
        )
    if culprit is None:
        # The language host of YAML tells what is wrong with a program as a message, not as an error.
        told = _TOLD.findall(said)
        if told:
            return ProgramFailed(told[-1], hint=_GO_ON, **ids)
        return PulumiError(f"Pulumi failed with exit code {failed.exit_code}: {_last_line(said)}", **ids)
    return _about_the_program(culprit, ids)


def refused_for_pending(decisions: Sequence[Decision], pulumi_stack: str, ids: Ids) -> PendingOperations:
    """``decisions`` are all of the state; those that are unknown are told, with the commands by which a person decides.

    ``--preview-only`` keeps the engine from more than noting the decision: a refresh would forget a named id again. What was
    found is named along, as ``--clear-pending-creates`` clears every creation that isn't named.
    """
    unknown = [each for each in decisions if each.verdict is Verdict.UNKNOWN]
    refresh = f"pulumi refresh --stack {pulumi_stack} --preview-only"
    for each in decisions:
        if each.verdict is Verdict.FOUND:
            refresh += f" {_import(each.pending.urn, each.id)}"
    told = "; ".join(f"{resource_name(each.pending.urn)} ({each.reason})" for each in unknown)
    exists = "; ".join(
        f"if {resource_name(each.pending.urn)} exists: {refresh} {_import(each.pending.urn, 'ID')}" for each in unknown
    )
    what, them = ("it", "it") if len(unknown) == 1 else ("any of them", "the others")
    return PendingOperations(
        f"An earlier run was killed while it created what may or may not exist: {told}.",
        hint=(
            f"Look in AWS whether {what} exists. {exists[:1].upper()}{exists[1:]} — then, if {them} "
            f"{'does' if len(unknown) == 1 else 'do'} not exist: {refresh} --clear-pending-creates — and start the operation"
            " again."
        ),
        **ids,
    )


def _import(urn: str, physical_id: str) -> str:
    return f"--import-pending-creates {shlex.quote(urn)} --import-pending-creates {physical_id}"


def no_engine(path: str) -> EngineMissing:
    """``path`` is where it should have been; empty when it was looked for on PATH."""
    where = f"{path} is no program" if path else "pulumi is not on PATH"
    return EngineMissing(f"There is no Pulumi engine: {where}.", hint=INSTALL_HINT)


def not_installed(failed: FailedCommand, runtime: str, reader: EventReader, ids: Ids) -> CloudError:
    """For a ``pulumi install`` that failed: the engine or a tool that isn't there, else what the tool said last."""
    said = reader.redactor.message(f"{_tail(failed.stdout)}\n{_tail(failed.stderr)}")
    return _about_the_engine(said, ids) or ProgramFailed(
        f"What the program depends on can't be installed ({runtime}): {_last_line(said)}",
        hint="Try `pulumi install` in the stack's folder: it does the same.",
        **ids,
    )


def timed_out(seconds: float, ids: Ids) -> RunTimedOut:
    return RunTimedOut(
        f"The run took longer than {seconds:g} seconds and was ended.",
        hint="What was done is kept. Raise timeout: of the stack, or find out in the log what it waited for.",
        **ids,
    )


def was_interrupted(ids: Ids) -> RunInterrupted:
    return RunInterrupted(
        "The run was cancelled before it ended.",
        hint="What was done is kept; start the operation again to do the rest.",
        **ids,
    )


def ended_early(ids: Ids) -> ProgramFailed:
    """For a program whose process ended with code 0 before it was through, which the engine takes for success."""
    return ProgramFailed(
        "The program ended before it had registered the stack's outputs: it must not end its own process (os._exit).",
        hint="What it had not registered yet counts as removed from the program. Correct it and deploy again.",
        **ids,
    )


def _about_the_stack(said: str, ids: Ids) -> CloudError | None:
    if _LOCKED.search(said):
        owner = _LOCK_OWNER.search(said)
        by = f" by {owner[1]} (process {owner[2]}) since {owner[3]}" if owner else ""
        return StackBusy(
            f"Another update holds Pulumi's lock on the stack{by}.",
            hint="Wait for it to end. Only when it is certain that nothing runs any more: pulumi cancel.",
            **ids,
        )
    if _PASSPHRASE.search(said):
        return ConfigurationError(
            f"The stack's secrets cannot be opened: {_last_line(said)}",
            hint="The passphrase or secrets provider is not the one that the stack was created with.",
            **ids,
        )
    return None


def _about_the_engine(said: str, ids: Ids) -> CloudError | None:
    only_python = _ONLY_PYTHON.search(said)
    if only_python:
        message = f"The emulated engine runs Python programs only, not {only_python[1]}."
        tools = f" A {only_python[1]} program also needs {TOOLS[only_python[1]]}." if only_python[1] in TOOLS else ""
        return EngineMissing(message, hint=INSTALL_HINT + tools, **ids)
    tool = _NO_TOOL.search(said)
    if tool:
        name = next(group for group in tool.groups() if group)
        return EngineMissing(
            f"The program needs {name}, which is not on PATH.",
            hint="Install it where the runner runs, and start the operation again.",
            **ids,
        )
    plugin = _PLUGIN.search(said)
    if plugin is None:
        return None
    kind, name, version, language = plugin.groups()
    if kind == "resource" and name:
        package = name.removeprefix("pulumi-resource-")
        hint = (
            f"Install it where the engine finds it: pulumi plugin install resource {package} {version or ''}".rstrip()
        )
        return EngineMissing(f"The provider plugin {name} is not installed.", hint=hint, **ids)
    what = name or f"pulumi-language-{language}"
    hint = "It comes with the Pulumi CLI: use a complete installation, with its bin folder as a whole."
    return EngineMissing(f"The engine has no {what}.", hint=hint, **ids)


def _about_the_program(culprit: Diagnostic, ids: Ids) -> CloudError:
    resource = culprit.urn if "::" in culprit.urn else ""
    message = exception_line(culprit.message)
    where = f"{resource_name(resource)}: " if resource else ""
    ids = {**ids, "urn": resource}
    for error, pattern, hint in _AWS:
        if pattern.search(culprit.message):
            return error(f"{where}{message}", hint=hint, **ids)
    missing = _MISSING_CONFIG.search(culprit.message)
    if missing:
        key = missing[1].partition(":")[2] or missing[1]
        hint = f"Set it in the manifest: config: {{{key}: …}} of the stack, the environment or the defaults."
        return ProgramFailed(f"The program needs the configuration value {missing[1]}.", hint=hint, **ids)
    exit_code = _EXIT_CODE.search(culprit.message)
    if exit_code:
        message = f"The program ended with exit code {exit_code[1]}."
    return ProgramFailed(f"{where}{message}", hint=_GO_ON, **ids)


def _culprit(reader: EventReader) -> Diagnostic | None:
    """The error to tell first: of a resource whose operation failed, else of the program, else the engine's own."""
    telling = [error for error in reader.errors if not _NOISE.match(error.message)]
    for urn in reader.failed_urns:
        for error in telling:
            if error.urn == urn:
                return error
    if telling:
        return telling[0]
    if reader.failed_urns:
        return Diagnostic(reader.failed_urns[0], "the operation failed; the provider gave no reason")
    return None


def exception_line(message: str) -> str:
    """A Python traceback cut down to its exception; other messages as they stand, on one line."""
    lines = [line.rstrip() for line in message.splitlines() if line.strip()]
    frames = [index for index, line in enumerate(lines) if _FRAME.match(line)]
    if frames:
        # Below the last frame come its source, indented, and then the exception.
        below = [line for line in lines[frames[-1] + 1 :] if not line.startswith(" ")]
        lines = below or lines
    return " ".join(line.strip() for line in lines[:6])


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else "it said nothing"


def _tail(text: str, limit: int = 4_000) -> str:
    return text[-limit:]
