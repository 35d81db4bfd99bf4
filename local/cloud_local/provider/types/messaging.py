"""SQS and SNS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloud_local.provider.model import Read, ResourceType, Update
from cloud_local.provider.naming import AutoName
from cloud_local.provider.scene import Scene
from cloud_local.provider.types.notation import row

_QUEUE: Final = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_TOPIC: Final = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoTopic": "FifoTopic",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
    "archivePolicy": "ArchivePolicy",
}
_SUBSCRIPTION: Final = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}


def _queue_name(scene: Scene, _found: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": scene.id.rpartition("/")[2], "url": scene.id}


def _no_policy(scene: Scene) -> None:
    scene.ask("set_queue_attributes", {"QueueUrl": scene.properties["queueUrl"], "Attributes": {"Policy": ""}})


def _subscribe(_scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "subscribe":
        arguments["ReturnSubscriptionArn"] = True


def _policy_arguments(scene: Scene, operation: str, arguments: dict[str, Any]) -> None:
    if operation == "set_topic_attributes":
        arguments |= {
            "TopicArn": scene.properties["arn"],
            "AttributeName": "Policy",
            "AttributeValue": scene.properties["policy"],
        }


ROWS: Final[Mapping[str, ResourceType]] = {
    "aws:sqs/queue:Queue": row(
        "sqs",
        "create_queue",
        "QueueUrl",
        {"QueueUrl": "{id}"},
        [Read("get_queue_attributes", "Attributes", {"QueueUrl": "{id}", "AttributeNames": ["All"]})],
        delete="delete_queue",
        attributes=_QUEUE,
        updates=[Update("set_queue_attributes", tuple(_QUEUE), on_create=False, zero=True)],
        replace=["fifoQueue"],
        rename={"arn": "QueueArn", "name": "QueueName"},
        defaults={
            "delaySeconds": 0,
            "maxMessageSize": 262144,
            "messageRetentionSeconds": 345600,
            "receiveWaitTimeSeconds": 0,
            "visibilityTimeoutSeconds": 30,
        },
        provider_only=["namePrefix"],
        sticky=["sqsManagedSseEnabled", "kmsDataKeyReusePeriodSeconds"],
        auto_name=AutoName(longest=80),
        enrich=_queue_name,
    ),
    "aws:sqs/queuePolicy:QueuePolicy": row(
        "sqs",
        "set_queue_attributes",
        "{queueUrl}",
        {"QueueUrl": "{queueUrl}"},
        [Read("get_queue_attributes", "Attributes", {"QueueUrl": "{queueUrl}", "AttributeNames": ["Policy"]})],
        attributes={"policy": "Policy"},
        updates=[Update("set_queue_attributes", ("policy",), on_create=False)],
        outputs={"queueUrl": "{queueUrl}"},
        gone="!Policy",
        deleting=_no_policy,
    ),
    "aws:sns/topic:Topic": row(
        "sns",
        "create_topic",
        "TopicArn",
        {"TopicArn": "{id}", "ResourceArn": "{id}"},
        ["get_topic_attributes Attributes"],
        delete="delete_topic",
        attributes=_TOPIC,
        updates=[Update("set_topic_attributes", tuple(_TOPIC), each=True, attribute=True, zero=True)],
        replace=["fifoTopic"],
        provider_only=["namePrefix"],
        sticky=["policy", "signatureVersion", "tracingConfig"],
        outputs={"arn": "{id}"},
        auto_name=AutoName(longest=256),
        enrich=lambda scene, _found: {"name": scene.id.rpartition(":")[2]},
    ),
    "aws:sns/topicPolicy:TopicPolicy": row(
        "sns",
        "set_topic_attributes",
        "{arn}",
        {"TopicArn": "{arn}"},
        ["get_topic_attributes Attributes"],
        attributes={"policy": "Policy"},
        updates=[Update("set_topic_attributes", ("policy",), on_create=False)],
        kept="a topic always has a policy; AWS's own comes back with the topic",
        rename={"owner": "Owner"},
        outputs={"arn": "{arn}"},
        prepare=_policy_arguments,
    ),
    "aws:sns/topicSubscription:TopicSubscription": row(
        "sns",
        "subscribe",
        "SubscriptionArn",
        {"SubscriptionArn": "{id}"},
        ["get_subscription_attributes Attributes"],
        delete="unsubscribe",
        attributes=_SUBSCRIPTION,
        updates=[
            Update(
                "set_subscription_attributes",
                tuple(_SUBSCRIPTION),
                each=True,
                attribute=True,
                zero=True,
                on_create=False,
            )
        ],
        rename={"topic": "TopicArn", "ownerId": "Owner"},
        provider_only=["confirmationTimeoutInMinutes", "endpointAutoConfirms"],
        outputs={"arn": "{id}"},
        prepare=_subscribe,
    ),
}
