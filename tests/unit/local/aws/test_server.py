from __future__ import annotations

import http.client
import json
import socket
from typing import Any

import pytest

from cloud_local.aws.lambda_runtime import LambdaFunction
from cloud_local.aws.server import EmulatedAws


def call(
    aws: EmulatedAws, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", int(aws.url.rsplit(":", 1)[1]), timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content.startswith(b"{") else {}
    finally:
        connection.close()


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", ""]
)
def test_a_request_for_another_host_is_refused(aws: EmulatedAws, host: str) -> None:
    status, answer = call(aws, "GET", "/", {"Host": host})

    assert (status, answer["__type"]) == (403, "AccessDeniedException")


@pytest.mark.parametrize(
    "header", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_web_page_is_refused_even_on_loopback(aws: EmulatedAws, header: dict[str, str]) -> None:
    status, answer = call(aws, "POST", "/moto-api/reset", {"Host": "localhost", **header})

    assert (status, answer["message"]) == (403, "The emulated AWS doesn't serve web pages.")


def test_it_listens_on_loopback_only(aws: EmulatedAws) -> None:
    assert aws._server is not None
    assert aws._server.server_address[0] == "127.0.0.1"


def test_a_second_one_in_the_process_is_refused_and_the_first_named(aws: EmulatedAws) -> None:
    with pytest.raises(RuntimeError, match=aws.url):
        EmulatedAws().start()


def test_a_taken_port_is_an_error_and_not_an_exit() -> None:
    from cloud_local.aws.http_server import LoopbackServer

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            LoopbackServer(lambda _, __: [], taken.getsockname()[1])


def test_one_connection_serves_many_requests_of_every_size(aws: EmulatedAws) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(aws.url.rsplit(":", 1)[1]), timeout=10)
    aws.functions.register([LambdaFunction("length", lambda event, _: len(event["text"]))])
    sockets = set()
    try:
        for length in (0, 1, 100_000, 5, 0):
            body = json.dumps({"text": "x" * length})
            connection.request("POST", "/2015-03-31/functions/length/invocations", body, {"Host": "localhost"})
            response = connection.getresponse()
            assert response.read() == str(length).encode()
            sockets.add(connection.sock)
        connection.request("POST", "/2015-03-31/functions/nobody/invocations", "{}", {"Host": "localhost"})
        assert connection.getresponse().read()
        assert len(sockets) == 1
    finally:
        connection.close()


def test_an_object_goes_into_s3_and_comes_back_with_its_metadata(aws: EmulatedAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="a/ü.txt", Body=b"x" * 200_000, Metadata={"under_score": "kept"})

    stored = s3.get_object(Bucket="artifacts", Key="a/ü.txt")

    assert len(stored["Body"].read()) == 200_000
    assert stored["Metadata"] == {"under_score": "kept"}
    assert s3.head_object(Bucket="artifacts", Key="a/ü.txt")["ContentLength"] == 200_000


def test_invoking_by_boto3_gives_payload_error_and_status(aws: EmulatedAws) -> None:
    client = aws.client("lambda")
    aws.functions.register([LambdaFunction("double", lambda event, _: {"n": 2 * event["n"]})])

    good = client.invoke(FunctionName="double", Payload=b'{"n": 4}')
    bad = client.invoke(FunctionName="arn:aws:lambda:us-east-1:123456789012:function:double:live", Payload=b"{}")

    assert (good["StatusCode"], json.load(good["Payload"]), "FunctionError" in good) == (200, {"n": 8}, False)
    assert (bad["FunctionError"], json.load(bad["Payload"])["errorType"]) == ("Unhandled", "KeyError")


def test_an_event_invocation_is_accepted_at_once_and_runs(aws: EmulatedAws) -> None:
    seen: list[Any] = []
    aws.functions.register([LambdaFunction("note", lambda event, _: seen.append(event))])

    answer = aws.client("lambda").invoke(FunctionName="note", InvocationType="Event", Payload=b'{"n": 1}')

    assert answer["StatusCode"] == 202
    assert aws.functions.drain()
    assert seen == [{"n": 1}]


def test_an_unknown_function_is_not_found_in_every_invocation_type(aws: EmulatedAws) -> None:
    client = aws.client("lambda")

    for kind in ("RequestResponse", "Event", "DryRun"):
        with pytest.raises(client.exceptions.ResourceNotFoundException, match="Function not found"):
            client.invoke(FunctionName="nobody", InvocationType=kind)


def test_an_operation_that_is_not_emulated_is_refused_without_pretence(aws: EmulatedAws) -> None:
    client = aws.client("stepfunctions")

    with pytest.raises(client.exceptions.ClientError, match="doesn't know this") as refusal:
        client.redrive_execution(executionArn="arn:aws:states:us-east-1:123456789012:execution:x:y")

    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert refusal.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_the_credentials_of_an_assumed_role_act_in_the_roles_account(aws: EmulatedAws) -> None:
    import boto3

    role = "arn:aws:iam::111111111111:role/deployer"
    keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    assumed = boto3.client(
        "sts",
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )

    assert aws.client("sts").get_caller_identity()["Account"] == aws.account_id
    assert assumed.get_caller_identity()["Account"] == "111111111111"
    assumed.close()


def test_managed_policies_of_aws_can_be_attached(aws: EmulatedAws) -> None:
    iam = aws.client("iam")
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="reader", PolicyArn=arn)

    attached = iam.list_attached_role_policies(RoleName="reader")["AttachedPolicies"]

    assert [policy["PolicyArn"] for policy in attached] == [arn]


def test_the_environment_points_an_sdk_here(aws: EmulatedAws) -> None:
    assert aws.environment["AWS_ENDPOINT_URL"] == aws.url
    assert aws.environment["AWS_REGION"] == "us-east-1"
