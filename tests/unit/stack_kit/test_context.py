"""Which deployment, stack and environment a program is run for."""

from __future__ import annotations

import json

import pytest

from cloud_stack import Context, Limit, context, standard_tags


def test_the_control_planes_keys_say_everything(managed) -> None:
    here = context()
    assert (here.deployment, here.stack, here.environment) == ("D1BRV40", "network", "dev")
    assert (here.project, here.org, here.pulumi_org) == ("ecommerce", "acme-corp", "organization")
    assert not here.standalone


def test_the_pulumi_stacks_name_says_everything_where_the_keys_are_missing(program) -> None:
    program(project="ecommerce", stack="D1BRV40-database-rds-stage")
    here = context()
    assert (here.deployment, here.stack, here.environment) == ("D1BRV40", "database-rds", "stage")


def test_a_program_run_by_itself_is_named_after_its_pulumi_project(program) -> None:
    program(project="network", stack="dev", organization="acme")
    here = context()
    assert here.standalone
    assert (here.deployment, here.stack, here.environment, here.org) == ("standalone", "network", "dev", "acme")


@pytest.mark.parametrize("stack", ["D1BRV4-network-dev", "d1brv40-network-dev", "D1BRV40-network-Dev", "D1BRV40-dev"])
def test_a_stack_name_of_another_form_is_no_deployments(program, stack: str) -> None:
    program(stack=stack)
    assert context().standalone


def test_names_are_lower_case_and_tell_deployments_and_environments_apart(managed) -> None:
    assert context().name("web") == "ecommerce-d1brv40-dev-web"


def test_a_long_name_is_cut_to_what_aws_takes(managed) -> None:
    name = context().name("load", "balancer", "of", "everything", limit=Limit.LOAD_BALANCER)
    assert name.startswith("ecommerce-d1brv40-dev")
    assert len(name) == 32


def test_a_global_name_differs_between_organisations(managed) -> None:
    here = context()
    elsewhere = Context(here.deployment, here.stack, here.environment, here.project, "other", "organization", "x")
    assert here.global_name("data").startswith("ecommerce-d1brv40-dev-data-")
    assert here.global_name("data") != elsewhere.global_name("data")
    assert len(here.global_name("data" * 30)) <= Limit.BUCKET


def test_a_reference_names_the_stack_of_the_same_deployment_and_environment(managed) -> None:
    assert context().reference_to("database-rds") == "organization/ecommerce/D1BRV40-database-rds-dev"


def test_a_reference_starts_with_the_organisation_of_pulumis_backend(program) -> None:
    program(stack="D1BRV40-security-dev", organization="acme-corp")
    assert context().reference_to("network") == "acme-corp/ecommerce/D1BRV40-network-dev"


def test_standalone_stacks_refer_to_the_same_stack_of_the_other_project(program) -> None:
    program(project="security", stack="dev")
    assert context().reference_to("network") == "organization/network/dev"


def test_the_tags_are_the_providers_default_tags(program) -> None:
    program(config={"aws:defaultTags": json.dumps({"tags": {"project": "ecommerce", "version": "7"}})})
    assert standard_tags() == {"project": "ecommerce", "version": "7"}


def test_without_default_tags_the_tags_are_what_the_context_knows(managed) -> None:
    assert standard_tags() == {
        "project": "ecommerce",
        "environment": "dev",
        "deployment": "D1BRV40",
        "stack": "network",
        "managed-by": "cloud",
        "deployed-by": "cloud",
    }


def test_a_program_run_by_itself_does_not_claim_to_be_deployed_by_cloud(program) -> None:
    program(project="network", stack="dev")
    assert standard_tags()["deployed-by"] == "pulumi"
