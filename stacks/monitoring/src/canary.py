"""A canary that asks for one address, its role, and what is watched of it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_aws import iam, synthetics

from cloud_stack import Context, Limit, Place, allow, auto, document, unscoped
from src.artifacts import Artifacts, ArtifactsArgs
from src.configuration import CanaryConfig
from src.watch import Metric, Watch

SCRIPT = Path("canaries/heartbeat.py")
PACKED = Path(".canaries")
_TIME = (1990, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class CanaryArgs:
    """``success_percent`` is the least that is well."""

    context: Context
    place: Place
    kms_key_arn: pulumi.Input[str]
    success_percent: float
    settings: CanaryConfig


class Canary(pulumi.ComponentResource):
    """The canary runs from the moment it is made. ``watch`` is what there is to watch of it."""

    watch: Watch

    def __init__(self, name: str, args: CanaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cloud:monitoring:Canary", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        context, settings = args.context, args.settings
        physical = context.name(name, limit=Limit.CANARY)
        artifacts = Artifacts(
            name,
            ArtifactsArgs(
                bucket=context.global_name("canary"),
                kms_key_arn=args.kms_key_arn,
                retention_days=settings.retention_days,
                force_destroy=settings.force_destroy,
            ),
            self._child,
        )
        role, policy = self._create_role(name, physical, artifacts)
        synthetics.Canary(
            name,
            name=physical,
            artifact_s3_location=pulumi.Output.concat("s3://", artifacts.name, "/", name),
            artifact_config={"s3_encryption": {"encryption_mode": "SSE_KMS", "kms_key_arn": args.kms_key_arn}},
            execution_role_arn=role.arn,
            runtime_version=settings.runtime,
            handler=f"{SCRIPT.stem}.handler",
            zip_file=packed_script(),
            schedule={"expression": f"rate({settings.minutes} minute{'s' if settings.minutes > 1 else ''})"},
            run_config={
                "timeout_in_seconds": settings.timeout_seconds,
                # A little less than the canary's own time, so that it can say what it waited for.
                "environment_variables": {"URL": settings.url, "TIMEOUT": str(settings.timeout_seconds - 1)},
            },
            success_retention_period=settings.retention_days,
            failure_retention_period=settings.retention_days,
            start_canary=True,
            delete_lambda=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.watch = Watch(
            f"canary-{name}",
            "Canary: successful runs in percent",
            name,
            Metric("CloudWatchSynthetics", "SuccessPercent", {"CanaryName": physical}),
            args.success_percent,
            is_minimum=True,
            silence_is_failure=True,
        )
        self.register_outputs({})

    def _create_role(self, name: str, canary: str, artifacts: Artifacts) -> tuple[iam.Role, iam.RolePolicy]:
        place = self._args.place
        # Synthetics names the function after the canary, and so its log group.
        logs = place.arn("logs", f"log-group:/aws/lambda/cwsyn-{canary}-*")
        role = iam.Role(
            self._args.context.name("canary", limit=auto(Limit.IAM_ROLE)),
            description=f"CloudWatch Synthetics, canary {canary}",
            assume_role_policy=document(allow("sts:AssumeRole", on=[], principals={"Service": "lambda.amazonaws.com"})),
            opts=self._child,
        )
        policy = iam.RolePolicy(
            name,
            role=role.name,
            policy=document(
                allow("s3:PutObject", on=[artifacts.arn.apply("{}/*".format)], sid="Artifacts"),
                allow("s3:GetBucketLocation", on=[artifacts.arn], sid="ArtifactsPlace"),
                allow("s3:ListAllMyBuckets", on=unscoped("Synthetics lists the account's buckets"), sid="Buckets"),
                allow("kms:Decrypt", "kms:GenerateDataKey", on=[self._args.kms_key_arn], sid="Key"),
                allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", on=[logs], sid="Logs"),
                allow(
                    "cloudwatch:PutMetricData",
                    on=unscoped("CloudWatch knows no resource for metrics"),
                    when={"StringEquals": {"cloudwatch:namespace": "CloudWatchSynthetics"}},
                    sid="Metrics",
                ),
            ),
            opts=self._child,
        )
        return role, policy


def packed_script() -> str:
    """The path, relative to the program, of a zip file with the script, as Synthetics wants it laid out.

    The provider takes a path and looks at nothing else to see whether the script has changed: the name has a hash of it.
    """
    script = SCRIPT.read_bytes()
    path = PACKED / f"{SCRIPT.stem}-{hashlib.sha256(script).hexdigest()[:16]}.zip"
    if not path.exists():
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            entry = zipfile.ZipInfo(f"python/{SCRIPT.name}", _TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, script, zipfile.ZIP_DEFLATED)
        PACKED.mkdir(exist_ok=True)
        path.write_bytes(made.getvalue())
    return path.as_posix()
