"""What a deployment has in the emulated AWS, asked of AWS's own APIs: the proof that is not taken from Pulumi's state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from cloud_local.aws.server import ACCESS_KEY, SECRET_KEY

TAG = "deployment"


@dataclass(frozen=True, slots=True)
class Found:
    """Resources of one kind that carry the deployment's tag."""

    kind: str
    ids: tuple[str, ...]


TAGGED = {
    ("elasticloadbalancing", "loadbalancer"): "load balancer",
    ("lambda", "function"): "Lambda function",
    ("logs", "log-group"): "log group",
    ("rds", "cluster"): "database cluster",
}
"""Kinds that the tagging API of the emulated AWS tells of, and no longer when they are gone, by service and type in the ARN."""


def resources_of(aws_url: str, deployment_id: str, region: str = "us-east-1") -> tuple[Found, ...]:
    """The deployment's resources of some kinds that each deployment has, and of others where there are any. Keys that wait for
    deletion are gone.
    """
    reader = _Reader(aws_url, region, deployment_id)
    return tuple(
        Found(kind, tuple(sorted(ids)))
        for kind, ids in (
            ("VPC", reader.ec2("describe_vpcs", "Vpcs", "VpcId")),
            ("subnet", reader.ec2("describe_subnets", "Subnets", "SubnetId")),
            ("route table", reader.ec2("describe_route_tables", "RouteTables", "RouteTableId")),
            ("security group", reader.ec2("describe_security_groups", "SecurityGroups", "GroupId")),
            ("KMS key", reader.keys()),
            ("S3 bucket", reader.buckets()),
            *reader.tagged(),
        )
    )


class _Reader:
    def __init__(self, url: str, region: str, deployment_id: str) -> None:
        self._url, self._region, self._deployment_id = url, region, deployment_id

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._url,
            region_name=self._region,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}),
        )

    def ec2(self, operation: str, result: str, identifier: str) -> Iterator[str]:
        filters = [{"Name": f"tag:{TAG}", "Values": [self._deployment_id]}]
        for page in self._client("ec2").get_paginator(operation).paginate(Filters=filters):
            yield from (item[identifier] for item in page[result])

    def tagged(self) -> list[tuple[str, list[str]]]:
        """The kinds of ``TAGGED`` of which there is something, with its names."""
        found: dict[str, list[str]] = {}
        pages = self._client("resourcegroupstaggingapi").get_paginator("get_resources")
        for page in pages.paginate(TagFilters=[{"Key": TAG, "Values": [self._deployment_id]}]):
            for resource in page["ResourceTagMappingList"]:
                service, resource_id = resource["ResourceARN"].split(":", 5)[2::3]
                kind, name = re.split("[:/]", f"{resource_id}/", maxsplit=1)
                if (service, kind) in TAGGED:
                    found.setdefault(TAGGED[service, kind], []).append(name.removesuffix("/"))
        return sorted(found.items())

    def keys(self) -> Iterator[str]:
        kms = self._client("kms")
        for page in kms.get_paginator("list_keys").paginate():
            for key in page["Keys"]:
                tags = kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]
                state = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
                if {"TagKey": TAG, "TagValue": self._deployment_id} in tags and state != "PendingDeletion":
                    yield key["KeyId"]

    def buckets(self) -> Iterator[str]:
        s3 = self._client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            try:
                tags = s3.get_bucket_tagging(Bucket=bucket["Name"])["TagSet"]
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchTagSet":
                    raise
                continue
            if {"Key": TAG, "Value": self._deployment_id} in tags:
                yield bucket["Name"]
