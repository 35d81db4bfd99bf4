"""An SQS queue as every queue should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import sqs

from cloud_stack import deny, document

DAY = 24 * 60 * 60
KEY_REUSE_SECONDS = 3600
"""How long SQS may use one data key: KMS is asked that much less often."""


@dataclass(frozen=True, slots=True)
class SecureQueueArgs:
    """``redrive_policy`` says where messages go that fail. ``visibility_seconds`` is how long a taken message stays hidden."""

    queue: str
    kms_key_arn: pulumi.Input[str]
    retention_days: int
    visibility_seconds: int = 30
    redrive_policy: Mapping[str, Any] = field(default_factory=dict)


class SecureQueue(pulumi.ComponentResource):
    """A queue encrypted by a KMS key and reached by TLS only."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: SecureQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:compute-lambda:SecureQueue", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        queue = sqs.Queue(
            name,
            name=args.queue,
            kms_master_key_id=args.kms_key_arn,
            kms_data_key_reuse_period_seconds=KEY_REUSE_SECONDS,
            message_retention_seconds=args.retention_days * DAY,
            visibility_timeout_seconds=args.visibility_seconds,
            redrive_policy=pulumi.Output.json_dumps(args.redrive_policy) if args.redrive_policy else None,
            opts=child,
        )
        sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=document(
                deny(
                    "sqs:*",
                    on=[queue.arn],
                    principals={"*": "*"},
                    when={"Bool": {"aws:SecureTransport": "false"}},
                    sid="TlsOnly",
                )
            ),
            opts=child,
        )
        self.arn = queue.arn
        self.register_outputs({"arn": self.arn})
