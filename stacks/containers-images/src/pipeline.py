"""The build of one image: a CodeBuild project that may push to one repository, and what starts it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi_aws import cloudwatch, codebuild, iam

from cloud_stack import Context, Limit, allow, auto, document, unscoped
from src.build_spec import build_spec
from src.configuration import ImageConfig

PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
MACHINES = {
    "arm64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
    "x86_64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
}
SOURCES = {"none": "NO_SOURCE", "s3": "S3", "codecommit": "CODECOMMIT", "github": "GITHUB"}


@dataclass(frozen=True, slots=True)
class PipelineArgs:
    """``logs_kms_key_arn`` is a key that CloudWatch Logs may use; None leaves the logs under AWS's own. None as
    ``signing_profile_arn`` lets the build sign nothing.
    """

    context: Context
    repository_url: pulumi.Input[str]
    repository_arn: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    logs_kms_key_arn: pulumi.Input[str] | None
    signing_profile_arn: pulumi.Input[str] | None
    settings: ImageConfig


class Pipeline(pulumi.ComponentResource):
    """Project, role and log group, with the rules that start it by themselves."""

    project_name: pulumi.Output[str]
    image_uri: pulumi.Output[str]

    def __init__(self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:containers-images:Pipeline", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        project_name = args.context.name("image", name, limit=Limit.BUILD_PROJECT)
        logs = cloudwatch.LogGroup(
            name,
            name=f"/aws/codebuild/{project_name}",
            retention_in_days=args.settings.log_retention_days,
            kms_key_id=args.logs_kms_key_arn,
            opts=self._child,
        )
        role = self._create_role(logs)
        project = self._create_project(project_name, role, logs)
        self._create_rules(project)
        self.project_name = project.name
        self.image_uri = pulumi.Output.format("{}:{}", args.repository_url, args.settings.tag)
        self.register_outputs({"projectName": self.project_name, "imageUri": self.image_uri})

    def _create_role(self, logs: cloudwatch.LogGroup) -> iam.Role:
        args, source = self._args, self._args.settings.source
        role = iam.Role(
            args.context.name("build", self._name, limit=auto(Limit.IAM_ROLE)),
            description=f"Builds the image {self._name}",
            assume_role_policy=document(
                allow("sts:AssumeRole", on=[], principals={"Service": "codebuild.amazonaws.com"})
            ),
            opts=self._child,
        )
        statements = [
            allow(*PUSH, on=[args.repository_arn], sid="Push"),
            allow("ecr:GetAuthorizationToken", on=unscoped("the token is the registry's, and IAM knows no resource")),
            allow("logs:CreateLogStream", "logs:PutLogEvents", on=[logs.arn.apply("{}:*".format)], sid="Logs"),
            allow("kms:Decrypt", "kms:GenerateDataKey", on=[args.kms_key_arn], sid="Key"),
        ]
        if args.signing_profile_arn is not None:
            statements.append(allow("signer:SignPayload", on=[args.signing_profile_arn], sid="Sign"))
        if source.type == "s3":
            statements.append(allow("s3:GetObject", "s3:GetObjectVersion", on=[self._arn("s3", source.location)]))
        elif source.type == "codecommit":
            repository = self._arn("codecommit", source.location.rpartition("/")[2])
            statements.append(allow("codecommit:GitPull", on=[repository]))
        iam.RolePolicy(self._name, role=role.name, policy=document(*statements), opts=self._child)
        return role

    def _arn(self, service: str, resource: str) -> str:
        calls = pulumi.InvokeOptions(parent=self)
        partition = aws.get_partition(opts=calls).partition
        if service == "s3":
            return f"arn:{partition}:s3:::{resource}"
        region, account = aws.get_region(opts=calls).region, aws.get_caller_identity(opts=calls).account_id
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"

    def _create_project(self, name: str, role: iam.Role, logs: cloudwatch.LogGroup) -> codebuild.Project:
        args, settings = self._args, self._args.settings
        machine, image = MACHINES[settings.architecture]
        source: dict[str, Any] = {"type": SOURCES[settings.source.type], "buildspec": build_spec(settings)}
        if settings.source.location:
            source["location"] = settings.source.location
        return codebuild.Project(
            self._name,
            name=name,
            description=f"Builds the image {self._name} and pushes it",
            service_role=role.arn,
            artifacts={"type": "NO_ARTIFACTS"},
            encryption_key=args.kms_key_arn,
            build_timeout=settings.timeout,
            environment={
                "type": machine,
                "compute_type": f"BUILD_GENERAL1_{settings.compute.upper()}",
                "image": image,
                "privileged_mode": True,  # Docker inside the build's container needs it
                "environment_variables": [
                    {"name": "REPOSITORY_URL", "value": args.repository_url},
                    {"name": "IMAGE_TAG", "value": settings.tag},
                ],
            },
            source=source,
            source_version=settings.source.version or None,
            logs_config={"cloudwatch_logs": {"status": "ENABLED", "group_name": logs.name}},
            opts=self._child,
        )

    def _create_rules(self, project: codebuild.Project) -> None:
        rebuild = self._args.settings.rebuild
        rules: dict[str, dict[str, Any]] = {}
        if rebuild.schedule is not None:
            rules["schedule"] = {"schedule_expression": rebuild.schedule}
        if rebuild.on_base_image is not None:
            detail = {"action-type": ["PUSH"], "result": ["SUCCESS"], "repository-name": [rebuild.on_base_image]}
            pattern = {"source": ["aws.ecr"], "detail-type": ["ECR Image Action"], "detail": detail}
            rules["base-image"] = {"event_pattern": json.dumps(pattern)}
        if not rules:
            return
        starter = self._create_starter(project)
        for kind, trigger in rules.items():
            name = f"{self._name}-{kind}"
            rule = cloudwatch.EventRule(
                name,
                name=self._args.context.name("image", name, limit=Limit.EVENT_RULE),
                description=f"Builds the image {self._name}",
                **trigger,
                opts=self._child,
            )
            cloudwatch.EventTarget(
                name, rule=rule.name, target_id="build", arn=project.arn, role_arn=starter.arn, opts=self._child
            )

    def _create_starter(self, project: codebuild.Project) -> iam.Role:
        """The role by which EventBridge starts this build, and no other."""
        role = iam.Role(
            self._args.context.name("rebuild", self._name, limit=auto(Limit.IAM_ROLE)),
            description=f"Starts the build of the image {self._name}",
            assume_role_policy=document(allow("sts:AssumeRole", on=[], principals={"Service": "events.amazonaws.com"})),
            opts=self._child,
        )
        policy = document(allow("codebuild:StartBuild", on=[project.arn]))
        iam.RolePolicy(f"{self._name}-rebuild", role=role.name, policy=policy, opts=self._child)
        return role
