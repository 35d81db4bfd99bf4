"""Lambda."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider import assets
from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_CODE: Final = ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri", "sourceCodeHash")
_ALWAYS_ON: Final = {"tracingConfig": {"Mode": "PassThrough"}, "deadLetterConfig": {"TargetArn": ""}}
"""What `update_function_configuration` has to be told to take a setting away."""


def _code(scene: Scene) -> dict[str, Any]:
    properties = scene.properties
    if properties.get("code") is not None:
        return {"ZipFile": assets.contents(properties["code"])}
    names = {"s3Bucket": "S3Bucket", "s3Key": "S3Key", "s3ObjectVersion": "S3ObjectVersion", "imageUri": "ImageUri"}
    return {member: properties[name] for name, member in names.items() if properties.get(name)}


def _function_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "create_function":
        arguments["Code"] = _code(scene)
    elif operation == "update_function_code":
        arguments |= _code(scene)
    elif operation == "update_function_configuration":
        for name, empty in _ALWAYS_ON.items():
            if name in scene.changed and scene.properties.get(name) is None:
                arguments[name[0].upper() + name[1:]] = empty


def _apply_concurrency(scene: Scene) -> None:
    """-1 is Terraform's word for no limit, 0 keeps the function from running."""
    wanted = scene.properties.get("reservedConcurrentExecutions")
    target = {"FunctionName": scene.id}
    if wanted is None or int(wanted) < 0:
        if scene.old and "reservedConcurrentExecutions" in scene.changed:
            scene.call("delete_function_concurrency", target)
    elif not scene.old or "reservedConcurrentExecutions" in scene.changed:
        scene.call("put_function_concurrency", {**target, "ReservedConcurrentExecutions": int(wanted)})


def _function_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    arn = str(found["FunctionArn"])
    concurrency = scene.call("get_function_concurrency", {"FunctionName": scene.id})
    layers = [layer["Arn"] for layer in found.get("Layers") or ()]
    return {
        "reservedConcurrentExecutions": concurrency.get("ReservedConcurrentExecutions", -1),
        "qualifiedArn": f"{arn}:{found.get('Version', '$LATEST')}",
        "invokeArn": scene.fill(
            f"arn:{{partition}}:apigateway:{{region}}:lambda:path/2015-03-31/functions/{arn}/invocations"
        ),
        "layers": layers or None,
    }


def _statement(scene: Scene) -> Any:
    target = {"FunctionName": scene.properties["function"]}
    if scene.properties.get("qualifier"):
        target["Qualifier"] = scene.properties["qualifier"]
    found = scene.ask("get_policy", target)
    statements = json.loads(found["Policy"])["Statement"] if found else []
    return next((item for item in statements if item["Sid"] == scene.id), None)


def _permission_facts(_scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    principal = found.get("Principal")
    who = next(iter(principal.values())) if isinstance(principal, Mapping) else principal
    conditions = {
        name.lower(): value for values in (found.get("Condition") or {}).values() for name, value in values.items()
    }
    return {
        "statementId": found["Sid"],
        "action": found["Action"],
        "principal": who,
        "sourceArn": conditions.get("aws:sourcearn"),
        "sourceAccount": conditions.get("aws:sourceaccount"),
    }


def _mapping_facts(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    function = str(found.get("FunctionArn", ""))
    declared = str(scene.properties.get("functionName") or "")
    return {
        "enabled": found.get("State", "Enabled") in ("Enabled", "Enabling", "Creating", "Updating"),
        # The name and the ARN of a function mean the same.
        "functionName": declared if declared and function.endswith(declared.rpartition(":")[2]) else function,
        "functionArn": function,
    }


def _invoke_config_id(scene: Scene) -> str:
    """As Terraform makes it: the function, and the version or alias where one is named."""
    parts = (scene.properties["functionName"], scene.properties.get("qualifier"))
    return ":".join(str(part) for part in parts if part)


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:lambda/function:Function": row(
        "lambda",
        "create_function",
        "{name}",
        {"FunctionName": "{id}", "Resource": "{arn}"},
        ["get_function_configuration"],
        delete="delete_function",
        updates=[
            Update("update_function_code", (*_CODE, "architectures"), on_create=False),
            Update(
                "update_function_configuration",
                (
                    "deadLetterConfig",
                    "description",
                    "environment",
                    "ephemeralStorage",
                    "fileSystemConfig",
                    "handler",
                    "imageConfig",
                    "kmsKeyArn",
                    "layers",
                    "loggingConfig",
                    "memorySize",
                    "role",
                    "runtime",
                    "snapStart",
                    "timeout",
                    "tracingConfig",
                    "vpcConfig",
                ),
                on_create=False,
                zero=True,
            ),
        ],
        rename={"name": "FunctionName", "arn": "FunctionArn", "fileSystemConfig": "FileSystemConfigs"},
        by_hook=["reservedConcurrentExecutions", "code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri"],
        provider_only=[
            "publish",
            "skipDestroy",
            "sourceCodeHash",
            "replaceSecurityGroupsOnDestroy",
            "replacementSecurityGroupIds",
        ],
        unread=["code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri"],
        defaults={
            "memorySize": 128,
            "packageType": "Zip",
            "publish": False,
            "reservedConcurrentExecutions": -1,
            "skipDestroy": False,
            "timeout": 3,
        },
        sticky=["architectures", "ephemeralStorage", "loggingConfig", "tracingConfig", "snapStart"],
        auto_name=AutoName(longest=64),
        prepare=_function_arguments,
        enrich=_function_facts,
        created=_apply_concurrency,
        updated=_apply_concurrency,
    ),
    "aws:lambda/permission:Permission": row(
        "lambda",
        "add_permission",
        "{statementId}",
        {"FunctionName": "{function}", "StatementId": "{id}", "Qualifier": "{qualifier}"},
        [Read("get_policy", by=_statement)],
        delete="remove_permission",
        rename={"function": "FunctionName", "principalOrgId": "PrincipalOrgID"},
        provider_only=["statementIdPrefix"],
        outputs={"function": "{function}"},
        auto_name=AutoName(property="statementId", longest=100),
        enrich=_permission_facts,
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": row(
        "lambda",
        "create_event_source_mapping",
        "UUID",
        {"UUID": "{id}", "Resource": "{arn}"},
        ["get_event_source_mapping"],
        delete="delete_event_source_mapping",
        gone="State == 'Deleting'",
        updates=[
            Update(
                "update_event_source_mapping",
                (
                    "batchSize",
                    "bisectBatchOnFunctionError",
                    "destinationConfig",
                    "enabled",
                    "filterCriteria",
                    "functionName",
                    "functionResponseTypes",
                    "maximumBatchingWindowInSeconds",
                    "maximumRecordAgeInSeconds",
                    "maximumRetryAttempts",
                    "parallelizationFactor",
                    "scalingConfig",
                    "tumblingWindowInSeconds",
                ),
                on_create=False,
                zero=True,
            )
        ],
        rename={"uuid": "UUID"},
        sticky=[
            "batchSize",
            "maximumBatchingWindowInSeconds",
            "maximumRecordAgeInSeconds",
            "maximumRetryAttempts",
            "parallelizationFactor",
            "tumblingWindowInSeconds",
        ],
        defaults={"enabled": True},
        arn="lambda:{region}:{account}:event-source-mapping:{id}",
        enrich=_mapping_facts,
        auto_name=None,
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": row(
        "lambda",
        "put_function_event_invoke_config",
        "{functionName}",
        {"FunctionName": "{functionName}", "Qualifier": "{qualifier}"},
        ["get_function_event_invoke_config"],
        identify=_invoke_config_id,
        delete="delete_function_event_invoke_config",
        updates=[Update("put_function_event_invoke_config", on_create=False, whole=True)],
        replace=["functionName", "qualifier"],
        outputs={"functionName": "{functionName}", "qualifier": "{qualifier}"},
        auto_name=None,
    ),
}
