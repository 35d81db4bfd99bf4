from __future__ import annotations

import json
from typing import Any

from cloud.adapters.pulumi.checkpoint import UNREAD, Checkpoint, PendingOperation, read_checkpoint
from cloud.ports.runner import Secret, SecretsProvider

KIND = "4dabf18193072939515e22adb298388d"


def secret(value: Any) -> dict[str, str]:
    return {KIND: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(value)}


def state(outputs: dict[str, Any], *resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    root = {"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s", "outputs": outputs}
    return {"resources": [root, *resources], **more}


def test_outputs_are_plain_values_and_secret_ones_are_wrapped() -> None:
    read = read_checkpoint(state({"vpcId": "vpc-1", "token": secret({"a": [1]}), "zones": ["a", None, 2.5, True]}))

    assert read.outputs == {"vpcId": "vpc-1", "token": Secret({"a": [1]}), "zones": ["a", None, 2.5, True]}


def test_an_output_with_a_secret_inside_is_secret_as_a_whole() -> None:
    read = read_checkpoint(state({"db": {"host": "h", "users": [{"password": secret("hunter2")}]}}))

    assert read.outputs == {"db": Secret({"host": "h", "users": [{"password": "hunter2"}]})}
    assert "hunter2" not in repr(read)


def test_references_to_resources_and_output_values_become_what_programs_know() -> None:
    outputs = {
        "bucket": {KIND: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:x", "id": "bucket-1"},
        "component": {KIND: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:x"},
        "value": {KIND: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": 3, "secret": True},
    }
    assert read_checkpoint(state(outputs)).outputs == {"bucket": "bucket-1", "component": "urn:x", "value": Secret(3)}


def test_bookkeeping_and_resources_that_wait_for_deletion_do_not_count() -> None:
    read = read_checkpoint(
        state(
            {},
            {"type": "pulumi:providers:aws", "urn": "u1"},
            {"type": "aws:ec2/vpc:Vpc", "urn": "u2"},
            {"type": "aws:ec2/vpc:Vpc", "urn": "u2", "delete": True},
            {"type": "my:mod:Network", "urn": "u3"},
        )
    )
    assert read.resource_count == 2


def test_stack_references_are_named_once_each() -> None:
    def reference(name: str) -> dict[str, Any]:
        return {"type": "pulumi:pulumi:StackReference", "inputs": {"name": name}}

    read = read_checkpoint(
        state({}, reference("organization/e/b"), reference("organization/e/a"), reference("organization/e/a"))
    )

    assert read.references == ("organization/e/a", "organization/e/b")
    assert read.resource_count == 0


def test_pending_operations_are_read() -> None:
    pending = [{"type": "creating", "resource": {"urn": "urn:vpc"}}]
    assert read_checkpoint(state({}, pending_operations=pending)).pending == (PendingOperation("urn:vpc", "creating"),)


def test_a_pending_operation_tells_what_it_was_about_to_make_and_with_which_provider() -> None:
    provider = {"type": "pulumi:providers:aws", "urn": "urn:aws", "id": "p1", "inputs": {"region": "eu-west-1"}}
    resource = {
        "urn": "urn:vpc",
        "type": "aws:ec2/vpc:Vpc",
        "custom": True,
        "provider": "urn:aws::p1",
        "inputs": {"cidrBlock": "10.0.0.0/16", "note": secret("hunter2")},
    }
    named = {**resource, "id": "vpc-1", "importID": "vpc-1"}
    component = {"urn": "urn:component", "type": "my:index:Group", "custom": False}
    operations = [
        {"type": "creating", "resource": resource},
        {"type": "importing", "resource": named},
        {"type": "creating", "resource": component},
    ]
    read = read_checkpoint(state({}, provider, pending_operations=operations))

    assert read.pending[0] == PendingOperation(
        "urn:vpc",
        "creating",
        "aws:ec2/vpc:Vpc",
        inputs={"cidrBlock": "10.0.0.0/16", "note": "hunter2"},
        provider={"region": "eu-west-1"},
    )
    assert (read.pending[1].id, read.pending[1].by_program) == ("vpc-1", True)
    assert not read.pending[2].is_custom
    assert "hunter2" in read.secrets
    assert "hunter2" not in repr(read)


def test_every_physical_id_is_known_also_of_what_waits_for_deletion() -> None:
    vpc = {"type": "aws:ec2/vpc:Vpc", "urn": "urn:vpc", "id": "vpc-1"}
    read = read_checkpoint(state({}, vpc, {**vpc, "id": "vpc-0", "delete": True}))

    assert read.ids == {("aws:ec2/vpc:Vpc", "vpc-1"), ("aws:ec2/vpc:Vpc", "vpc-0")}


def test_what_was_adopted_and_not_read_yet_is_told_from_what_failed_to_initialise() -> None:
    vpc = {"type": "aws:ec2/vpc:Vpc", "urn": "urn:vpc", "id": "vpc-1", "initErrors": [UNREAD]}
    read = read_checkpoint(state({}, vpc, {**vpc, "urn": "urn:other", "initErrors": ["no attachment"]}))

    assert read.unread == ("urn:vpc",)


def test_the_keys_of_every_kind_of_secrets_provider() -> None:
    def keys(kind: str, **values: str) -> SecretsProvider:
        return read_checkpoint({"secrets_providers": {"type": kind, "state": values}}).keys

    assert keys("passphrase", salt="v1:s") == SecretsProvider(encryption_salt="v1:s")
    assert keys("cloud", url="awskms://alias/x", encryptedkey="k") == SecretsProvider("awskms://alias/x", "k")
    assert keys("service", url="https://api") == SecretsProvider()


def test_every_secret_of_the_state_is_known_but_not_the_code_of_dynamic_providers() -> None:
    resource = {
        "type": "aws:rds/instance:Instance",
        "inputs": {"password": secret("hunter2"), "__provider": secret("gASV code")},
        "outputs": {"endpoint": {"token": secret({"deep": "abc"})}},
    }
    assert read_checkpoint(state({}, resource)).secrets == ("hunter2", {"deep": "abc"})


def test_a_stack_that_was_never_updated_is_empty() -> None:
    assert read_checkpoint(None) == read_checkpoint({}) == Checkpoint()
