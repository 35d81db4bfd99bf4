"""The provider's schema says of its table what pulumi_aws says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloud_local.provider.package_schema import package_schema
from cloud_local.provider.servicer import AwsProvider

TOKENS = ["aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "aws:ssm/parameter:Parameter"]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(package_schema("7.0.0", TOKENS, ["aws:ec2/getVpc:getVpc"]))
    return found


def test_it_names_the_package_and_its_version(schema: dict[str, Any]) -> None:
    assert (schema["name"], schema["version"]) == ("aws", "7.0.0")


def test_a_type_has_its_inputs_and_those_it_cannot_do_without(schema: dict[str, Any]) -> None:
    parameter = schema["resources"]["aws:ssm/parameter:Parameter"]
    assert parameter["requiredInputs"] == ["type"]
    assert parameter["inputProperties"]["value"] == {"type": "string"}
    assert parameter["inputProperties"]["tags"] == {"type": "object", "additionalProperties": {"type": "string"}}
    assert parameter["properties"]["arn"] == {"type": "string"}


def test_every_type_that_is_referred_to_is_described(schema: dict[str, Any]) -> None:
    referred = {part.split('"')[0] for part in json.dumps(schema).split('"#/types/')[1:]}
    assert referred
    assert referred <= schema["types"].keys()
    rule = schema["types"]["aws:s3/BucketLifecycleConfigurationRule:BucketLifecycleConfigurationRule"]
    assert rule["properties"]["status"] == {"type": "string"}


def test_a_function_has_its_arguments_and_results(schema: dict[str, Any]) -> None:
    function = schema["functions"]["aws:ec2/getVpc:getVpc"]
    assert "cidrBlock" in function["inputs"]["properties"]
    assert function["outputs"]["properties"]["arn"] == {"type": "string"}


def test_the_provider_answers_with_all_of_its_table() -> None:
    schema = json.loads(AwsProvider({}).GetSchema(None).schema)
    assert schema["resources"].keys() >= set(TOKENS)
    assert "aws:index/getRegion:getRegion" in schema["functions"]
