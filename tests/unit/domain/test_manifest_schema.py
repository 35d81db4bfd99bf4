"""The published JSON Schema: current, and of one mind with the parser."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from cloud.domain.manifest_parsing import check_manifest
from cloud.domain.manifest_schema import schema_text

PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "manifest.schema.json"

MANIFEST = """\
version: 1
deployment: {id: D1BRV40, org: acme-corp, project: ecommerce, tags: {cost-center: web}}
environments:
  dev: {account: "111111111111", region: us-east-1, role_arn: arn:aws:iam::111111111111:role/x, config: {a: 1}}
  prod: {enabled: false}
stacks:
  network: {timeout: 1h30m, source: ./stacks/network/, fingerprint: "off", environments: {prod: {config: {a: 2}}}}
policy: {on_failure: continue, max_parallel: 1000}
"""


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_text() == schema_text(), (
        "write it anew: python -m cloud.domain.manifest_schema > docs/reference/manifest.schema.json"
    )


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(schema_text()))


def test_the_command_that_publishes_prints_the_schema() -> None:
    command = [sys.executable, "-m", "cloud.domain.manifest_schema"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == schema_text()


def test_the_schema_takes_what_the_parser_takes() -> None:
    assert check_manifest(MANIFEST).problems == []
    Draft202012Validator(json.loads(schema_text())).validate(yaml.safe_load(MANIFEST))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("extra",), 1),
        (("deployment", "id"), "D1"),
        (("deployment", "org"), "Acme"),
        (("environments", "dev", "account"), 111111111111),
        (("environments", "prod", "enabled"), True),
        (("environments", "dev", "developers"), "maybe"),
        (("environments", "pre-prod"), {"enabled": False}),
        (("stacks", "Network"), {}),
        (("stacks", "network", "timeout"), "soon"),
        (("stacks", "network", "timeout"), ""),
        (("stacks", "network", "source"), "/etc"),
        (("stacks", "network", "fingerprint"), False),
        (("stacks", "network", "layer"), 0),
        (("policy", "max_parallel"), 0),
        (("policy", "on_failure"), "rollback"),
    ],
)
def test_the_schema_refuses_what_the_parser_refuses(path: tuple[str, ...], value: Any) -> None:
    document = yaml.safe_load(MANIFEST)
    place = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert check_manifest(json.dumps(document)).problems
    assert not Draft202012Validator(json.loads(schema_text())).is_valid(document)
