"""Runs every scenario that a patch is for, and prints which of them behave as AWS does, as one JSON object.

``python moto_patch_scenarios.py bare`` runs moto as it is, ``patched`` with our patches. Patches are of the process, so each
run has its own; test_moto_patches.py compares the two.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from cloud_local.aws import moto_patches, status_events
from cloud_local.aws.server import EmulatedAws

INVOKE = "arn:aws:states:::lambda:invoke"
ROLE = "arn:aws:iam::123456789012:role/any"
TOKENS: dict[str, list[str]] = {}
CALLS: list[str] = []


def take_token(event: dict[str, Any], _: Any) -> dict[str, Any]:
    TOKENS.setdefault(event["key"], []).append(event["token"])
    return {}


def note_call(event: dict[str, Any], _: Any) -> dict[str, Any]:
    CALLS.append(event["key"])
    return {}


def fail(_: dict[str, Any], __: Any) -> None:
    raise RuntimeError("on purpose")


def waiting(key: str, **more: Any) -> dict[str, Any]:
    payload = {"key": key, "token.$": "$$.Task.Token"}
    parameters = {"FunctionName": "take_token", "Payload": payload}
    return {
        "Type": "Task",
        "Resource": f"{INVOKE}.waitForTaskToken",
        "Parameters": parameters,
        "TimeoutSeconds": 900,
        **more,
    }


def calling(function: str, key: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": function, "Payload": {"key": key}},
        **more,
    }


def until(condition: Callable[[], Any], seconds: float = 4.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


class Scenarios:
    """One method per patch, named as it; True means that it behaves as AWS does."""

    def __init__(self, aws: EmulatedAws) -> None:
        self.aws = aws
        self.states = aws.client("stepfunctions")
        self.dynamodb = aws.client("dynamodb")

    def machine(self, name: str, states: dict[str, Any], **more: Any) -> str:
        definition = json.dumps({"StartAt": next(iter(states)), "States": states, **more})
        arn: str = self.states.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
        return arn

    def start(self, name: str, states: dict[str, Any], execution_input: str = "{}", **more: Any) -> str:
        machine = self.machine(name, states, **more)
        execution: str = self.states.start_execution(stateMachineArn=machine, name=name, input=execution_input)[
            "executionArn"
        ]
        return execution

    def status(self, execution: str) -> str:
        status: str = self.states.describe_execution(executionArn=execution)["status"]
        return status

    def modules_are_listed_once(self) -> bool:
        from moto import backends

        return backends.list_of_moto_modules() is backends.list_of_moto_modules()

    def methods_are_listed_once(self) -> bool:
        from moto.core import responses

        names = responses.method_names_from_class
        return names(responses.BaseResponse) is names(responses.BaseResponse)

    def accounts_are_found_without_loading_them(self) -> bool:
        from moto.iam import models

        models.iam_backends["111111111111"]["aws"]
        models.get_account_id_from("unknown")
        return len(models.iam_backends["111111111111"]) == 1

    def transactions_back_up_only_what_they_touch(self) -> bool:
        from moto.dynamodb.models import dynamodb_backends

        key = {"AttributeName": "pk", "KeyType": "HASH"}
        attribute = {"AttributeName": "pk", "AttributeType": "S"}
        self.dynamodb.create_table(
            TableName="t", KeySchema=[key], AttributeDefinitions=[attribute], BillingMode="PAY_PER_REQUEST"
        )
        tables = dynamodb_backends["123456789012"]["us-east-1"].tables
        before = tables["t"]
        put = {"Put": {"TableName": "t", "Item": {"pk": {"S": "a"}}}}
        condition = {"TableName": "t", "Key": {"pk": {"S": "b"}}, "ConditionExpression": "attribute_exists(pk)"}
        try:
            self.dynamodb.transact_write_items(TransactItems=[put, {"ConditionCheck": condition}])
        except self.dynamodb.exceptions.TransactionCanceledException:
            return tables["t"] is before and "Item" not in self.dynamodb.get_item(TableName="t", Key={"pk": {"S": "a"}})
        return False

    def attribute_values_are_sent_as_they_are(self) -> bool:
        from moto.core.serialize import XFormedAttributePicker

        names = {"pk": "pk", **{f"a{number}": f"v{number}" for number in range(20)}}
        item = {name: {"S": value} for name, value in names.items()}
        item["nested"] = {
            "M": {"list": {"L": [{"N": "1"}, {"BOOL": True}, {"NULL": True}]}, "bytes": {"B": b"\x00\xff"}}
        }
        self.dynamodb.create_table(
            TableName="values",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.dynamodb.put_item(TableName="values", Item=item)
        looked_for = 0
        original = XFormedAttributePicker.__call__

        def count(picker: Any, context: Any) -> Any:
            nonlocal looked_for
            looked_for += 1
            return original(picker, context)

        XFormedAttributePicker.__call__ = count
        try:
            found = self.dynamodb.get_item(TableName="values", Key={"pk": {"S": "pk"}})["Item"]
        finally:
            XFormedAttributePicker.__call__ = original
        return found == item and looked_for < 10 * len(item)

    def batch_is_not_loaded(self) -> bool:
        self.states.list_state_machines()
        return "moto.stepfunctions.parser.models" in sys.modules and "moto.ec2.models" not in sys.modules

    def clients_of_tasks_are_kept(self) -> bool:
        from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for

        return boto_client_for("us-east-1", "lambda") is boto_client_for("us-east-1", "lambda")

    def paths_are_parsed_once(self) -> bool:
        from moto.stepfunctions.parser.asl.component.common.path import result_path
        from moto.stepfunctions.parser.asl.utils import json_path

        return all(module.parse("$.a") is module.parse("$.a") for module in (json_path, result_path))

    def definitions_are_parsed_once(self) -> bool:
        from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser as Parser

        definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
        (program, tree), (other, same) = Parser.parse(definition), Parser.parse(definition)
        return tree is same and program is not other

    def executions_have_a_name(self) -> bool:
        machine = self.machine("unnamed", {"A": {"Type": "Wait", "Seconds": 1, "End": True}})
        try:
            names = {
                self.states.start_execution(stateMachineArn=machine, input=text)["executionArn"]
                for text in ("{}", "[]")
            }
        except self.states.exceptions.ExecutionAlreadyExists:
            return False
        try:
            self.states.start_execution(stateMachineArn=machine, name="a b")
        except self.states.exceptions.InvalidName:
            return len(names) == 2
        return False

    def stopping_ends_at_once(self) -> bool:
        iteration = {"Wait": waiting("stop", Next="After"), "After": calling("note_call", "stop", End=True)}
        each = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "Wait", "States": iteration}
        states = {"Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": each, "End": True}}
        execution = self.start("stop", states, '{"items": [1, 2]}')
        until(lambda: len(TOKENS.get("stop", ())) == 2)
        self.states.stop_execution(executionArn=execution, error="Stopped", cause="by a test")
        if not until(lambda: self.status(execution) != "RUNNING", 1.5):
            return False
        ended = self.states.describe_execution(executionArn=execution)
        history = self.states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        as_asked = (ended["status"], ended.get("error"), ended.get("cause")) == ("ABORTED", "Stopped", "by a test")
        return as_asked and history[-1]["type"] == "ExecutionAborted" and "stop" not in CALLS

    def ended_executions_leave_nothing_behind(self) -> bool:
        before = {thread for thread in threading.enumerate() if "process_request" not in thread.name}
        execution = self.start("timeout", {"Wait": waiting("timeout", End=True)}, TimeoutSeconds=1)
        until(lambda: self.status(execution) == "TIMED_OUT")

        def left() -> list[threading.Thread]:
            return [t for t in threading.enumerate() if t not in before and "process_request" not in t.name]

        history = self.states.get_execution_history(executionArn=execution)["events"]
        return until(lambda: not left(), 1.5) and history[-1]["type"] == "ExecutionTimedOut"

    def tokens_work_once(self) -> bool:
        self.start("once", {"First": waiting("once", Next="Second"), "Second": waiting("later", End=True)})
        until(lambda: "once" in TOKENS)
        self.states.send_task_success(taskToken=TOKENS["once"][0], output="{}")
        until(lambda: "later" in TOKENS)
        try:
            self.states.send_task_success(taskToken=TOKENS["once"][0], output="{}")
        except self.states.exceptions.ClientError as error:
            return "Provided task does not exist anymore" in str(error)
        return False

    def every_attempt_has_its_own_token(self) -> bool:
        retry = [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 1}]
        self.start("attempts", {"Wait": waiting("attempts", Retry=retry, End=True)})
        until(lambda: "attempts" in TOKENS)
        self.states.send_task_failure(taskToken=TOKENS["attempts"][0], error="Again")
        return until(lambda: len(set(TOKENS["attempts"])) == 2, 2.5)

    def iterations_fail_with_the_error_of_their_state(self) -> bool:
        each = {"StartAt": "Wait", "States": {"Wait": waiting("iteration", TimeoutSeconds=1, End=True)}}
        catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Caught"}]
        states = {
            "Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": each, "Catch": catch, "End": True},
            "Caught": {"Type": "Pass", "Result": "caught", "End": True},
        }
        execution = self.start("iteration", states, '{"items": [1]}')
        until(lambda: self.status(execution) != "RUNNING")
        return "caught" in self.states.describe_execution(executionArn=execution).get("output", "")

    def status_changes_are_told(self) -> bool:
        told: list[str] = []
        status_events.publish_to(lambda _, event: told.append(event["detail"]["status"]))
        done = self.start("told", {"A": {"Type": "Pass", "End": True}})
        until(lambda: self.status(done) == "SUCCEEDED")
        if not until(lambda: len(told) == 2, 1.5):
            return False
        stopped = self.start("told-stop", {"Wait": waiting("told", End=True)})
        until(lambda: "told" in TOKENS)
        self.states.stop_execution(executionArn=stopped)
        return until(lambda: told == ["RUNNING", "SUCCEEDED", "RUNNING", "ABORTED"], 1.5)

    def errors_have_their_codes(self) -> bool:
        try:
            self.machine("broken", {"A": {"Type": "NoSuchType", "End": True}})
        except self.states.exceptions.ClientError as error:
            return bool(error.response["Error"]["Code"] == "InvalidDefinition")
        return False

    def failures_keep_their_cause(self) -> bool:
        execution = self.start("cause", {"Wait": waiting("cause", End=True)})
        until(lambda: "cause" in TOKENS)
        self.states.send_task_failure(taskToken=TOKENS["cause"][0], error="Bad", cause="because")
        until(lambda: self.status(execution) == "FAILED")
        return self.states.describe_execution(executionArn=execution).get("cause") == "because"

    def executions_are_described_whole(self) -> bool:
        text = self.start("text", {"A": {"Type": "Pass", "Result": "text", "End": True}})
        late = self.start("late", {"Wait": {"Type": "Wait", "Seconds": 30, "End": True}}, TimeoutSeconds=1)
        until(lambda: self.status(late) == "TIMED_OUT" and self.status(text) == "SUCCEEDED")
        output = self.states.describe_execution(executionArn=text)["output"]
        return output == '"text"' and "stopDate" in self.states.describe_execution(executionArn=late)

    def history_is_paged(self) -> bool:
        execution = self.start("paged", {"A": {"Type": "Pass", "End": True}})
        until(lambda: self.status(execution) == "SUCCEEDED")
        page = self.states.get_execution_history(executionArn=execution, maxResults=1, reverseOrder=True)
        return [event["type"] for event in page["events"]] == ["ExecutionSucceeded"] and "nextToken" in page

    def deleted_nat_gateways_free_their_address(self) -> bool:
        ec2 = self.aws.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        first = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
        ec2.delete_nat_gateway(NatGatewayId=first)
        try:
            return bool(ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"])
        except ec2.exceptions.ClientError:
            return False

    def changed_subnet_groups_stay(self) -> bool:
        ec2, rds = self.aws.client("ec2"), self.aws.client("rds")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        group = {"DBSubnetGroupName": "g", "SubnetIds": [subnet]}
        rds.create_db_subnet_group(**group, DBSubnetGroupDescription="a")
        rds.modify_db_subnet_group(**group, DBSubnetGroupDescription="b")
        return bool(rds.describe_db_subnet_groups()["DBSubnetGroups"])

    def definitions_can_be_validated(self) -> bool:
        try:
            return bool(self.states.validate_state_machine_definition(definition="{}")["result"] == "FAIL")
        except self.states.exceptions.ClientError:
            return False


def concurrent_updates_are_all_kept(url: str) -> bool:
    """Eight writers, each with optimistic locking: the version must count every update that was acknowledged."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(max_pool_connections=16, retries={"total_max_attempts": 1}),
    )
    key = [{"AttributeName": "pk", "KeyType": "HASH"}]
    attributes = [{"AttributeName": "pk", "AttributeType": "S"}]
    client.create_table(TableName="c", KeySchema=key, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST")
    client.put_item(TableName="c", Item={"pk": {"S": "a"}, "v": {"N": "0"}})
    acknowledged: list[int] = []

    def version() -> int:
        return int(client.get_item(TableName="c", Key={"pk": {"S": "a"}})["Item"]["v"]["N"])

    def write() -> None:
        for _ in range(25):
            seen = version()
            values = {":next": {"N": str(seen + 1)}, ":seen": {"N": str(seen)}}
            try:
                client.update_item(
                    TableName="c",
                    Key={"pk": {"S": "a"}},
                    UpdateExpression="SET v = :next",
                    ConditionExpression="v = :seen",
                    ExpressionAttributeValues=values,
                )
            except client.exceptions.ConditionalCheckFailedException:
                continue
            acknowledged.append(seen)

    writers = [threading.Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    kept = version() == len(acknowledged)
    client.delete_table(TableName="c")
    client.close()
    return kept


def writers_on(aws: EmulatedAws, bare: bool) -> bool:
    """Bare: through a server without our front, in up to five rounds, as losing an update takes an unlucky switch."""
    if not bare:
        return concurrent_updates_are_all_kept(aws.url)
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from cloud_local.aws.http_server import LoopbackServer

    server = LoopbackServer(DomainDispatcherApplication(create_backend_app))
    server.start()
    try:
        return all(concurrent_updates_are_all_kept(f"http://127.0.0.1:{server.port}") for _ in range(5))
    finally:
        server.stop()


def main(mode: str) -> None:
    logging.disable(logging.CRITICAL)
    sys.setswitchinterval(0.0001)
    bare = mode == "bare"
    functions = {"take_token": take_token, "note_call": note_call, "fail": fail}
    patches: moto_patches.Patches = {} if bare else moto_patches.PATCHES
    outcome: dict[str, bool] = {}
    aws = EmulatedAws(functions, patches=patches).start()
    aws.wait_until_warm()
    scenarios = Scenarios(aws)
    for patch in (patch for group in moto_patches.PATCHES.values() for patch in group):
        outcome[patch.__name__] = getattr(scenarios, patch.__name__)()
    outcome["one_dynamodb_request_at_a_time"] = writers_on(aws, bare)
    sys.stdout.write(json.dumps(outcome))
    sys.stdout.flush()
    if bare:
        os._exit(0)  # unpatched executions would wait for their tokens
    aws.stop()


if __name__ == "__main__":
    main(sys.argv[1])
