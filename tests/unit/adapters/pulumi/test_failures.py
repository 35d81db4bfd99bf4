from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from cloud.adapters.pulumi.checkpoint import PendingOperation
from cloud.adapters.pulumi.event_reader import EventReader
from cloud.adapters.pulumi.failures import (
    FailedCommand,
    exception_line,
    explain,
    refused_for_pending,
)
from cloud.adapters.pulumi.pending import Decision, Verdict
from cloud.adapters.pulumi.redaction import Redactor
from cloud.domain.errors import (
    AccessDenied,
    CloudError,
    ConfigurationError,
    CredentialsExpired,
    EngineMissing,
    PendingOperations,
    ProgramFailed,
    PulumiError,
    QuotaExceeded,
    StackBusy,
    Throttled,
)

IDS = {"deployment_id": "D1BRV40", "stack": "network"}
URN = "urn:pulumi:D1BRV40-network-dev::ecommerce::aws:ec2/vpc:Vpc::main"
TRACEBACK = """Program failed with an unhandled exception:
Traceback (most recent call last):
  File "__main__.py", line 6, in <module>
    f()
  File "__main__.py", line 5, in f
    def f(): raise ValueError("boom")
             ^^^^^^^^^^^^^^^^^^^^^^^^
ValueError: boom
second line
"""


def failure(
    *errors: tuple[str, str], failed: str = "", code: int = 1, stderr: str = "", stdout: str = ""
) -> CloudError:
    reader = EventReader("network", Redactor(["hunter22"]))
    for urn, message in errors:
        event = {"message": message, "severity": "error", "urn": urn}
        reader.read(EngineEvent.from_json({"diagnosticEvent": event}))
    if failed:
        metadata: dict[str, Any] = {"op": "create", "urn": failed, "type": "aws:ec2/vpc:Vpc"}
        reader.read(EngineEvent.from_json({"resOpFailedEvent": {"metadata": metadata}}))
    return explain(FailedCommand(code, stdout, stderr), reader, IDS)


def test_a_program_that_raises_is_told_by_its_exception_not_by_its_traceback() -> None:
    error = failure(("", TRACEBACK), ("", "update failed"))

    assert type(error) is ProgramFailed
    assert error.message == "ValueError: boom second line"
    assert error.hint
    assert error.ids == IDS


def test_the_resource_that_failed_is_named_before_what_failed_because_of_it() -> None:
    error = failure(("", TRACEBACK), (URN, "creating VPC: the CIDR is not valid"), failed=URN)

    assert type(error) is ProgramFailed
    assert error.message == "main: creating VPC: the CIDR is not valid"
    assert error.ids == {**IDS, "urn": URN}


def test_a_resource_that_failed_without_a_reason_is_named() -> None:
    assert failure(("", "update failed"), failed=URN).message.startswith("main: the operation failed")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("api error UnauthorizedOperation: You are not authorized to perform this operation", AccessDenied),
        ("AccessDenied: User: arn:aws:iam::1:user/x is not authorized to perform: s3:CreateBucket", AccessDenied),
        ("operation error EC2: CreateVpc, https response error StatusCode: 403", AccessDenied),
        ("ThrottlingException: Rate exceeded", Throttled),
        ("api error RequestLimitExceeded: Request limit exceeded.", Throttled),
        ("ExpiredToken: The security token included in the request is expired", CredentialsExpired),
        ("ExpiredTokenException ... AccessDenied", CredentialsExpired),
        ("VpcLimitExceeded: The maximum number of VPCs has been reached.", QuotaExceeded),
        ("ServiceQuotaExceededException: too many", QuotaExceeded),
        ("InvalidVpc.Range: the CIDR is invalid", ProgramFailed),
    ],
)
def test_what_aws_answered_decides_the_error(message: str, kind: type[CloudError]) -> None:
    error = failure((URN, message), failed=URN)

    assert type(error) is kind
    assert message in error.message
    assert error.hint


@pytest.mark.parametrize(
    "stderr",
    [
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock"
        " file with `pulumi cancel`.\n  file:///s/.pulumi/locks/x.json: created by ann@host (pid 99) at 2026-01-01T00:00:00Z",
        "error: [409] Conflict: Another update is currently in progress.",
    ],
)
def test_a_stack_that_somebody_else_updates_is_busy(stderr: str) -> None:
    assert type(failure(stderr=stderr)) is StackBusy


def test_who_holds_the_lock_is_told_where_it_is_known() -> None:
    stderr = (
        "the stack is currently locked by 1 lock(s).\n  file:///x: created by ann@host (pid 99) at 2026-01-01T00:00:00Z"
    )
    assert "ann@host (process 99) since 2026-01-01T00:00:00Z" in failure(stderr=stderr).message


def test_a_missing_plugin_is_the_engines_and_the_hint_installs_it() -> None:
    error = failure(
        (
            "",
            "could not load plugin for aws provider: no resource plugin 'pulumi-resource-aws-v7.8.0' found in the workspace",
        )
    )

    assert type(error) is EngineMissing
    assert error.hint.endswith("pulumi plugin install resource aws 7.8.0")


def test_a_missing_language_host_is_the_engines() -> None:
    error = failure(
        stderr="error: failed to load language plugin nodejs: no language plugin 'pulumi-language-nodejs' found"
    )

    assert type(error) is EngineMissing
    assert "pulumi-language-nodejs" in error.message


def test_a_wrong_passphrase_is_a_matter_of_configuration() -> None:
    assert type(failure(stderr="error: getting secrets manager: incorrect passphrase")) is ConfigurationError


def test_a_value_that_the_program_misses_is_named_with_where_to_set_it() -> None:
    message = "Missing required configuration variable 'ecommerce:cidr'\n\tplease set a value using `pulumi config set`"
    error = failure(("", message))

    assert error.message == "The program needs the configuration value ecommerce:cidr."
    assert "cidr: …" in error.hint


def test_a_program_that_ends_its_process_is_told_by_its_exit_code() -> None:
    error = failure(("", "an unhandled error occurred: program exited with non-zero exit code: 3"))
    assert (type(error), error.message) == (ProgramFailed, "The program ended with exit code 3.")


@pytest.mark.parametrize("code", [-9, 137])
def test_a_killed_engine_is_told_by_the_signal(code: int) -> None:
    error = failure(code=code)
    assert (type(error), error.message) == (PulumiError, "Pulumi was killed by signal 9.")


def test_an_engine_that_fails_without_a_word_is_told_by_its_exit_code() -> None:
    assert failure(code=7).message == "Pulumi failed with exit code 7: it said nothing"
    assert (
        failure(code=7, stderr="error: the disk is full").message == "Pulumi failed with exit code 7: the disk is full"
    )


def test_no_error_holds_a_secret() -> None:
    for error in (
        failure(("", "ValueError: hunter22")),
        failure((URN, "AccessDenied hunter22"), failed=URN),
        failure(stderr="error: hunter22"),
        failure(stdout="hunter22", code=3),
    ):
        assert "hunter22" not in f"{error} {error.hint} {error.to_dict()}"


def pending(name: str) -> PendingOperation:
    return PendingOperation(f"urn:pulumi:dev::shop::aws:ec2/vpc:Vpc::{name}", "creating", "aws:ec2/vpc:Vpc")


def test_an_undecided_creation_is_refused_with_both_ways_out() -> None:
    decisions = [Decision(pending("main"), Verdict.UNKNOWN, "AWS refuses to tell")]
    error = refused_for_pending(decisions, "D1BRV40-network-dev", IDS)

    assert type(error) is PendingOperations
    assert error.exit_code == 5
    assert error.message == (
        "An earlier run was killed while it created what may or may not exist: main (AWS refuses to tell)."
    )
    urn = "urn:pulumi:dev::shop::aws:ec2/vpc:Vpc::main"
    assert error.hint == (
        "Look in AWS whether it exists. If main exists: pulumi refresh --stack D1BRV40-network-dev --preview-only"
        f" --import-pending-creates {urn} --import-pending-creates ID — then, if it does not exist: pulumi refresh --stack"
        " D1BRV40-network-dev --preview-only --clear-pending-creates — and start the operation again."
    )


def test_every_undecided_creation_is_named_and_what_was_found_is_kept_from_being_cleared() -> None:
    decisions = [
        Decision(pending("found"), Verdict.FOUND, "it has its tags", "vpc-1"),
        Decision(pending("absent"), Verdict.ABSENT, "none has its tags"),
        *(Decision(pending(f"it's {n}"), Verdict.UNKNOWN, "no telling") for n in range(12)),
    ]
    hint = refused_for_pending(decisions, "dev", IDS).hint

    commands = re.findall("pulumi refresh [^;—]*", hint)
    assert len(commands) == 13
    for command in commands:
        words = shlex.split(command)
        assert words[words.index(pending("found").urn) + 2] == "vpc-1"
        assert "--preview-only" in words
    named = [shlex.split(command)[-3] for command in commands[:-1]]
    assert named == [pending(f"it's {n}").urn for n in range(12)]
    assert commands[-1].rstrip().endswith("--clear-pending-creates")


def test_a_message_that_is_no_traceback_stays_as_it_is() -> None:
    assert exception_line("one\n\n  two  ") == "one two"
