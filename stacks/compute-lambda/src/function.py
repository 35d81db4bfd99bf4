"""One function with all that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, lambda_

from cloud_stack import Context, Limit, Place
from src.code import code_of
from src.configuration import FunctionConfig
from src.permissions import FunctionRole, FunctionRoleArgs
from src.queues import SecureQueue, SecureQueueArgs
from src.schedules import Schedules, SchedulesArgs
from src.upstream import Upstream

DEAD_LETTER_DAYS = 14
"""As long as SQS keeps messages at all."""

VISIBILITY_FACTOR = 6
"""A message stays hidden for so many timeouts of the function, as AWS advises: Lambda retries a throttled batch within it."""


@dataclass(frozen=True, slots=True)
class FunctionArgs:
    """``log_kms_key_arn`` is of a key that CloudWatch Logs may use; None leaves the log group to AWS's own."""

    context: Context
    place: Place
    upstream: Upstream
    log_kms_key_arn: pulumi.Input[str] | None
    settings: FunctionConfig


class Function(pulumi.ComponentResource):
    """The function, its role, its log group, its dead-letter queue, and what calls it."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    dead_letters_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:compute-lambda:Function", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        self.dead_letters_arn = self._create_queue("dlq", retention_days=DEAD_LETTER_DAYS).arn
        queue_arn = self._create_source() if settings.queue.enabled else None
        function = self._create_function(queue_arn)
        self.name, self.arn = function.name, function.arn
        lambda_.FunctionEventInvokeConfig(
            name,
            function_name=function.name,
            maximum_retry_attempts=settings.max_retries,
            maximum_event_age_in_seconds=settings.max_event_age,
            opts=self._child,
        )
        if queue_arn is not None:
            self._read_from(queue_arn)
        if settings.schedules:
            Schedules(
                name,
                SchedulesArgs(
                    context=args.context,
                    place=args.place,
                    purpose=name,
                    function_arn=self.arn,
                    dead_letters_arn=self.dead_letters_arn,
                    kms_key_arn=args.upstream.kms_key_arn,
                    max_retries=settings.max_retries,
                    max_event_age=settings.max_event_age,
                    schedules=settings.schedules,
                ),
                self._child,
            )
        self.register_outputs({"name": self.name, "arn": self.arn, "deadLettersArn": self.dead_letters_arn})

    def _create_function(self, queue_arn: pulumi.Input[str] | None) -> lambda_.Function:
        name, args, settings, upstream = self._name, self._args, self._args.settings, self._args.upstream
        physical = args.context.name(name, limit=Limit.LAMBDA_FUNCTION)
        # Made before Lambda makes its own, which would keep everything for ever.
        logs = cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{physical}",
            retention_in_days=settings.log_retention_days,
            kms_key_id=args.log_kms_key_arn,
            opts=self._child,
        )
        secrets = {purpose: upstream.secret_arn(purpose) for purpose in settings.secrets}
        buckets = {purpose: upstream.bucket_name(purpose) for purpose in settings.buckets}
        environment: dict[str, pulumi.Input[str]] = {
            **{f"SECRET_{_variable(purpose)}_ARN": arn for purpose, arn in secrets.items()},
            **{f"BUCKET_{_variable(purpose)}": bucket for purpose, bucket in buckets.items()},
        }
        secret_arns = list(secrets.values())
        if settings.database:
            environment |= {**upstream.database, "DATABASE_SECRET_ARN": upstream.database_secret_arn}
            secret_arns.append(upstream.database_secret_arn)
        environment |= settings.environment
        role = FunctionRole(
            name,
            FunctionRoleArgs(
                context=args.context,
                place=args.place,
                purpose=name,
                function=physical,
                kms_key_arn=upstream.kms_key_arn,
                log_group_arn=logs.arn,
                dead_letters_arn=self.dead_letters_arn,
                queue_arn=queue_arn,
                in_vpc=settings.vpc,
                secret_arns=secret_arns,
                buckets=[(buckets[purpose], access == "read-write") for purpose, access in settings.buckets.items()],
                permissions=settings.permissions,
            ),
            self._child,
        )
        return lambda_.Function(
            name,
            name=physical,
            description=f"{name} of {args.context.project}",
            role=role.arn,
            runtime=settings.runtime,
            handler=settings.handler,
            architectures=[settings.architecture],
            code=code_of(name, settings),
            memory_size=settings.memory,
            timeout=settings.timeout,
            ephemeral_storage={"size": settings.storage},
            # -1 is the provider's word for no limit of its own
            reserved_concurrent_executions=-1
            if settings.reserved_concurrency is None
            else settings.reserved_concurrency,
            layers=settings.layers or None,
            kms_key_arn=upstream.kms_key_arn,
            tracing_config={"mode": "Active"},
            dead_letter_config={"target_arn": self.dead_letters_arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role.policy]),
            **self._optional(environment),
        )

    def _optional(self, environment: dict[str, pulumi.Input[str]]) -> dict[str, Any]:
        optional: dict[str, Any] = {}
        if environment:
            optional["environment"] = {"variables": environment}
        if self._args.settings.vpc:
            upstream = self._args.upstream
            optional["vpc_config"] = {
                "subnet_ids": upstream.subnet_ids,
                "security_group_ids": [upstream.security_group_id],
            }
        return optional

    def _create_source(self) -> pulumi.Output[str]:
        settings = self._args.settings
        return self._create_queue(
            "queue",
            retention_days=settings.queue.retention_days,
            visibility_seconds=VISIBILITY_FACTOR * settings.timeout + settings.queue.batch_window_seconds,
            redrive_policy={
                "deadLetterTargetArn": self.dead_letters_arn,
                "maxReceiveCount": settings.queue.max_receives,
            },
        ).arn

    def _create_queue(self, kind: str, **more: Any) -> SecureQueue:
        args = self._args
        return SecureQueue(
            f"{self._name}-{kind}",
            SecureQueueArgs(
                queue=args.context.name(self._name, kind, limit=Limit.QUEUE),
                kms_key_arn=args.upstream.kms_key_arn,
                **more,
            ),
            self._child,
        )

    def _read_from(self, queue_arn: pulumi.Input[str]) -> None:
        settings = self._args.settings.queue
        lambda_.EventSourceMapping(
            self._name,
            function_name=self.arn,
            event_source_arn=queue_arn,
            batch_size=settings.batch_size,
            maximum_batching_window_in_seconds=settings.batch_window_seconds,
            # A function may say which messages of a batch failed; the others aren't repeated.
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": settings.max_concurrency} if settings.max_concurrency else None,
            opts=self._child,
        )


def _variable(purpose: str) -> str:
    return purpose.upper().replace("-", "_")
