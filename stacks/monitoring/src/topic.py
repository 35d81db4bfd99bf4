"""The SNS topic that everything is told to, and who hears of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import sns

from cloud_stack import allow, deny, document


@dataclass(frozen=True, slots=True)
class TopicArgs:
    """``publishers`` maps services of AWS to the ARNs (with ``*``) of what may publish in their name."""

    topic: str
    account: str
    kms_key_arn: pulumi.Input[str]
    publishers: Mapping[str, str]
    emails: Sequence[str]


class Topic(pulumi.ComponentResource):
    """Encrypted, reached by TLS only, published to by this account's alarms and budgets and by nobody else of AWS.

    Whoever is subscribed by e-mail has to confirm it: AWS writes first.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: TopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:monitoring:Topic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = sns.Topic(name, name=args.topic, kms_master_key_id=args.kms_key_arn, opts=child)
        published = [
            allow(
                "sns:Publish",
                on=[topic.arn],
                principals={"Service": f"{service}.amazonaws.com"},
                when={"StringEquals": {"aws:SourceAccount": args.account}, "ArnLike": {"aws:SourceArn": source}},
                sid=service.capitalize(),
            )
            for service, source in args.publishers.items()
        ]
        sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=document(
                *published,
                deny(
                    "sns:Publish",
                    on=[topic.arn],
                    principals={"*": "*"},
                    when={"Bool": {"aws:SecureTransport": "false"}},
                    sid="TlsOnly",
                ),
            ),
            opts=child,
        )
        for email in args.emails:
            sns.TopicSubscription(email, topic=topic.arn, protocol="email", endpoint=email, opts=child)
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})
