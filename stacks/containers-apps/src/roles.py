"""The two roles of a task: what ECS needs to start it, and what the application itself may do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from cloud_stack import Context, Limit, Place, Statement, allow, auto, document, unscoped

# account.dkr.ecr.region.amazonaws.com/name:tag, in every partition
_ECR_IMAGE = re.compile(r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.-]+/(?P<name>[^:@]+)")


@dataclass(frozen=True, slots=True)
class RolesArgs:
    """``buckets`` maps purposes to (ARN, ``read`` or ``read-write``). ``sessions_log_group`` names the log group of
    execute-command; None forbids it. ``kms_key_arn`` may be None only without secrets, buckets and sessions.
    """

    context: Context
    app: str
    place: Place
    image: pulumi.Input[str]
    log_group_arn: pulumi.Input[str]
    secret_arns: Sequence[pulumi.Input[str]]
    buckets: Mapping[str, tuple[pulumi.Input[str], str]]
    kms_key_arn: pulumi.Input[str] | None
    sessions_log_group: str | None


class Roles(pulumi.ComponentResource):
    """Execution role and task role with their policies. Nothing may use a role before its policy is there: ``policies``."""

    execution_arn: pulumi.Output[str]
    task_arn: pulumi.Output[str]
    policies: list[pulumi.Resource]

    def __init__(self, name: str, args: RolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:containers-apps:Roles", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.policies = []
        self.execution_arn = self._create("execution", f"Starts the tasks of {name}", self._execution()).arn
        self.task_arn = self._create("task", f"What {name} may do", self._task()).arn
        self.register_outputs({"execution": self.execution_arn, "task": self.task_arn})

    def _create(self, kind: str, description: str, statements: Sequence[Statement]) -> iam.Role:
        args = self._args
        role = iam.Role(
            args.context.name(args.app, kind, limit=auto(Limit.IAM_ROLE)),
            description=description,
            assume_role_policy=document(
                allow(
                    "sts:AssumeRole",
                    on=[],
                    principals={"Service": "ecs-tasks.amazonaws.com"},
                    when={"StringEquals": {"aws:SourceAccount": args.place.account}},
                )
            ),
            opts=self._child,
        )
        if statements:
            policy = iam.RolePolicy(
                f"{args.app}-{kind}", role=role.name, policy=document(*statements), opts=self._child
            )
            self.policies.append(policy)
        return role

    def _execution(self) -> list[Statement]:
        args = self._args
        statements = [
            allow("logs:CreateLogStream", "logs:PutLogEvents", on=[pulumi.Output.concat(args.log_group_arn, ":*")])
        ]
        if is_in_ecr(args.image):
            repository = pulumi.Output.from_input(args.image).apply(
                lambda image: repository_arn(image, args.place.partition)
            )
            statements += [
                allow(
                    "ecr:GetAuthorizationToken",
                    on=unscoped("a token is for the registry, and IAM knows no resource for it"),
                ),
                allow(
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                    on=[repository],
                ),
            ]
        if args.secret_arns:
            statements.append(allow("secretsmanager:GetSecretValue", on=list(args.secret_arns)))
            statements.append(self._use_of_key("secretsmanager", "kms:Decrypt"))
        return statements

    def _task(self) -> list[Statement]:
        args = self._args
        statements = []
        for arn, access in args.buckets.values():
            writing = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload") if access == "read-write" else ()
            statements.append(allow("s3:ListBucket", on=[arn]))
            statements.append(allow("s3:GetObject", *writing, on=[pulumi.Output.concat(arn, "/*")]))
        if args.buckets:
            statements.append(self._use_of_key("s3", "kms:Decrypt", "kms:GenerateDataKey"))
        if args.sessions_log_group is not None:
            statements += self._sessions(args.sessions_log_group)
        return statements

    def _sessions(self, log_group: str) -> list[Statement]:
        """What ECS Exec asks of the task's role (Amazon ECS: using ECS Exec)."""
        assert self._args.kms_key_arn is not None  # noqa: S101 - RolesArgs says so
        place = self._args.place
        return [
            allow(
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
                on=unscoped("IAM knows no resource for a session's channels"),
            ),
            allow("kms:Decrypt", on=[self._args.kms_key_arn]),
            allow("logs:DescribeLogGroups", on=[place.arn("logs", "log-group:*")]),
            allow(
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
                on=[place.arn("logs", f"log-group:{log_group}:*")],
            ),
        ]

    def _use_of_key(self, service: str, *actions: str) -> Statement:
        assert self._args.kms_key_arn is not None  # noqa: S101 - RolesArgs says so
        return allow(*actions, on=[self._args.kms_key_arn], when={"StringEquals": self._args.place.via(service)})


def is_in_ecr(image: pulumi.Input[str]) -> bool:
    """Whether the image comes out of ECR. One that isn't known yet is another stack's, and so does."""
    return not isinstance(image, str) or _ECR_IMAGE.match(image) is not None


def repository_arn(image: str, partition: str) -> str:
    """The ARN of the repository of an image. Raises ``RunError`` for an image that isn't in ECR."""
    found = _ECR_IMAGE.match(image)
    if found is None:
        raise pulumi.RunError(f"the image '{image}' of another stack is not in ECR")
    return f"arn:{partition}:ecr:{found['region']}:{found['account']}:repository/{found['name']}"
