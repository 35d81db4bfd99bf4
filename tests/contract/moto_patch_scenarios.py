"""Runs every scenario that a patch is for, and prints which of them behave as AWS does, as one JSON object.

``python moto_patch_scenarios.py bare`` runs moto as it is, ``patched`` with our patches. Patches are of the process, so each
run has its own; test_moto_patches.py compares the two.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.parsers import ResponseParserError

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


def project(name: str, **more: Any) -> dict[str, Any]:
    """A CodeBuild project as small as can be."""
    return {
        "name": name,
        "source": {"type": "S3", "location": "bucket/source.zip"},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {"type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "i"},
        "serviceRole": "arn:aws:iam::123456789012:role/builder",
        **more,
    }


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


PATIENCE = 1.0
"""Of a busy machine the patched server is forgiven much; the bare one, which mostly makes wait in vain, is not waited for."""


def until(condition: Callable[[], Any], seconds: float = 4.0) -> bool:
    deadline = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


@contextlib.contextmanager
def calls_of(owner: Any, name: str) -> Iterator[list[None]]:
    """An item for every call of a method."""
    original, made = getattr(owner, name), []

    def counted(*arguments: Any) -> Any:
        made.append(None)
        return original(*arguments)

    setattr(owner, name, counted)
    try:
        yield made
    finally:
        setattr(owner, name, original)


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

    def request_ids_are_chosen_at_once(self) -> bool:
        from moto.core import responses
        from moto.moto_api._internal import mock_random

        chosen = 0
        original = mock_random.choice

        def choice(characters: Any) -> Any:
            nonlocal chosen
            chosen += 1
            return original(characters)

        mock_random.choice = choice
        headers: dict[str, str] = {}
        try:
            ids = {responses.gen_amzn_requestid_long(headers) for _ in range(3)}
        finally:
            del mock_random.choice
        return (
            len(ids) == 3 and {len(each) for each in ids} == {52} and headers["x-amzn-requestid"] in ids and not chosen
        )

    def items_are_measured_once(self) -> bool:
        from moto.dynamodb.models.dynamo_type import DynamoType

        item = {"pk": {"S": "pk"}, **{f"a{number}": {"S": "x"} for number in range(20)}}
        self.make_table("sizes")
        with calls_of(DynamoType, "size") as measured:
            self.dynamodb.put_item(TableName="sizes", Item=item)
        try:
            self.dynamodb.put_item(TableName="sizes", Item={"pk": {"S": "pk"}, "a": {"S": "x" * 410_000}})
        except self.dynamodb.exceptions.ClientError as error:
            return "Item size" in str(error) and len(measured) <= 2 * len(item)
        return False

    def conditions_are_read_once(self) -> bool:
        from moto.dynamodb.comparisons import ConditionExpressionParser

        self.make_table("conditions")
        outcomes, first = [], 0
        with calls_of(ConditionExpressionParser, "_lex_one_node") as read:
            for version in ("1", "2", "1"):
                try:
                    self.dynamodb.put_item(
                        TableName="conditions",
                        Item={"pk": {"S": "a"}, "version": {"N": version}},
                        ConditionExpression="attribute_not_exists(pk) OR version < :new",
                        ExpressionAttributeValues={":new": {"N": version}},
                    )
                    outcomes.append(True)
                except self.dynamodb.exceptions.ConditionalCheckFailedException:
                    outcomes.append(False)
                first = first or len(read)
        return outcomes == [True, True, False] and len(read) == first

    def make_table(self, name: str) -> None:
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

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
        with calls_of(XFormedAttributePicker, "__call__") as looked_for:
            found = self.dynamodb.get_item(TableName="values", Key={"pk": {"S": "pk"}})["Item"]
        return found == item and len(looked_for) < 10 * len(item)

    def services_are_listed_once(self) -> bool:
        from botocore.loaders import JSONFileLoader, create_loader

        create_loader().list_available_services("service-2")
        with calls_of(JSONFileLoader, "exists") as looked_for:
            services = create_loader().list_available_services("service-2")
        return "s3" in services and not looked_for

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

    def deleted_records_can_be_made_again(self) -> bool:
        client = self.aws.client("route53")
        zone = client.create_hosted_zone(Name="again.example", CallerReference="again")["HostedZone"]["Id"]

        def change(action: str, name: str) -> None:
            record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
            changes = [{"Action": action, "ResourceRecordSet": record}]
            client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

        change("CREATE", "a.again.example")
        change("CREATE", "b.again.example")
        change("DELETE", "a.again.example")
        try:
            change("CREATE", "a.again.example")
        except client.exceptions.ClientError:
            return False
        return True

    def certificates_are_issued_when_their_records_are_there(self) -> bool:
        names, acm = self.aws.client("route53"), self.aws.client("acm")
        zone = names.create_hosted_zone(Name="issued.example", CallerReference="issued")["HostedZone"]["Id"]
        certificate = acm.request_certificate(DomainName="issued.example", ValidationMethod="DNS")["CertificateArn"]

        def described() -> dict[str, Any]:
            told: dict[str, Any] = acm.describe_certificate(CertificateArn=certificate)["Certificate"]
            return told

        before = described()
        record = before["DomainValidationOptions"][0]["ResourceRecord"]
        there = {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
        changes = [{"Action": "CREATE", "ResourceRecordSet": there}]
        names.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
        return (before["Status"], described()["Status"]) == ("PENDING_VALIDATION", "ISSUED")

    def http_api(self) -> tuple[Any, str]:
        client = self.aws.client("apigatewayv2")
        api: str = client.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
        client.create_stage(ApiId=api, StageName="$default", Tags={"a": "1", "b": "1"}, StageVariables={"a": "1"})
        return client, api

    def stages_can_be_changed(self) -> bool:
        client, api = self.http_api()
        stage = {"ApiId": api, "StageName": "$default"}
        throttled = {"ThrottlingRateLimit": 5.0}
        try:
            client.update_stage(**stage, DefaultRouteSettings=throttled, StageVariables={"a": "", "b": "2"})
        except client.exceptions.ClientError:
            return False
        told = client.get_stage(**stage)
        return (told["DefaultRouteSettings"], told["StageVariables"]) == (throttled, {"b": "2"})

    def stages_and_domain_names_can_be_tagged(self) -> bool:
        client, api = self.http_api()
        domain = "tagged.example"
        client.create_domain_name(DomainName=domain, Tags={"a": "1", "b": "1"})
        region = client.meta.region_name
        for name in (f"apis/{api}/stages/$default", f"domainnames/{domain}"):
            arn = f"arn:aws:apigateway:{region}::/{name}"
            try:
                client.tag_resource(ResourceArn=arn, Tags={"a": "2"})
                client.untag_resource(ResourceArn=arn, TagKeys=["b"])
            except client.exceptions.ClientError:
                return False
        stage = client.get_stage(ApiId=api, StageName="$default")
        return bool(stage["Tags"] == client.get_domain_name(DomainName=domain)["Tags"] == {"a": "2"})

    def domain_names_lead_somewhere(self) -> bool:
        client = self.aws.client("apigatewayv2")
        client.create_domain_name(DomainName="somewhere.example", DomainNameConfigurations=[{"CertificateArn": "c"}])
        (told,) = client.get_domain_name(DomainName="somewhere.example")["DomainNameConfigurations"]
        return {"ApiGatewayDomainName", "HostedZoneId"} <= told.keys()

    def updated_pools_keep_how_users_sign_in(self) -> bool:
        client = self.aws.client("cognito-idp")
        pool = client.create_user_pool(PoolName="p", UsernameAttributes=["email"])["UserPool"]["Id"]
        client.update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")
        told = client.describe_user_pool(UserPoolId=pool)["UserPool"]
        return bool(told.get("UsernameAttributes") == ["email"])

    def protected_pools_are_not_deleted(self) -> bool:
        client = self.aws.client("cognito-idp")
        pool = client.create_user_pool(PoolName="p", DeletionProtection="ACTIVE")["UserPool"]["Id"]
        try:
            client.delete_user_pool(UserPoolId=pool)
        except client.exceptions.InvalidParameterException:
            return True
        return False

    def changed_subnet_groups_stay(self) -> bool:
        ec2, rds = self.aws.client("ec2"), self.aws.client("rds")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        group = {"DBSubnetGroupName": "g", "SubnetIds": [subnet]}
        rds.create_db_subnet_group(**group, DBSubnetGroupDescription="a")
        rds.modify_db_subnet_group(**group, DBSubnetGroupDescription="b")
        return bool(rds.describe_db_subnet_groups()["DBSubnetGroups"])

    def launch_templates_keep_their_tags_to_themselves(self) -> bool:
        ec2 = self.aws.client("ec2")
        kinds = ("launch-template", "instance")
        own, launched = ([{"ResourceType": kind, "Tags": [{"Key": "is", "Value": kind}]}] for kind in kinds)
        data = {"ImageId": "ami-1", "TagSpecifications": launched}
        made = ec2.create_launch_template(LaunchTemplateName="tags", LaunchTemplateData=data, TagSpecifications=own)
        template = made["LaunchTemplate"]["LaunchTemplateId"]
        ec2.create_tags(Resources=[template], Tags=[{"Key": "is", "Value": "changed"}])
        (told,) = ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
        (version,) = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]
        return bool(
            told["Tags"] == [{"Key": "is", "Value": "changed"}]
            and version["LaunchTemplateData"]["TagSpecifications"] == launched
        )

    def later_versions_launch_with_their_user_data(self) -> bool:
        ec2, groups = self.aws.client("ec2"), self.aws.client("autoscaling")
        data = {"ImageId": "ami-1", "InstanceType": "t4g.nano", "UserData": "IyEvYmluL3NoCg=="}
        ec2.create_launch_template(LaunchTemplateName="data", LaunchTemplateData=data)
        ec2.create_launch_template_version(LaunchTemplateName="data", LaunchTemplateData=data)
        try:
            groups.create_auto_scaling_group(
                AutoScalingGroupName="data",
                MinSize=1,
                MaxSize=1,
                LaunchTemplate={"LaunchTemplateName": "data", "Version": "2"},
                AvailabilityZones=[f"{self.aws.region}a"],
            )
        except (groups.exceptions.ClientError, ResponseParserError):
            return False
        return len(groups.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]) == 1

    def scaling_policies_can_be_off(self) -> bool:
        groups = self.aws.client("autoscaling")
        groups.put_scaling_policy(
            AutoScalingGroupName="any",
            PolicyName="off",
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={"TargetValue": 1.0},
            Enabled=False,
        )
        (policy,) = groups.describe_policies(PolicyNames=["off"])["ScalingPolicies"]
        return policy.get("Enabled") is False

    def cluster(self, name: str, **more: Any) -> dict[str, Any]:
        ec2, eks = self.aws.client("ec2"), self.aws.client("eks")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        eks.create_cluster(name=name, roleArn=ROLE, resourcesVpcConfig={"subnetIds": [subnet]}, **more)
        found: dict[str, Any] = eks.describe_cluster(name=name)["cluster"]
        return found

    def clusters_have_identities_of_their_own(self) -> bool:
        one, other = self.cluster("one"), self.cluster("other")
        return one["identity"] != other["identity"] and one["endpoint"] != other["endpoint"]

    def clusters_have_a_security_group(self) -> bool:
        ec2, network = self.aws.client("ec2"), self.cluster("guarded")["resourcesVpcConfig"]
        if "clusterSecurityGroupId" not in network:
            return False
        group = {"Filters": [{"Name": "group-id", "Values": [network["clusterSecurityGroupId"]]}]}
        (found,) = ec2.describe_security_groups(**group)["SecurityGroups"]
        self.aws.client("eks").delete_cluster(name="guarded")
        gone = ec2.describe_security_groups(**group)["SecurityGroups"] == []
        return bool(gone and found["VpcId"] == network["vpcId"])

    def clusters_keep_what_they_are_told(self) -> bool:
        eks = self.aws.client("eks")
        told = self.cluster(
            "told", accessConfig={"authenticationMode": "API"}, upgradePolicy={"supportType": "STANDARD"}
        )
        eks.update_cluster_config(name="told", resourcesVpcConfig={"endpointPrivateAccess": True})
        eks.update_cluster_config(name="told", upgradePolicy={"supportType": "EXTENDED"})
        now = eks.describe_cluster(name="told")["cluster"]
        return bool(
            now.get("accessConfig") == {"authenticationMode": "API"}
            and now.get("upgradePolicy") == {"supportType": "EXTENDED"}
            and now["resourcesVpcConfig"].get("subnetIds") == told["resourcesVpcConfig"]["subnetIds"]
            and now["resourcesVpcConfig"]["endpointPrivateAccess"] is True
        )

    def protected_clusters_are_not_deleted(self) -> bool:
        eks, name = self.aws.client("eks"), self.cluster("protected", deletionProtection=True)["name"]
        try:
            eks.delete_cluster(name=name)
        except eks.exceptions.InvalidRequestException:
            eks.update_cluster_config(name=name, deletionProtection=False)
            return bool(eks.delete_cluster(name=name)["cluster"])
        return False

    def node_group(self, cluster: str, **more: Any) -> dict[str, Any]:
        eks = self.aws.client("eks")
        self.cluster(cluster)
        eks.create_nodegroup(clusterName=cluster, nodegroupName="n", subnets=["subnet-1"], nodeRole=ROLE, **more)
        found: dict[str, Any] = eks.describe_nodegroup(clusterName=cluster, nodegroupName="n")["nodegroup"]
        return found

    def node_groups_keep_how_they_are_updated(self) -> bool:
        return self.node_group("updated", updateConfig={"maxUnavailable": 2}).get("updateConfig") == {
            "maxUnavailable": 2
        }

    def node_groups_and_fargate_profiles_have_tags(self) -> bool:
        eks, group = self.aws.client("eks"), self.node_group("tagged", tags={"a": "1", "b": "1"})
        profile = eks.create_fargate_profile(
            clusterName="tagged", fargateProfileName="p", podExecutionRoleArn=ROLE, selectors=[{"namespace": "default"}]
        )["fargateProfile"]
        try:
            for arn in (group["nodegroupArn"], profile["fargateProfileArn"]):
                eks.tag_resource(resourceArn=arn, tags={"a": "2", "c": "2"})
                eks.untag_resource(resourceArn=arn, tagKeys=["b"])
        except eks.exceptions.ClientError:
            return False
        tags = eks.list_tags_for_resource(resourceArn=profile["fargateProfileArn"])["tags"]
        now = eks.describe_nodegroup(clusterName="tagged", nodegroupName="n")["nodegroup"]["tags"]
        return bool(tags == now == {"a": "2", "c": "2"})

    def services_keep_what_they_are_created_with(self) -> bool:
        ecs = self.aws.client("ecs")
        ecs.create_cluster(clusterName="apps")
        given = {
            "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
            "enableECSManagedTags": True,
            "enableExecuteCommand": True,
            "healthCheckGracePeriodSeconds": 60,
        }
        ecs.create_service(cluster="apps", serviceName="app", desiredCount=0, **given)
        (told,) = ecs.describe_services(cluster="apps", services=["app"])["services"]
        return "launchType" not in told and {name: told.get(name) for name in given} == given

    def a_vpc_has_namespaces_of_different_names(self) -> bool:
        client = self.aws.client("servicediscovery")
        client.create_private_dns_namespace(Name="one.internal", Vpc="vpc-1")
        try:
            client.create_private_dns_namespace(Name="other.internal", Vpc="vpc-1")
        except client.exceptions.ClientError:
            return False
        try:
            client.create_private_dns_namespace(Name="one.internal", Vpc="vpc-1")
        except client.exceptions.ClientError:
            return True
        return False

    def deleted_namespaces_take_their_zone_along(self) -> bool:
        client, names = self.aws.client("servicediscovery"), self.aws.client("route53")
        operation = client.create_private_dns_namespace(Name="short.internal", Vpc="vpc-2")["OperationId"]
        made = client.get_operation(OperationId=operation)["Operation"]["Targets"]["NAMESPACE"]
        zone = client.get_namespace(Id=made)["Namespace"]["Properties"]["DnsProperties"]["HostedZoneId"]
        client.delete_namespace(Id=made)
        try:
            names.get_hosted_zone(Id=zone)
        except names.exceptions.NoSuchHostedZone:
            return True
        return False

    def automated_snapshots_go_with_their_cluster(self) -> bool:
        rds = self.aws.client("rds")
        cluster = {"DBClusterIdentifier": "again", "Engine": "aurora-postgresql"}
        for _ in range(2):
            try:
                rds.create_db_cluster(**cluster, MasterUsername="app", MasterUserPassword="correct-horse-battery")
            except rds.exceptions.ClientError:
                return False
            rds.delete_db_cluster(DBClusterIdentifier="again", SkipFinalSnapshot=True)
        return True

    def builds_need_no_source(self) -> bool:
        builds = self.aws.client("codebuild")
        try:
            builds.create_project(**project("sourceless", source={"type": "NO_SOURCE", "buildspec": "version: 0.2"}))
        except builds.exceptions.ClientError:
            return False
        return True

    def projects_keep_what_they_are_told(self) -> bool:
        builds, key = self.aws.client("codebuild"), "arn:aws:kms:us-east-1:123456789012:key/of-builds"
        told = {"encryptionKey": key, "concurrentBuildLimit": 2, "autoRetryLimit": 1}
        builds.create_project(**project("told", badgeEnabled=True, **told))
        (found,) = builds.batch_get_projects(names=["told"])["projects"]
        return told.items() <= found.items() and found["badge"]["badgeEnabled"] is True

    def projects_can_be_changed(self) -> bool:
        builds = self.aws.client("codebuild")
        builds.create_project(**project("changing", description="old", timeoutInMinutes=5))
        try:
            builds.update_project(name="changing", description="", timeoutInMinutes=10)
        except builds.exceptions.ClientError:
            return False
        (found,) = builds.batch_get_projects(names=["changing"])["projects"]
        source = {"type": "S3", "location": "bucket/source.zip"}
        return (found.get("description", ""), found["timeoutInMinutes"], found["source"]) == ("", 10, source)

    def instances_keep_what_they_are_told(self) -> bool:
        rds, name = self.aws.client("rds"), {"DBInstanceIdentifier": "observed"}
        login = {"MasterUsername": "app", "MasterUserPassword": "correct-horse-battery"}
        insights = {"EnablePerformanceInsights": True, "PerformanceInsightsKMSKeyId": "a"}
        rds.create_db_instance(**name, **login, **insights, Engine="postgres", DBInstanceClass="db.t4g.micro")

        def told(member: str) -> Any:
            return rds.describe_db_instances(**name)["DBInstances"][0].get(member)

        first = (told("PerformanceInsightsEnabled"), told("PerformanceInsightsKMSKeyId"))
        days = told("PerformanceInsightsRetentionPeriod")
        rds.modify_db_instance(**name, DBPortNumber=5433)
        kept = (told("PerformanceInsightsEnabled"), told("Endpoint")["Port"])
        rds.modify_db_instance(**name, EnablePerformanceInsights=False)
        off = (told("PerformanceInsightsEnabled"), told("PerformanceInsightsKMSKeyId"))
        return (first, days, kept, off) == ((True, "a"), 7, (True, 5433), (False, None))

    def clusters_change_their_log_exports(self) -> bool:
        rds, name = self.aws.client("rds"), {"DBClusterIdentifier": "logged"}
        login = {"MasterUsername": "app", "MasterUserPassword": "correct-horse-battery"}
        rds.create_db_cluster(**name, **login, Engine="aurora-mysql", EnableCloudwatchLogsExports=["error", "audit"])
        change = {"EnableLogTypes": ["slowquery"], "DisableLogTypes": ["audit"]}
        rds.modify_db_cluster(**name, CloudwatchLogsExportConfiguration=change)
        (cluster,) = rds.describe_db_clusters(**name)["DBClusters"]
        return set(cluster["EnabledCloudwatchLogsExports"]) == {"error", "slowquery"}

    def superseded_versions_keep_their_labels(self) -> bool:
        secrets = self.aws.client("secretsmanager")
        secret = secrets.create_secret(Name="labelled")["ARN"]
        labels = ["AWSCURRENT", "first", "moving"]
        first = secrets.put_secret_value(SecretId=secret, SecretString="a", VersionStages=labels)["VersionId"]
        secrets.put_secret_value(SecretId=secret, SecretString="b", VersionStages=["AWSCURRENT", "moving"])
        secrets.put_secret_value(SecretId=secret, SecretString="c")
        return secrets.describe_secret(SecretId=secret)["VersionIdsToStages"].get(first) == ["first"]

    def rotations_are_noted_without_running_their_function(self) -> bool:
        iam, functions, secrets = (self.aws.client(name) for name in ("iam", "lambda", "secretsmanager"))
        role = iam.create_role(RoleName="rotator", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", "def handler(event, context): ...")
        made = functions.create_function(
            FunctionName="rotator",
            Runtime="python3.13",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
        )
        secret = secrets.create_secret(Name="rotated", SecretString="a")["ARN"]
        try:
            secrets.rotate_secret(
                SecretId=secret, RotationLambdaARN=made["FunctionArn"], RotationRules={"AutomaticallyAfterDays": 30}
            )
        except secrets.exceptions.ClientError:
            return False
        versions = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
        return len(versions) == 1 and secrets.get_secret_value(SecretId=secret).get("SecretString") == "a"

    def function(self, name: str, **more: Any) -> Any:
        role = self.aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", "def handler(event, context): ...")
        client = self.aws.client("lambda")
        client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
            **more,
        )
        return client

    def functions_keep_what_they_are_told(self) -> bool:
        queue = {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"}
        client = self.function("told", DeadLetterConfig=queue, Architectures=["arm64"])
        first = client.get_function_configuration(FunctionName="told")
        wanted = {
            "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:other"},
            "EphemeralStorage": {"Size": 1024},
            "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1",
            "TracingConfig": {"Mode": "Active"},
        }
        client.update_function_configuration(FunctionName="told", **wanted)
        client.update_function_code(FunctionName="told", ZipFile=b"", Architectures=["x86_64"])
        told = client.get_function_configuration(FunctionName="told")
        return first.get("DeadLetterConfig") == queue and {
            name: told.get(name) for name in (*wanted, "Architectures")
        } == {**wanted, "Architectures": ["x86_64"]}

    def a_function_has_one_configuration_of_asynchronous_calls(self) -> bool:
        client = self.function("async")
        for attempts in (1, 2):
            client.put_function_event_invoke_config(FunctionName="async", MaximumRetryAttempts=attempts)
        told = client.get_function_event_invoke_config(FunctionName="async")
        return bool(told["MaximumRetryAttempts"] == 2)

    def metric_filters_take_the_place_of_their_predecessor(self) -> bool:
        client = self.aws.client("logs")
        client.create_log_group(logGroupName="filtered")
        told = {"metricName": "errors", "metricNamespace": "shop", "metricValue": "1"}
        for pattern in ("ERROR", "FAILURE"):
            client.put_metric_filter(
                logGroupName="filtered", filterName="errors", filterPattern=pattern, metricTransformations=[told]
            )
        found = client.describe_metric_filters(logGroupName="filtered")["metricFilters"]
        return [item["filterPattern"] for item in found] == ["FAILURE"]

    def budget(self, name: str, **more: Any) -> tuple[Any, dict[str, str]]:
        client, account = self.aws.client("budgets"), "123456789012"
        budget = {"BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY"}
        client.create_budget(
            AccountId=account, Budget={**budget, "BudgetLimit": {"Amount": "10", "Unit": "USD"}}, **more
        )
        return client, {"AccountId": account, "BudgetName": name}

    def budgets_can_be_changed(self) -> bool:
        client, named = self.budget("changed")
        budget = {"BudgetName": "changed", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
        try:
            client.update_budget(
                AccountId=named["AccountId"], NewBudget={**budget, "BudgetLimit": {"Amount": "20", "Unit": "USD"}}
            )
        except client.exceptions.ClientError:
            return False
        return bool(client.describe_budget(**named)["Budget"]["BudgetLimit"]["Amount"] == "20")

    def budgets_tell_whom_they_notify(self) -> bool:
        notification = {"ComparisonOperator": "GREATER_THAN", "NotificationType": "ACTUAL", "Threshold": 80.0}
        subscribers = [{"SubscriptionType": "EMAIL", "Address": "ops@shop.example"}]
        both = {"Notification": notification, "Subscribers": subscribers}
        client, named = self.budget("notified", NotificationsWithSubscribers=[both])
        try:
            told = client.describe_subscribers_for_notification(**named, Notification=notification)
        except client.exceptions.ClientError:
            return False
        return bool(told["Subscribers"] == subscribers)

    def budgets_have_tags(self) -> bool:
        client, named = self.budget("tagged", ResourceTags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}])
        arn = f"arn:aws:budgets::{named['AccountId']}:budget/tagged"
        try:
            client.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "a", "Value": "2"}])
            client.untag_resource(ResourceARN=arn, ResourceTagKeys=["b"])
        except client.exceptions.ClientError:
            return False
        return bool(client.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "a", "Value": "2"}])

    def canary(self, name: str, **more: Any) -> Any:
        client = self.aws.client("synthetics")
        client.create_canary(
            Name=name,
            Code={"ZipFile": b"", "Handler": "heartbeat.handler"},
            ArtifactS3Location="s3://bucket",
            ExecutionRoleArn=ROLE,
            Schedule={"Expression": "rate(1 hour)"},
            RuntimeVersion="syn-python-selenium-6.0",
            **more,
        )
        return client

    def canaries_live(self) -> bool:
        client = self.canary("live")

        def state() -> str:
            return str(client.get_canary(Name="live")["Canary"]["Status"]["State"])

        try:
            client.start_canary(Name="live")
            seen = [state()]
            for forbidden in (client.update_canary, client.delete_canary):
                try:
                    forbidden(Name="live")
                except client.exceptions.ConflictException:
                    continue
                return False
            client.stop_canary(Name="live")
            client.update_canary(Name="live", Schedule={"Expression": "rate(5 minutes)"})
            seen += [state(), client.get_canary(Name="live")["Canary"]["Schedule"]["Expression"]]
            client.delete_canary(Name="live")
        except client.exceptions.ClientError:
            return False
        try:
            client.get_canary(Name="live")
        except client.exceptions.ResourceNotFoundException:
            return seen == ["RUNNING", "STOPPED", "rate(5 minutes)"]
        return False

    def canaries_have_tags(self) -> bool:
        client = self.canary("tagged", Tags={"a": "1", "b": "1"})
        arn = f"arn:aws:synthetics:{self.aws.region}:123456789012:canary:tagged"
        try:
            client.tag_resource(ResourceArn=arn, Tags={"a": "2"})
            client.untag_resource(ResourceArn=arn, TagKeys=["b"])
        except client.exceptions.ClientError:
            return False
        return bool(client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"a": "2"})

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
    global PATIENCE
    PATIENCE = 1.0 if bare else 10.0
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
