"""A template made of a manifest makes that manifest again, and others."""

from __future__ import annotations

import pytest

from cloud.domain.errors import ConfigurationError
from cloud.domain.template import Template
from cloud.domain.template_making import template_of
from cloud.domain.template_parsing import make_manifest, parse_template

MANIFEST = """\
# A shop; é
version: 1
deployment: {id: D1BRV40, org: 'acme', project: shop, description: a shop}
environments:
  dev:
    account: "111111111111"   # ours
    region: us-east-1
  prod: {enabled: false, account: "333333333333", region: us-east-1, role_arn: "arn:aws:iam::333333333333:role/x"}
  later: {enabled: false}
stacks:
  network: {config: {azs: "{{aws.azs}}", literal: '\\{{x}}'}}
"""
GIVEN = {"id": "D1BRV40", "org": "acme", "project": "shop"}


def made_of(manifest: str = MANIFEST, description: str = "Made: of D1BRV40") -> Template:
    declared, text = template_of(manifest, description=description, file="manifest.yaml")
    template, warnings = parse_template("house", declared, text, file="t", manifest_file="m")
    assert warnings == []
    return template


def test_with_the_values_of_the_deployment_it_is_the_same_manifest_with_quotes() -> None:
    text, _ = make_manifest(made_of(), GIVEN)
    quoted = MANIFEST.replace("id: D1BRV40, org: 'acme', project: shop", 'id: "D1BRV40", org: "acme", project: "shop"')
    assert text == quoted.replace("region: us-east-1", 'region: "us-east-1"')


def test_region_and_accounts_are_variables_and_a_role_follows_its_account() -> None:
    template = made_of()
    assert list(template.variables) == ["id", "org", "project", "region", "accounts.dev", "accounts.prod"]
    given = {**GIVEN, "org": "other", "region": "eu-west-1", "accounts.prod": "444444444444"}
    _, checked = make_manifest(template, given)
    assert checked.manifest is not None
    prod = checked.manifest.environment("prod")
    assert (prod.account, prod.region) == ("444444444444", "eu-west-1")
    assert prod.role_arn == "arn:aws:iam::444444444444:role/x"
    assert checked.manifest.deployment.org == "other"


def test_regions_that_differ_stay_as_they_are() -> None:
    template = made_of(MANIFEST.replace("region: us-east-1, role", "region: eu-west-1, role"))
    assert "region" not in template.variables
    assert template.description == "Made: of D1BRV40"


def test_a_manifest_without_accounts_and_regions_declares_nothing() -> None:
    manifest = "version: 1\ndeployment: {id: D1BRV40, org: acme, project: shop}\n"
    manifest += "environments: {dev: {enabled: false}}\nstacks: {}\n"
    assert list(made_of(manifest).variables) == ["id", "org", "project"]


def test_a_manifest_with_problems_makes_no_template() -> None:
    with pytest.raises(ConfigurationError, match=r"manifest\.yaml has one problem"):
        template_of(MANIFEST + "x: 1\n", description="", file="manifest.yaml")
