"""Lambda."""

from __future__ import annotations

import json
from collections.abc import Mapping

from botocore.exceptions import ClientError

from tests.stacks.readback import Clients, Reader, Resource, told_by

GONE = ("ResourceNotFoundException",)


def _permission(clients: Clients, resource: Resource) -> bool:
    """A statement of the function's policy, which has no operation of its own."""
    try:
        answer = clients("lambda").get_policy(FunctionName=resource["outputs"]["function"])
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return False
        raise
    return resource["id"] in {statement["Sid"] for statement in json.loads(answer["Policy"])["Statement"]}


READERS: Mapping[str, Reader] = {
    "aws:lambda/function:Function": told_by(
        "lambda",
        "get_function_configuration",
        lambda resource: {"FunctionName": resource["id"]},
        "FunctionArn",
        GONE,
    ),
    "aws:lambda/permission:Permission": _permission,
    "aws:lambda/eventSourceMapping:EventSourceMapping": told_by(
        "lambda",
        "get_event_source_mapping",
        lambda resource: {"UUID": resource["id"]},
        "State != 'Deleting' && EventSourceArn",
        GONE,
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": told_by(
        "lambda",
        "get_function_event_invoke_config",
        lambda resource: {"FunctionName": resource["outputs"]["functionName"]},
        "FunctionArn",
        GONE,
    ),
}
