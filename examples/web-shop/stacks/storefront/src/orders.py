"""The queue that orders go into, and the one for those that can't be taken."""

from __future__ import annotations

import pulumi
from pulumi_aws import sqs

from cloud_stack import deny, document

DAYS = 24 * 3600
MAX_RECEIVES = 5


class OrderQueue(pulumi.ComponentResource):
    """Encrypted, reached by TLS only. ``url`` is the queue's."""

    url: pulumi.Output[str]

    def __init__(self, name: str, physical_name: str, kms_key_arn: pulumi.Input[str]) -> None:
        super().__init__("webshop:storefront:OrderQueue", name)
        failed = self._create(f"{name}-failed", f"{physical_name}-failed", kms_key_arn)
        redrive = failed.arn.apply(lambda arn: f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {MAX_RECEIVES}}}')
        self.url = self._create(name, physical_name, kms_key_arn, redrive_policy=redrive).url
        self.register_outputs({"url": self.url})

    def _create(
        self,
        name: str,
        physical_name: str,
        kms_key_arn: pulumi.Input[str],
        redrive_policy: pulumi.Input[str] | None = None,
    ) -> sqs.Queue:
        child = pulumi.ResourceOptions(parent=self)
        queue = sqs.Queue(
            name,
            name=physical_name,
            kms_master_key_id=kms_key_arn,
            message_retention_seconds=14 * DAYS,
            redrive_policy=redrive_policy,
            opts=child,
        )
        tls_only = deny("sqs:*", on=[queue.arn], principals={"*": "*"}, when={"Bool": {"aws:SecureTransport": "false"}})
        sqs.QueuePolicy(name, queue_url=queue.id, policy=document(tls_only), opts=child)
        return queue
