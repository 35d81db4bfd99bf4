from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain import identifiers
from cloud.domain.errors import ConfigurationError
from cloud.domain.identifiers import DEPLOYMENT_ID, ENVIRONMENT, ORGANISATION, PROJECT, STACK, PulumiStack

ids = st.from_regex(DEPLOYMENT_ID.pattern, fullmatch=True)
stacks = st.from_regex(STACK.pattern, fullmatch=True)
environments = st.from_regex(ENVIRONMENT.pattern, fullmatch=True)


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        (DEPLOYMENT_ID, "D1BRV40"),
        (ORGANISATION, "acme-corp"),
        (PROJECT, "ecommerce"),
        (STACK, "database-rds"),
        (STACK, "a1"),
        (STACK, "a" * 40),
        (ENVIRONMENT, "dev"),
        (ENVIRONMENT, "a" * 16),
    ],
)
def test_names_of_the_contract_are_taken(identifier: identifiers.Identifier, name: str) -> None:
    assert identifier.require(name) == name


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        (DEPLOYMENT_ID, "D1BRV4"),
        (DEPLOYMENT_ID, "d1brv40"),
        (DEPLOYMENT_ID, "D1BRV40\n"),
        (STACK, "a"),
        (STACK, "a" * 41),
        (STACK, "network-"),
        (STACK, "-network"),
        (STACK, "1network"),
        (STACK, "Network"),
        (STACK, "net_work"),
        (STACK, "network\n"),
        (STACK, "n٣twork"),
        (STACK, "../network"),
        (STACK, ""),
        (STACK, None),
        (STACK, 12),
        (ENVIRONMENT, "pre-prod"),
        (ENVIRONMENT, "d"),
        (ENVIRONMENT, "a" * 17),
    ],
)
def test_any_other_name_is_refused_with_the_form_that_is_expected(
    identifier: identifiers.Identifier, name: object
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        identifier.require(name)
    assert raised.value.problems[0].expected == identifier.form
    assert identifier.kind in raised.value.message


def test_the_refusal_of_a_huge_name_stays_short() -> None:
    with pytest.raises(ConfigurationError) as raised:
        STACK.require("x" * 100_000)
    assert len(raised.value.message) < 300


def test_a_deployment_id_is_made_of_what_the_caller_chooses_at_random() -> None:
    assert identifiers.new_deployment_id(lambda alphabet: alphabet[-1]) == "DZZZZZZ"
    choose = random.Random(1).choice
    assert all(DEPLOYMENT_ID.matches(identifiers.new_deployment_id(choose)) for _ in range(100))


@given(ids, stacks, environments)
def test_the_name_of_a_pulumi_stack_parses_back(deployment_id: str, stack: str, environment: str) -> None:
    name = identifiers.pulumi_stack_name(deployment_id, stack, environment)
    parsed = identifiers.parse_pulumi_stack_name(name)
    assert parsed == PulumiStack(deployment_id, stack, environment)
    assert parsed.name == name


@given(st.text())
def test_what_parses_as_the_name_of_a_pulumi_stack_is_one(text: str) -> None:
    with contextlib.suppress(ConfigurationError):
        assert identifiers.parse_pulumi_stack_name(text).name == text


@pytest.mark.parametrize("name", ["D1BRV40-network", "D1BRV40-network-dev\n", "D1BRV40--dev", "network-dev", "D1BRV40"])
def test_another_text_is_no_name_of_a_pulumi_stack(name: str) -> None:
    with pytest.raises(ConfigurationError, match="not the name of a Pulumi stack"):
        identifiers.parse_pulumi_stack_name(name)


@pytest.mark.parametrize(
    "parts", [("D1", "network", "dev"), ("D1BRV40", "N", "dev"), ("D1BRV40", "network", "pre-prod")]
)
def test_no_pulumi_stack_is_named_of_parts_that_do_not_parse_back(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ConfigurationError):
        identifiers.pulumi_stack_name(*parts)


def test_a_stack_reference_names_the_organisation_or_pulumis_own_word_for_it() -> None:
    names = ("acme-corp", "ecommerce", "D1BRV40", "network", "dev")
    assert identifiers.stack_reference(*names, self_managed=False) == "acme-corp/ecommerce/D1BRV40-network-dev"
    assert identifiers.stack_reference(*names, self_managed=True) == "organization/ecommerce/D1BRV40-network-dev"


def test_a_deployment_has_its_folder_and_its_configuration_files() -> None:
    folder = identifiers.deployment_directory("D1BRV40", "acme-corp", "ecommerce")
    assert folder == "deploy/D1BRV40-acme-corp-ecommerce"
    assert identifiers.config_file_name("database-rds", "dev") == "config/database-rds.dev.yaml"
