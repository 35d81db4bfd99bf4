"""Where the provider acts, and the ARNs made of it."""

from __future__ import annotations

from cloud_stack import Place

CHINA = Place(partition="aws-cn", region="cn-north-1", account="111122223333")


def test_arns_are_of_the_providers_partition_region_and_account() -> None:
    assert CHINA.arn("logs", "log-group:*") == "arn:aws-cn:logs:cn-north-1:111122223333:log-group:*"
    assert CHINA.global_arn("iam", "role/app") == "arn:aws-cn:iam::111122223333:role/app"
    assert CHINA.root == "arn:aws-cn:iam::111122223333:root"


def test_a_key_is_used_through_a_service_of_the_region() -> None:
    assert CHINA.via("ec2") == {"kms:ViaService": "ec2.cn-north-1.amazonaws.com"}
