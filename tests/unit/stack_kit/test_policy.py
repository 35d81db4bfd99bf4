"""Policies grant named actions on named resources, or they are not built."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pulumi
import pytest

from cloud_stack import Statement, allow, deny, document, unscoped

ARN = "arn:aws:s3:::bucket"


def rendered(*statements: Statement) -> dict[str, Any]:
    async def known() -> str | None:
        return await document(*statements).future()

    return json.loads(asyncio.run(known()) or "")


def test_a_document_has_iams_own_names() -> None:
    statement = allow(
        "s3:GetObject",
        "s3:GetObject*",
        on=[f"{ARN}/*"],
        principals={"Service": "logs.amazonaws.com"},
        when={"StringEquals": {"aws:SourceAccount": "1"}},
        sid="Read",
    )
    assert rendered(statement) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Principal": {"Service": "logs.amazonaws.com"},
                "Action": ["s3:GetObject", "s3:GetObject*"],
                "Resource": [f"{ARN}/*"],
                "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
            }
        ],
    }


def test_outputs_may_stand_anywhere_and_are_resolved_in_the_document() -> None:
    async def known() -> str | None:
        return await document(allow("s3:GetObject", on=[pulumi.Output.from_input(ARN)])).future()

    assert json.loads(asyncio.run(known()) or "")["Statement"][0]["Resource"] == [ARN]


def test_a_trust_policy_has_no_resource() -> None:
    (statement,) = rendered(allow("sts:AssumeRole", on=[], principals={"Service": "x"}))["Statement"]
    assert "Resource" not in statement


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:**", "s3:?*", "*:GetObject", "s3", ""])
def test_an_action_that_grants_more_than_named_actions_is_refused(action: str) -> None:
    with pytest.raises(ValueError, match="grants more than named actions"):
        allow("s3:GetObject", action, on=[ARN])


def test_no_action_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one action"):
        allow(on=[ARN])


def test_every_resource_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="by ARN"):
        allow("s3:ListBucket", on=["*"])
    with pytest.raises(ValueError, match="say why"):
        unscoped(" ")
    (statement,) = rendered(allow("kms:Decrypt", on=unscoped("a key policy is about its key")))["Statement"]
    assert statement["Resource"] == "*"


@pytest.mark.parametrize("everybody", [{"*": "*"}, {"AWS": "*"}])
def test_an_allow_for_everybody_needs_a_condition(everybody: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="condition"):
        allow("s3:GetObject", on=[ARN], principals=everybody)
    allow("s3:GetObject", on=[ARN], principals=everybody, when={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})


def test_a_deny_may_be_as_wide_as_it_likes() -> None:
    (statement,) = rendered(deny("s3:*", on=[ARN], principals={"*": "*"}))["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", ["s3:*"])


def test_a_policy_without_statements_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one statement"):
        document()
