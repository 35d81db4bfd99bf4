"""SNS and SQS."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.readback import Reader, told_by

QUEUE_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
TOPIC_GONE = ("NotFound", "NotFoundException")

READERS: Mapping[str, Reader] = {
    "aws:sqs/queue:Queue": told_by(
        "sqs",
        "get_queue_attributes",
        lambda resource: {"QueueUrl": resource["id"], "AttributeNames": ["QueueArn"]},
        "Attributes.QueueArn",
        QUEUE_GONE,
    ),
    "aws:sqs/queuePolicy:QueuePolicy": told_by(
        "sqs",
        "get_queue_attributes",
        lambda resource: {"QueueUrl": resource["outputs"]["queueUrl"], "AttributeNames": ["Policy"]},
        "Attributes.Policy",
        QUEUE_GONE,
    ),
    "aws:sns/topic:Topic": told_by(
        "sns",
        "get_topic_attributes",
        lambda resource: {"TopicArn": resource["id"]},
        "Attributes.TopicArn",
        TOPIC_GONE,
    ),
    # AWS gives every topic a policy; that it is ours shows in the statement that only ours has.
    "aws:sns/topicPolicy:TopicPolicy": told_by(
        "sns",
        "get_topic_attributes",
        lambda resource: {"TopicArn": resource["outputs"]["arn"]},
        "contains(Attributes.Policy, 'aws:SecureTransport')",
        TOPIC_GONE,
    ),
    "aws:sns/topicSubscription:TopicSubscription": told_by(
        "sns",
        "get_subscription_attributes",
        lambda resource: {"SubscriptionArn": resource["id"]},
        "Attributes.TopicArn",
        TOPIC_GONE,
    ),
}
